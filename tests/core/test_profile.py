"""Sketches add to the same whatever the parts and their order, and say of a column what was in it."""

import functools
import itertools
import operator
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bins import category_cells, number_cells
from core.blocks import Clock, clock_for, stretches
from core.estimate import error_model
from core.features import FeatureColumns
from core.profile import Part, Profile, count, layout, profile_of, survey, total
from core.reference import Reference, from_bytes, to_bytes
from core.sketch import sketch_of
from core.survey import survey_numbers
from core.views import View, prediction_view, target_view, views_of

ANY_NUMBERS = st.lists(st.floats(allow_nan=True, allow_infinity=True, width=64), max_size=60).map(np.array)


def part_of(numbers: Any, letters: str = "") -> Part:
    numbers = np.asarray(numbers, dtype=np.float64)
    codes = np.array([ord(letter) - 97 for letter in letters], dtype=np.int64)
    views = [View("x", "number", numbers)]
    if letters:
        views.append(View("c", "category", None, codes, tuple("abcdefghijklmnopqrstuvwxyz")))
    return Part(views, np.arange(len(numbers)) * 3600.0)


def part_of_rows(rows: list[tuple[float, str, int]]) -> Part:
    made = part_of([number for number, _, _ in rows], "".join(letter for _, letter, _ in rows))
    return Part(made.views, np.array([second for _, _, second in rows], dtype=np.float64))


def same(one: Profile, other: Profile) -> bool:
    return to_bytes(Reference(one, None, (), {})) == to_bytes(Reference(other, None, (), {}))


@settings(max_examples=60, deadline=None)
@given(st.lists(ANY_NUMBERS, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_parts_add_to_the_same_profile_in_any_order(parts, random):
    numbers = [part_of(part) for part in parts]
    whole = profile_of([functools.partial(lambda part: part, part) for part in numbers])
    random.shuffle(numbers)
    frozen = layout(total(survey(part) for part in numbers))
    backwards = functools.reduce(lambda right, left: left + right, [count(part, frozen) for part in numbers])
    assert same(whole, backwards)


ROWS = st.lists(st.tuples(st.floats(-1e9, 1e9) | st.just(np.nan), st.sampled_from("abcz"), st.integers(0, 10**7)))


@settings(max_examples=60, deadline=None)
@given(ROWS.filter(bool), st.lists(st.integers(0, 40), max_size=6), st.randoms(use_true_random=False))
def test_numbers_categories_and_blocks_of_time_add_to_the_same_however_the_rows_are_parted(rows, cuts, random):
    whole = part_of_rows(rows)
    ends = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    parts = [part_of_rows(rows[start:end]) for start, end in itertools.pairwise(ends)]
    random.shuffle(parts)
    assert same(profile_of([lambda: whole]), profile_of([functools.partial(lambda part: part, part) for part in parts]))


def test_one_row_more_or_elsewhere_is_another_profile():
    rows = [(float(i), "ab"[i % 2], i * 86_400) for i in range(50)]
    frozen = layout(survey(part_of_rows(rows)))
    counted = [count(part_of_rows(some), frozen) for some in (rows, rows[:-1], [*rows[:-1], (49.0, "b", 0)])]
    assert not same(counted[0], counted[1])
    assert not same(counted[0], counted[2])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=4), st.integers(0, 9))
def test_survey_of_many_values_does_not_depend_on_the_parts(cuts, seed):
    values = np.random.default_rng(seed).normal(size=20_000)
    pieces = np.split(values, sorted(cuts))
    parted = functools.reduce(operator.add, [survey_numbers(piece) for piece in pieces])
    whole = survey_numbers(values)
    assert parted.level == whole.level > 0
    assert np.array_equal(parted.low, whole.low)
    assert np.array_equal(parted.high, whole.high)
    assert np.array_equal(parted.counts, whole.counts)


def test_counts_are_of_all_rows_and_moments_are_right():
    values = np.random.default_rng(0).normal(50, 5, 5000)
    cells = number_cells(survey_numbers(values))
    sketch = sketch_of(cells, cells.place(np.append(values, np.nan)), np.append(values, np.nan))
    assert (sketch.n_rows, sketch.n_values, sketch.counts[-1]) == (5001, 5000, 1)
    assert (sketch.low, sketch.high) == (values.min(), values.max())
    assert sketch.moments(cells) == pytest.approx((values.mean(), values.std()), rel=1e-3)


def test_common_value_has_a_cell_of_its_own():
    values = np.concatenate([np.zeros(500), np.random.default_rng(0).uniform(-1, 1, 500)])
    cells = number_cells(survey_numbers(values))
    assert np.bincount(cells.place(values)).max() == 500
    assert cells.place(np.array([0.0])) != cells.place(np.array([-1e-9]))
    assert cells.place(np.array([0.0])) != cells.place(np.array([1e-2]))


def test_values_out_of_range_infinite_and_missing_are_told_apart():
    cells = number_cells(survey_numbers(np.arange(100.0)))
    far_below, far_above, infinite, missing = cells.place(np.array([-1e6, 1e6, np.inf, np.nan]))
    assert (far_below, far_above, infinite, missing) == (0, cells.n_cells - 2, cells.n_cells - 1, cells.n_cells - 1)


@pytest.mark.parametrize("values", [[], [np.nan], [3.0], [0.0, 0.0], [1e300, -1e300], [1e-12, 2e-12]])
def test_every_column_has_cells(values):
    values = np.array(values)
    cells = number_cells(survey_numbers(values))
    assert cells.scale > 0
    assert sketch_of(cells, cells.place(values), values).n_rows == len(values)


def test_category_that_the_reference_lacks_is_new_and_a_rare_one_is_not():
    names = [f"level {i:03}" for i in range(100)]
    cells = category_cells(Counter({name: 200 - i for i, name in enumerate(names)}))
    first, rare, new, missing = cells.place(np.array([0, 1, 2, -1]), [names[0], names[99], "gold"])
    assert (first, rare, new, missing) == (0, cells.n_cells - 3, cells.n_cells - 2, cells.n_cells - 1)


def test_too_many_levels_to_remember_make_no_level_new():
    cells = category_cells(Counter({f"{i}": 1 for i in range(5000)}))
    assert cells.place(np.array([0]), ["gold"]) == cells.n_cells - 3


FRAME = pd.DataFrame(
    {
        "flag": pd.array([True, False, None, True], dtype="boolean"),
        "whole": pd.array([1, 2, None, 4], dtype="Int64"),
        "single": np.array([1, 2, 3, np.inf], dtype=np.float32),
        "object": pd.Series([True, None, 2, 3.5], dtype=object),
        "plan": pd.Series(["a", None, "b", "a"], dtype="str"),
        "kind": pd.Categorical(["x", "y", None, "x"]),
        "code": pd.Series([1, 1.0, "1", None], dtype=object),
        "day": pd.to_datetime(["2026-01-01", None, "2026-01-03", "2026-01-04"]),
        "note": ["late again, sorry", "", None, "on time"],
        "at": pd.to_datetime(["2026-01-11"] * 4, utc=True),
    }
)
COLUMNS = FeatureColumns(("flag", "whole", "single", "object"), ("plan", "kind", "code"), ("day",), ("note",))


def test_column_of_any_type_is_looked_at_as_numbers_or_categories():
    views = {view.key: view for view in views_of(FRAME, COLUMNS, "at")}
    assert set(views) == {
        "number:flag", "number:whole", "number:single", "number:object", "category:plan", "category:kind",
        "category:code", "date:day", "length:note", "words:note",
    }  # fmt: skip
    assert np.nan_to_num(views["number:object"].numbers, nan=-1).tolist() == [1, -1, 2, 3.5]
    assert views["category:code"].codes.tolist() == [0, 0, 0, -1]
    assert np.nan_to_num(views["date:day"].numbers, nan=-1).tolist() == [10, -1, 8, 7]
    assert np.nan_to_num(views["length:note"].numbers, nan=-1).tolist() == [3, 0, -1, 2]


def test_prediction_and_target_of_many_classes_are_categories():
    assert prediction_view(np.eye(3)).codes.tolist() == [0, 1, 2]
    assert target_view("y", np.array([2.0, np.nan]), 3).codes.tolist() == [2, -1]


def test_reference_is_read_as_it_was_written():
    frame = FRAME.iloc[np.arange(400) % 4]
    profile = profile_of([lambda: Part(views_of(frame, COLUMNS, "at"), np.arange(400) * 7200.0)])
    score = np.random.default_rng(0).uniform(size=400)
    errors = error_model("binary", (score > 0.4).astype(float), score)
    content = to_bytes(Reference(profile, errors, (0.6, 0.7), {"roc_auc": 0.8}))
    assert to_bytes(from_bytes(content)) == content
    assert from_bytes(content).errors == errors


def test_blocks_are_as_many_as_a_profile_can_keep():
    for days in (0.2, 1, 30, 365, 3650):
        clock = clock_for(0.0, days * 86400)
        assert len(np.unique(clock.block_of(np.linspace(0, days * 86400, 5000)))) <= 128


def test_rows_without_a_time_are_in_no_block():
    assert Clock(86400).block_of(np.array([np.nan, 4 * 86400.0])).tolist() == [-1, 0]


def test_stretches_are_whole_weeks_and_never_fewer_than_twelve():
    days = np.ones((120, 1), dtype=np.int64)
    assert stretches(days, 86400, 31 * 86400).ravel().tolist() == [7] * 17
    assert stretches(days, 86400, 3 * 86400).ravel().tolist() == [3] * 40
    assert len(stretches(days, 86400, 400 * 86400)) >= 12

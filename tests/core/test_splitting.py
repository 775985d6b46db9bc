import re
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import DataRejected
from core.places import hash_position
from core.splitting import SplitPlan, salt_for, seen_rows, split_rows

HASH = SplitPlan("hash", ("id",), 0.15, 0.15)
GROUP = SplitPlan("group", ("house",), 0.2, 0.2)
TIME = SplitPlan("time", ("at",), 0.15, 0.15)
EXAMPLES = settings(max_examples=20, deadline=None)


def table(n: int, start: int = 0) -> pd.DataFrame:
    """Rows with a key, a house of about 5 rows, and a time that many rows share."""
    number = np.arange(start, start + n)
    at = pd.Timestamp("2026-01-01") + pd.to_timedelta(number * 7919 % 50, unit="D")
    return pd.DataFrame({"id": number, "house": [f"h{i // 5}" for i in number], "at": at})


def sides(frame: pd.DataFrame, plan: SplitPlan) -> dict[int, str]:
    names = ("train", "validation", "test")
    return {int(i): name for name, part in zip(names, split_rows(frame, plan), strict=True) for i in part["id"]}


@EXAMPLES
@given(n_before=st.integers(200, 500), n_new=st.integers(1, 500), order=st.randoms(use_true_random=False))
def test_hash_split_keeps_the_side_of_every_row_when_rows_are_added(n_before, n_new, order):
    before, rows = table(n_before), list(range(n_before + n_new))
    order.shuffle(rows)
    after = sides(table(n_before + n_new).iloc[rows], HASH)
    assert {row: after[row] for row in before["id"]} == sides(before, HASH)


def test_hash_split_reads_a_key_the_same_from_numbers_and_text():
    frame = table(50)
    assert hash_position(frame, ("id",)).tolist() == hash_position(frame.astype({"id": "str"}), ("id",)).tolist()


def test_hash_split_reads_a_key_the_same_when_another_row_has_none():
    whole, with_null = pd.DataFrame({"id": [1, 2]}), pd.DataFrame({"id": [1, 2, None]})
    assert hash_position(with_null, ("id",))[:2].tolist() == hash_position(whole, ("id",)).tolist()


def test_hash_split_reads_a_day_the_same_when_another_row_has_a_time_of_day():
    days = pd.DataFrame({"at": pd.to_datetime(["2026-01-01", "2026-01-02"])})
    times = pd.concat([days, pd.DataFrame({"at": pd.to_datetime(["2026-01-03 05:00"])})], ignore_index=True)
    assert hash_position(times, ("at",))[:2].tolist() == hash_position(days, ("at",)).tolist()


def test_hash_split_gives_shares_near_15_15_and_70():
    train, validation, test = split_rows(table(20_000), HASH)
    assert [len(part) / 20_000 for part in (train, validation, test)] == pytest.approx([0.7, 0.15, 0.15], abs=0.01)


def test_hash_split_without_a_key_depends_on_whole_rows_whatever_the_order_of_columns():
    plan = SplitPlan("hash", (), 0.15, 0.15)
    frame = table(300)
    assert sides(frame[["house", "at", "id"]], plan) == sides(frame, plan)


def test_group_split_keeps_a_group_on_one_side():
    frame = table(2000)
    found = sides(frame, GROUP)
    assert frame["id"].map(found).groupby(frame["house"]).nunique().max() == 1


def test_time_split_puts_equal_times_on_one_side():
    frame = table(2000)
    assert frame["id"].map(sides(frame, TIME)).groupby(frame["at"]).nunique().max() == 1


def test_time_split_orders_the_parts():
    train, validation, test = split_rows(table(2000), TIME)
    assert train["at"].max() < validation["at"].min() <= validation["at"].max() < test["at"].min()


def test_time_split_gives_shares_near_15_15_and_70():
    frame = table(5000).assign(at=pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(5000), unit="min"))
    shares = [len(part) / 5000 for part in split_rows(frame, TIME)]
    assert shares == pytest.approx([0.7, 0.15, 0.15], abs=0.002)


def test_time_split_does_not_depend_on_the_order_of_rows():
    frame = table(500)
    assert sides(frame.sample(frac=1, random_state=0), TIME) == sides(frame, TIME)


def test_gap_keeps_the_parts_at_its_distance():
    gap = timedelta(days=3)
    train, validation, test = split_rows(table(2000), SplitPlan("time", ("at",), 0.2, 0.2, gap))
    assert min(validation["at"].min() - train["at"].max(), test["at"].min() - validation["at"].max()) > gap


def test_gap_drops_the_rows_in_it():
    parts = split_rows(table(2000), SplitPlan("time", ("at",), 0.2, 0.2, timedelta(days=3)))
    assert sum(map(len, parts)) < 2000


def test_time_split_works_in_a_time_zone():
    frame = table(500)
    zoned = frame.assign(at=frame["at"].dt.tz_localize("Europe/Berlin"))
    assert sides(zoned, TIME) == sides(frame, TIME)


def test_row_without_a_time_is_on_no_side():
    frame = table(500)
    frame.loc[7, "at"] = pd.NaT
    assert 7 not in sides(frame, TIME)


@pytest.mark.parametrize("plan", [HASH, GROUP, TIME], ids=lambda plan: plan.by)
def test_parts_share_no_row(plan):
    parts = split_rows(table(1000), plan)
    assert len(set().union(*(part["id"] for part in parts))) == sum(map(len, parts))


@EXAMPLES
@given(
    plan=st.sampled_from([HASH, GROUP, TIME, SplitPlan("time", ("at",), 0.2, 0.2, timedelta(days=2))]),
    n=st.integers(300, 800),
    n_new=st.integers(0, 800),
)
def test_no_training_or_validation_row_is_called_unseen_when_the_table_has_grown(plan, n, n_new):
    train, validation, _ = split_rows(table(n), plan)
    unseen = seen_rows(train, validation, plan).unseen(table(n + n_new))
    assert not set(table(n + n_new)["id"][unseen]) & {*train["id"], *validation["id"]}


@pytest.mark.parametrize("plan", [HASH, GROUP, TIME], ids=lambda plan: plan.by)
def test_every_test_row_is_unseen(plan):
    train, validation, test = split_rows(table(1000), plan)
    assert seen_rows(train, validation, plan).unseen(test).all()


def test_row_without_a_time_is_not_called_unseen():
    train, validation, _ = split_rows(table(500), TIME)
    rows = pd.DataFrame({"at": pd.to_datetime([None, "2030-01-01"])})
    assert seen_rows(train, validation, TIME).unseen(rows).tolist() == [False, True]


def test_seen_rows_are_known_again_when_the_label_is_not_there_yet():
    plan = SplitPlan("hash", (), 0.15, 0.15, excluded=("label",))
    frame = table(300).assign(label=1.0)
    train, validation, _ = split_rows(frame, plan)
    seen = seen_rows(train, validation, plan)
    assert not seen.unseen(pd.concat([train, validation]).assign(label=np.nan)).any()


def test_seen_rows_can_be_told_when_the_time_has_got_a_zone():
    train, validation, test = split_rows(table(500), TIME)
    zoned = test.assign(at=test["at"].dt.tz_localize("UTC"))
    assert seen_rows(train, validation, TIME).unseen(zoned).all()


@pytest.mark.parametrize(
    ("frame", "plan"),
    [
        (table(1), HASH),
        (table(1), TIME),
        (table(50).assign(house="h1"), GROUP),
        (table(50).assign(at=pd.Timestamp("2026-01-01")), TIME),
        (table(50).assign(at=pd.NaT), TIME),
        (table(50), SplitPlan("time", ("at",), 0.15, 0.15, timedelta(days=99))),
    ],
    ids=["one row by hash", "one row by time", "one group", "one moment", "no moment", "gap wider than the data"],
)
def test_split_that_leaves_a_part_empty_is_refused(frame, plan):
    with pytest.raises(DataRejected, match=r"leaves no .* rows"):
        split_rows(frame, plan)


SALTED = [SplitPlan("hash", ("id",), 0.15, 0.15, salt=7), SplitPlan("group", ("house",), 0.2, 0.2, salt=2**32 - 1)]
KEYS = st.one_of(
    st.integers(),
    st.floats(),
    st.text(),
    st.booleans(),
    st.none(),
    st.datetimes().map(pd.Timestamp),
    st.dates(),
    st.binary(),
    st.tuples(st.integers(), st.text()),
)
# As a column of one kind, and of any kinds side by side.
COLUMNS = st.one_of(
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1),
    st.lists(st.floats(), min_size=1),
    st.lists(st.text(), min_size=1),
    st.lists(st.datetimes(pd.Timestamp("1700-01-01"), pd.Timestamp("2200-01-01")), min_size=1),
    st.lists(KEYS, min_size=1),
)


@settings(max_examples=200, deadline=None)
@given(before=COLUMNS, new=COLUMNS, salt=st.integers(0, 2**32 - 1), start=st.booleans())
def test_no_row_changes_its_place_when_rows_of_any_kind_are_added(before, new, salt, start):
    first = pd.DataFrame({"key": before})
    added = pd.Series(new, name="key")
    both = [added, first["key"]] if start else [first["key"], added]
    grown = pd.concat(both, ignore_index=True).to_frame()
    place = hash_position(grown, ("key",), salt)
    kept = place[len(new) :] if start else place[: len(before)]
    # A whole number above 2**53 that a float column rounds is another number.
    same = [
        _reads_the_same(a, b) for a, b in zip(first["key"], grown["key"].iloc[len(new) if start else 0 :], strict=False)
    ]
    assert kept[same].tolist() == hash_position(first, ("key",), salt)[same].tolist()


def _reads_the_same(before: object, after: object) -> bool:
    return not isinstance(before, int | np.integer) or int(after) == before


@EXAMPLES
@given(plan=st.sampled_from(SALTED), n=st.integers(300, 500), n_new=st.integers(1, 500))
def test_salted_split_keeps_the_side_of_every_row_and_knows_what_was_seen(plan, n, n_new):
    before, after = sides(table(n), plan), sides(table(n + n_new), plan)
    assert {row: after[row] for row in before} == before
    train, validation, _ = split_rows(table(n), plan)
    unseen = seen_rows(train, validation, plan).unseen(table(n + n_new))
    assert not set(table(n + n_new)["id"][unseen]) & {*train["id"], *validation["id"]}


def test_salts_arrange_rows_independently():
    places = np.array([hash_position(table(5000), ("id",), salt) for salt in range(5)])
    assert np.abs(np.corrcoef(places) - np.eye(5)).max() < 0.05
    assert np.abs(places.mean(axis=1) - 0.5).max() < 0.02


def with_classes(n: int, n_rare: int) -> pd.DataFrame:
    return table(n).assign(y=["rare" if i < n_rare else "usual" for i in range(n)])


def shares_of(frame: pd.DataFrame, plan: SplitPlan) -> list[float]:
    return [(part["y"] == "rare").mean() for part in split_rows(frame, plan)]


@pytest.mark.parametrize("by", ["hash", "group", "whole row"])
def test_chosen_salt_keeps_label_shares_and_sizes_near_the_whole(by):
    columns = {"hash": ("id",), "group": ("house",), "whole row": ()}[by]
    frame = with_classes(600, 0).assign(y=["rare" if i % 10 == 0 else "usual" for i in range(600)])
    plan = SplitPlan(by.split()[0], columns, 0.15, 0.15, excluded=("y",), label="y")
    plan = replace(plan, salt=salt_for(frame, plan))
    assert shares_of(frame, plan) == pytest.approx([0.1, 0.1, 0.1], abs=0.012)
    assert [len(part) / 600 for part in split_rows(frame, plan)] == pytest.approx([0.7, 0.15, 0.15], abs=0.012)


def test_chosen_salt_keeps_numbers_spread_alike():
    frame = table(300).assign(y=np.random.default_rng(0).lognormal(size=300))
    plan = SplitPlan("hash", ("id",), 0.15, 0.15, excluded=("y",))
    plan = replace(plan, salt=salt_for(frame, plan))
    assert [part["y"].median() for part in split_rows(frame, plan)] == pytest.approx(
        [frame["y"].median()] * 3, rel=0.15
    )


def test_chosen_salt_does_not_depend_on_the_order_of_rows():
    frame = with_classes(200, 20)
    plan = SplitPlan("hash", ("id",), 0.15, 0.15, excluded=("y",), label="y")
    assert salt_for(frame.sample(frac=1, random_state=0), plan) == salt_for(frame, plan)


@pytest.mark.parametrize("n_rare", [3, 5])
def test_split_that_lacks_a_class_is_refused_with_a_salt_that_works(n_rare):
    frame = with_classes(40, n_rare)
    plans = (SplitPlan("hash", ("id",), 0.15, 0.15, excluded=("y",), salt=s, label="y") for s in range(100))
    with pytest.raises(DataRejected, match=r"leaves .*class") as told:
        [split_rows(frame, plan) for plan in plans]
    salt = int(re.search(r"split\.salt: (\d+)", told.value.fix)[1])
    train, validation, test = split_rows(frame, SplitPlan("hash", ("id",), 0.15, 0.15, salt=salt, label="y"))
    assert [part["y"].nunique() for part in (train, validation, test)] == [2, 2, 2]


def test_class_with_too_few_rows_for_every_part_is_refused_with_how_many_are_needed():
    with pytest.raises(DataRejected, match="needed are 3 rows of at least two classes") as told:
        split_rows(with_classes(40, 2), SplitPlan("hash", ("id",), 0.15, 0.15, label="y"))
    assert "2 of 'rare'" in told.value.why

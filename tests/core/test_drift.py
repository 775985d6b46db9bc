"""The detectors: quiet on rows of the same world, loud on what has changed, for every kind of column."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.decision import Finding
from core.drift import DriftPlan, find_drift
from core.features import FeatureColumns
from core.profile import Part, count, layout_of, profile_of
from core.separation import separation, separation_limit, usual_separations
from core.views import views_of

N = 5000
COLUMNS = FeatureColumns(("age", "score", "fixed", "flag"), ("plan", "city"), ("signup",), ("note",))
PLAN = DriftPlan(false_alarms=0.01, season="training", seed=0)
SEASONS = ("training", "month")
WORDS = np.array(["late", "early", "lost", "found", "broken", "fine", "good", "bad", "slow", "fast", "big", "small"])


def notes(random: np.random.Generator, n: int) -> list[str]:
    drawn, length = random.choice(WORDS, (n, 8)), random.integers(3, 8, n)
    return [" ".join(words[:k]) for words, k in zip(drawn.tolist(), length, strict=True)]


@lru_cache
def table(seed: int, n: int = N) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": random.normal(40, 10, n),
            "score": random.exponential(3, n),
            "fixed": 7.0,
            "flag": pd.array(random.uniform(size=n) < 0.3, dtype="boolean"),
            "plan": random.choice(["basic", "plus", "pro"], n, p=[0.5, 0.3, 0.2]),
            "city": random.choice([f"c{i}" for i in range(90)], n),
            "signup": pd.Timestamp("2026-01-01") - pd.to_timedelta(random.uniform(0, 400, n), unit="D"),
            "note": notes(random, n),
        }
    )
    frame.loc[random.uniform(size=n) < 0.05, "score"] = np.nan
    return frame


REFERENCE_ROWS = table(0, 20_000)
REFERENCE = profile_of([lambda: Part(views_of(REFERENCE_ROWS, COLUMNS, None))])


def drifted(window: pd.DataFrame, **known: Any) -> set[tuple[str, str]]:
    seen = count(Part(views_of(window, COLUMNS, None)), layout_of(REFERENCE))
    found = find_drift(REFERENCE, seen, {"age": 0.6}, PLAN if not known else DriftPlan(**known))
    return {(finding.column, finding.kind) for finding in found if finding.drifted}


def test_rows_of_the_same_world_are_no_drift():
    alarms = [drifted(table(seed, n)) for seed in range(1, 11) for n in (500, 3000)]
    assert [alarm for alarm in alarms if alarm] == []


GROWN = np.where(np.random.default_rng(5).uniform(size=N) < 0.15, "pro", table(9)["plan"])


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"age": lambda w: w["age"] + 2.5}, ("age", "number")),
        ({"age": lambda w: 40 + 1.5 * (w["age"] - 40)}, ("age", "number")),
        ({"age": lambda w: w["age"] * 2.54}, ("age", "out_of_range")),
        ({"age": lambda w: w["score"], "score": lambda w: w["age"]}, ("age", "number")),
        ({"age": 41.0}, ("age", "constant")),
        ({"score": lambda w: w["score"].mask(np.arange(N) % 10 == 0)}, ("score", "missing")),
        ({"score": lambda w: w["score"].fillna(1.0)}, ("score", "missing")),
        ({"score": np.nan}, ("score", "missing")),
        ({"fixed": 8.0}, ("fixed", "number")),
        ({"flag": True}, ("flag", "number")),
        ({"plan": GROWN}, ("plan", "category")),
        ({"plan": lambda w: w["plan"].where(np.arange(N) % 50 > 0, "gold")}, ("plan", "new_category")),
        ({"plan": lambda w: w["plan"].replace({"basic": "plus", "plus": "basic"})}, ("plan", "category")),
        ({"signup": lambda w: w["signup"] - pd.Timedelta(days=100)}, ("signup", "date")),
        ({"note": lambda w: w["note"] + " and some more words"}, ("note", "length")),
        ({"note": lambda w: w["note"].str.replace("late", "strike")}, ("note", "words")),
    ],
    ids=[
        "mean", "spread", "unit", "swapped columns", "stuck", "missing", "no longer missing", "empty", "constant",
        "truth values", "grown category", "new category", "swapped categories", "dates", "length", "words",
    ],
)  # fmt: skip
def test_change_is_found_where_it_is(change, found):
    assert found in drifted(table(9).assign(**change))


@pytest.mark.parametrize(
    "change",
    [
        {"age": lambda w: w["age"] + 0.2},
        {"age": lambda w: w["age"].where(np.arange(N) > 0, 1e9)},
        {"plan": lambda w: w["plan"].where(np.arange(N) % 1000 > 0, "gold")},
        {"fixed": 7.0005},
    ],
    ids=["tiny shift", "one outlier", "a few of a new category", "constant moved by a hair"],
)
def test_what_does_not_matter_is_passed_over(change):
    assert drifted(table(9).assign(**change)) == set()


def test_outlier_does_not_hide_a_shift():
    moved = table(9).assign(age=lambda w: (w["age"] + 5).where(np.arange(N) > 0, 1e12))
    assert ("age", "number") in drifted(moved)


def test_same_window_gives_the_same_findings():
    seen = count(Part(views_of(table(3), COLUMNS, None)), layout_of(REFERENCE))
    assert find_drift(REFERENCE, seen, {}, PLAN) == find_drift(REFERENCE, seen, {}, PLAN)


def test_column_of_the_context_has_no_importance():
    seen = count(Part(views_of(table(3), COLUMNS, None)), layout_of(REFERENCE))
    found = find_drift(REFERENCE, seen, {"age": 0.6}, DriftPlan(0.01, "training", 0, context=("age",)))
    assert {finding.importance for finding in found if finding.column == "age"} == {0.0}


def test_column_that_the_window_lacks_is_passed_over():
    seen = count(Part(views_of(table(3)[["age"]], COLUMNS, None)), layout_of(REFERENCE))
    assert {finding.column for finding in find_drift(REFERENCE, seen, {}, PLAN)} == {"age"}


def weather(first_day: int, n_days: int, seed: int, year: float = 0.0) -> tuple[pd.DataFrame, np.ndarray]:
    """Hours of days whose level wanders from day to day, and with the year."""
    random = np.random.default_rng(seed)
    days = np.repeat(np.arange(first_day, first_day + n_days), 200)
    level = random.normal(0, 1, n_days).repeat(200) + year * np.sin(2 * np.pi * days / 365.25)
    return pd.DataFrame({"temp": level + random.normal(0, 1, len(days))}), days * 86400.0


def compare_days(first_day: int, n_days: int, plan: DriftPlan, moved: float = 0.0, year: float = 0.0) -> Finding:
    columns = FeatureColumns(("temp",), ())
    rows, seconds = weather(0, 800, 1, year)
    reference = profile_of([lambda: Part(views_of(rows, columns, None), seconds)])
    now, at = weather(first_day, n_days, 2, year)
    period = (pd.Timestamp(at[0], unit="s", tz="UTC"), pd.Timestamp(at[-1], unit="s", tz="UTC"))
    seen = count(Part(views_of(now + moved, columns, None)), layout_of(reference))
    return find_drift(reference, seen, {}, replace(plan, period=period))[0]


def test_days_that_differ_as_days_always_did_are_no_drift():
    assert not any(compare_days(first, 7, PLAN).drifted for first in range(800, 884, 7))


def test_days_that_differ_more_than_days_ever_did_are_drift():
    assert compare_days(800, 7, PLAN, moved=5.0).drifted


def test_spring_as_cold_as_a_winter_is_drift_only_beside_other_springs():
    cold = {season: compare_days(730 + 80, 20, replace(PLAN, season=season), -8.0, 8.0) for season in SEASONS}
    assert [season for season, finding in cold.items() if finding.drifted] == ["month"]
    usual = compare_days(730 + 80, 20, replace(PLAN, season="month"), 0.0, 8.0)
    assert not usual.drifted


def test_broken_correlation_is_seen_by_all_columns_together_only():
    random = np.random.default_rng(0)
    x = random.normal(size=4000)
    old = pd.DataFrame({"age": x, "score": x + 0.3 * random.normal(size=4000)})
    new = pd.DataFrame({"age": x, "score": random.permutation(old["score"])})
    columns = FeatureColumns(("age", "score"), ())
    limit = separation_limit((), len(old), len(new), 0.01)
    assert separation(old.iloc[:2000], old.iloc[2000:], columns, 0) < limit < separation(old, new, columns, 0)


def test_rounded_column_that_moved_by_less_than_counts_tells_no_rows_apart():
    random = np.random.default_rng(0)
    old = pd.DataFrame({"age": np.round(random.normal(40, 10, 8000)), "score": np.nan, "fixed": 7.0})
    columns = FeatureColumns(("age", "score", "fixed"), ())
    moved = old.iloc[4000:].assign(age=old["age"] + 0.02 * old["age"].std())
    limit = separation_limit((), 4000, 4000, 0.01)
    assert separation(old.iloc[:4000], moved, columns, 0) < limit
    assert separation(old.iloc[:4000], moved.assign(age=moved["age"] + 5), columns, 0) > limit


def test_stretches_that_are_always_told_apart_raise_the_limit():
    frame = pd.DataFrame({"age": np.repeat(np.arange(10.0), 300) + np.random.default_rng(0).normal(size=3000)})
    usual = usual_separations(frame, FeatureColumns(("age",), ()), 0)
    assert separation_limit(usual, 3000, 3000, 0.01) > max(usual)

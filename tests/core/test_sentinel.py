"""The sentinel names what leaks and blocks it, and blocks nothing on tables that are honest."""

import re
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from adapters.flights import read_flights
from core.contract_spec import SentinelSpec
from core.errors import DataRejected
from core.findings import Finding, refuse_blocking
from core.recorded_after import sounds_later
from core.sentinel import SentinelPlan, examine
from core.splitting import SplitPlan, split_rows
from core.target import code_target

TABLES = {
    "breast cancer": (datasets.load_breast_cancer, "binary"),
    "wine": (datasets.load_wine, "multiclass"),
    "iris": (datasets.load_iris, "multiclass"),
    "digits": (datasets.load_digits, "multiclass"),
    "diabetes": (datasets.load_diabetes, "regression"),
}


def table(name: str) -> tuple[pd.DataFrame, str]:
    load, problem = TABLES[name]
    return load(as_frame=True).frame, problem


def found_in(
    frame: pd.DataFrame, problem: str, target: str = "target", when: str | None = None, **levels: str
) -> tuple[Finding, ...]:
    plan = SplitPlan("time", (when,), 0.15, 0.15) if when else SplitPlan("hash", (), 0.15, 0.15)
    roles = tuple(role for role in (target, when, "key") if role)
    sentinel = SentinelPlan(target, roles, when, None, bool(when), SentinelSpec(**{"rare": "off", **levels}))
    return examine(split_rows(frame, plan), sentinel, code_target(frame[target], problem))


def blocked(*args: Any, **kwargs: Any) -> list[str]:
    return [finding.column for finding in found_in(*args, **kwargs) if finding.blocks]


def noise(frame: pd.DataFrame, share: float, seed: int = 0) -> np.ndarray:
    spread = frame.target.std() if frame.target.nunique() > 20 else 1.0
    return np.random.default_rng(seed).normal(0, share * spread, len(frame))


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("split", range(4))
def test_honest_table_is_not_blocked_however_it_is_split(name, split):
    frame, problem = table(name)
    assert blocked(frame.assign(key=[f"{split}-{i}" for i in range(len(frame))]), problem) == []


@pytest.mark.parametrize("target", ["Weight", "Waist", "Pulse"])
def test_twenty_honest_rows_are_not_blocked(target):
    assert blocked(datasets.load_linnerud(as_frame=True).frame, "regression", target) == []


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_species_that_a_measurement_separates_is_not_blocked(kind):
    frame = datasets.load_iris(as_frame=True).frame
    assert blocked(frame.assign(target=frame.target == kind), "binary") == []


def test_flights_are_not_blocked():
    flights = read_flights().iloc[:20_000].drop(columns="flight_id")
    assert blocked(flights, "binary", "late", "scheduled_at") == []


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("share", [0.05, 0.1, 0.3])
def test_target_plus_noise_is_named_and_blocked(name, share):
    frame, problem = table(name)
    assert blocked(frame.assign(leak=frame.target + noise(frame, share)), problem) == ["leak"]


@pytest.mark.parametrize("name", TABLES)
def test_target_in_other_words_is_named_and_blocked(name):
    frame, problem = table(name)
    other = np.exp(-frame.target / 50) if problem == "regression" else frame.target.map(lambda c: "klmnopqrst"[9 - c])
    assert blocked(frame.assign(leak=other), problem) == ["leak"]


@pytest.mark.parametrize("name", TABLES)
def test_two_leaks_do_not_excuse_each_other(name):
    frame, problem = table(name)
    leaking = frame.assign(one=frame.target + noise(frame, 0.1), two=frame.target + noise(frame, 0.1, seed=1))
    assert sorted(blocked(leaking, problem)) == ["one", "two"]


def orders(n_rows: int = 4000) -> pd.DataFrame:
    random = np.random.default_rng(0)
    start = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.sort(random.uniform(0, 90, n_rows)), unit="D")
    weight = random.normal(5, 2, n_rows)
    late = random.uniform(size=n_rows) < 1 / (1 + np.exp(3 - weight / 2))
    return pd.DataFrame({"at": start, "weight": weight, "distance": random.gamma(2, 100, n_rows), "late": late})


def test_honest_orders_are_not_blocked():
    assert blocked(orders(), "binary", "late", "at") == []


def test_column_that_is_filled_in_afterwards_is_named_and_blocked():
    frame = orders()
    frame["late_reason"] = np.where(frame.late & (np.arange(len(frame)) % 5 > 0), "traffic", None)
    assert blocked(frame, "binary", "late", "at") == ["late_reason"]


def test_measurement_that_the_target_was_made_from_is_named_and_blocked():
    frame = orders()
    random = np.random.default_rng(1)
    frame["minutes"] = np.where(frame.late, random.exponential(40, len(frame)) + 15, random.normal(-5, 9, len(frame)))
    assert blocked(frame, "binary", "late", "at") == ["minutes"]


def test_time_that_is_recorded_after_the_row_is_named_and_blocked_with_numbers():
    frame = orders()
    seconds = np.random.default_rng(1).uniform(600, 90_000, len(frame))
    frame["delivered_at"] = frame["at"] + pd.to_timedelta(seconds.round(), unit="s")
    finding = found_in(frame, "binary", "late", "at")[0]
    assert (finding.column, finding.rule, finding.blocks) == ("delivered_at", "leaks", True)
    assert "100.0% of 3,400 values lie after the row's time" in finding.evidence


def test_planned_time_is_only_warned_of():
    frame = orders()
    frame["due_at"] = frame["at"] + pd.to_timedelta(np.random.default_rng(1).integers(1, 30, len(frame)), unit="D")
    found = found_in(frame, "binary", "late", "at")
    assert [(finding.column, finding.blocks) for finding in found] == [("due_at", False)]


def test_earlier_value_of_the_target_is_only_warned_of():
    frame = pd.DataFrame({"price": np.random.default_rng(0).normal(size=2000).cumsum()})
    frame = frame.assign(price_lag_1=frame.price.shift(1), noise=np.random.default_rng(1).normal(size=2000))
    assert blocked(frame, "regression", "price") == []
    assert [f.column for f in found_in(frame, "regression", "price") if f.rule == "leaks"] == ["price_lag_1"]


def test_level_of_the_yaml_decides():
    frame, problem = table("wine")
    leaking = frame.assign(leak=frame.target + noise(frame, 0.1))
    warned = found_in(leaking, problem, leaks="warn")
    assert [(finding.column, finding.blocks) for finding in warned] == [("leak", False)]
    assert found_in(leaking, problem, leaks="off") == ()


def test_refusal_names_the_column_the_evidence_and_the_line_to_change():
    frame, problem = table("diabetes")
    found = found_in(frame.assign(leak=frame.target + noise(frame, 0.1)), problem)
    with pytest.raises(DataRejected) as refused:
        refuse_blocking(found, "sugar")
    assert "'leak'" in refused.value.what
    assert "R2 0.9" in refused.value.why
    assert "add leak to `features.drop`" in refused.value.fix
    assert "`sentinel.leaks: warn`" in refused.value.fix


def test_ids_and_constants_are_told():
    frame, problem = table("breast cancer")
    frame = frame.assign(row=range(len(frame)), code=[f"c-{i}" for i in range(len(frame))], one=1, empty=None)
    found = {finding.column: finding.rule for finding in found_in(frame, problem, duplicates="off")}
    assert found == {"row": "ids", "code": "ids", "one": "constants", "empty": "constants"}


def test_measurement_with_a_value_of_its_own_in_each_row_is_no_id():
    frame, problem = table("diabetes")
    words = [f"text number {i} of some words" for i in range(len(frame))]
    assert found_in(frame.assign(text=words, s=np.random.default_rng(0).normal(size=len(frame))), problem) == ()


@pytest.mark.parametrize(("change", "exact"), [(0.0, "133"), (1e-6, "0")])
def test_repeated_rows_across_the_split_are_counted_exactly_and_nearly(change, exact):
    frame, problem = table("diabetes")
    frame = frame[[*frame.columns[:5], "target"]]
    later = frame.head(133).assign(**{c: frame[c].head(133) * (1 + change) for c in frame.columns[:5]})
    parts = (frame, later.head(66), later.tail(67))
    plan = SentinelPlan("target", ("target",), None, None, False, SentinelSpec(leaks="off", rare="off"))
    found = [f for f in examine(parts, plan, code_target(frame.target, problem)) if f.rule == "duplicates"]
    assert f"{exact} (" in found[0].evidence
    assert "to 3 digits" in found[0].evidence
    assert not found[0].blocks


def test_group_on_two_sides_is_blocked():
    frame = orders(300).assign(group=np.arange(300) % 7)
    parts = (frame.iloc[:200], frame.iloc[200:250], frame.iloc[250:])
    plan = SentinelPlan("late", ("late", "at", "group"), None, "group", False, SentinelSpec(rare="off"))
    found = examine(parts, plan, code_target(frame.late, "binary"))
    assert [(f.rule, f.column, f.blocks) for f in found] == [("groups", "group", True)]
    assert found[0].evidence.startswith("7 of 7 groups")


def test_test_rows_older_than_training_rows_are_blocked_under_a_time_split():
    frame = orders(300)
    parts = (frame.iloc[100:], frame.iloc[50:100], frame.iloc[:50])
    plan = SentinelPlan("late", ("late", "at"), "at", None, True, SentinelSpec(rare="off"))
    found = [f for f in examine(parts, plan, code_target(frame.late, "binary")) if f.rule == "order"]
    assert found[0].blocks
    assert "50 of 50 test rows are older than the newest training row" in found[1].evidence


@pytest.mark.parametrize("problem", ["binary", "regression"])
def test_large_table_is_examined_in_seconds(problem):
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(100_000, 18))).rename(columns=lambda i: f"f{i}")
    frame = frame.assign(c=random.choice(list("abc"), 100_000), d=random.integers(0, 9999, 100_000).astype(str))
    y = frame.f0 + frame.f1 * frame.f2 + random.normal(size=100_000)
    frame = frame.assign(target=y > 0 if problem == "binary" else y)
    parts = split_rows(frame.reset_index(names="key"), SplitPlan("hash", ("key",), 0.15, 0.15))
    plan = SentinelPlan("target", ("target", "key"), None, None, False, SentinelSpec(rare="off"))
    started = time.process_time()
    assert examine(parts, plan, code_target(frame.target, problem)) == ()
    assert time.process_time() - started < 6


def test_awkward_columns_are_survived():
    frame = orders(200).assign(
        lists=[[1, 2]] * 200, mixed=[1, "a"] * 100, infinite=[np.inf, 1.0] * 100, few=[None] * 199 + [1.0]
    )
    assert blocked(frame, "binary", "late", "at") == []


def test_class_with_few_test_rows_is_told_with_their_number():
    frame, problem = table("wine")
    (found,) = (each for each in found_in(frame, problem, rare="warn") if each.rule == "rare")
    assert (found.column, found.blocks) == ("target", False)
    assert re.search(r"\d+ of '\d' among \d+ test rows", found.evidence.split(", ")[-1])
    assert any(each.rule == "rare" and each.blocks for each in found_in(frame, problem, rare="block"))


def test_numbers_have_no_rare_classes():
    assert [each for each in found_in(*table("diabetes"), rare="warn") if each.rule == "rare"] == []


@pytest.mark.parametrize(
    ("name", "target", "is_later"),
    [
        ("price2", "price1", False),  # answers to several questions
        ("cell_12", "cell_3", False),
        ("price2", "price", True),
        ("churn_date", "churn", True),
        ("final_score2", "final_score1", True),
        ("price_last_week", "price", False),
    ],
)
def test_name_that_differs_from_the_target_s_in_its_number_is_a_sibling_and_no_later_record(name, target, is_later):
    assert sounds_later(name, target) is is_later

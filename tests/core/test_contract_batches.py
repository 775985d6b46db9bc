"""What the contract says of batches, and which rows break it; however many rows do, the answer comes at once."""

import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from core.arrival import stale, unusual_volume
from core.contract import broken_rows, violations
from core.contract_spec import ContractSpec
from core.spec import TrainingSpec

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "contract",
    [
        {"columns": {"a": {"type": "float", "min": 0}}},
        {"columns": {"b": {"type": "category", "values": ["y"]}}},
        {"columns": {"c": {"type": "text", "nullable": False}}},
        {"unique": ["b"]},
    ],
    ids=["range", "values", "nulls", "unique"],
)
def test_any_number_of_broken_rows_is_told_at_once(contract):
    n_rows = 300_000
    frame = pd.DataFrame({"a": np.full(n_rows, -1.0), "b": ["x"] * n_rows, "c": [None] * n_rows})
    started = time.process_time()
    found = violations(frame, ContractSpec.model_validate(contract))
    assert [violation.n_rows for violation in found] == [n_rows]
    assert time.process_time() - started < 3


def test_each_row_is_told_all_that_it_breaks():
    frame = pd.DataFrame({"a": [1.0, -1.0, np.nan, -2.0], "b": ["x", "y", "x", "z"], "k": [1, 2, 2, 3]})
    columns = {"a": {"type": "float", "min": 0, "nullable": False}, "b": {"type": "category", "values": ["x", "y"]}}
    told = broken_rows(frame, ContractSpec(columns=columns, unique=("k",)))
    assert told.tolist() == ["", "a: min 0; k: unique", "a: nullable: false; k: unique", "a: min 0; b: values"]


def test_rule_says_whether_it_is_of_the_batch():
    frame = pd.DataFrame({"a": ["x", "y"], "b": [1.0, -1.0], "c": [None, None]})
    columns = {"a": {"type": "int"}, "b": {"type": "float", "min": 0}, "c": {"type": "text"}, "d": {"type": "int"}}
    found = violations(frame, ContractSpec(columns=columns, max_null_share=0.5))
    assert {violation.column: violation.of_batch for violation in found} == {
        "a": True,
        "b": False,
        "c": True,
        "d": True,
    }


@pytest.mark.parametrize(("age", "told"), [(1.9, []), (2.1, ["freshness 2d"])])
@pytest.mark.parametrize("zone", [None, "UTC"])
def test_newest_row_may_not_be_older_than_the_freshness(age, told, zone):
    newest = pd.Timestamp(NOW - timedelta(days=age)).tz_localize(None)
    times = pd.Series([newest - pd.Timedelta(days=30), newest], name="at").dt.tz_localize(zone)
    found = stale(times, ContractSpec(freshness="2d"), NOW)
    assert [violation.rule for violation in found] == told
    assert all(violation.of_batch and violation.column == "at" for violation in found)


def test_batch_without_a_time_is_not_fresh():
    assert "no row has a time" in str(stale(pd.Series([pd.NaT], name="at"), ContractSpec(freshness="2d"), NOW)[0])


@pytest.mark.parametrize(("n_rows", "broken"), [(49, True), (50, False), (200, False), (201, True)])
def test_volume_is_held_against_the_median_of_the_batches_before(n_rows, broken):
    contract = ContractSpec(volume={"min_share": 0.5, "max_share": 2.0})
    assert bool(unusual_volume(n_rows, [100, 5, 3000], contract)) == broken


def test_first_batch_and_a_contract_without_volume_take_any_number_of_rows():
    assert unusual_volume(1, [], ContractSpec(volume={})) == []
    assert unusual_volume(1, [1000], ContractSpec()) == []


def test_freshness_needs_a_time_column():
    with pytest.raises(ValidationError, match=r"`contract.freshness` needs `data.time`"):
        TrainingSpec.model_validate(
            {"name": "a", "target": {"column": "y"}, "data": {"source": "a.csv"}, "contract": {"freshness": "2d"}}
        )

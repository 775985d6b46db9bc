"""Ingest, validate and split: content-addressed, refused whole, never half."""

import json
from typing import Any

import pytest

from adapters.specs import read_spec
from adapters.storage import read_frame
from core.contract_spec import ContractSpec
from core.data_spec import DataSpec
from core.errors import DataMissing, DataRejected
from core.plans import split_plan
from tasks.data import ingest, split, validate
from tests.conftest import Project, toy_table


def test_equal_tables_are_one_snapshot(project: Project) -> None:
    project.land(toy_table(500), "a")
    first = ingest.fn(read_spec("toy").data, ContractSpec(), "toy")
    again = ingest.fn(read_spec("toy").data, ContractSpec(), "toy")
    assert first == again
    assert len(list(project.home.glob("store/snapshots/*.parquet"))) == 1


def test_window_keeps_the_newest_rows(project: Project) -> None:
    project.land(toy_table(500))
    data = DataSpec.model_validate({"source": "lake://toy/*.parquet", "time": "day", "window": {"last": "30d"}})
    days = read_frame(ingest.fn(data, ContractSpec(), "toy"))["day"]
    assert (days.max() - days.min()).days < 30


def test_empty_lake_is_told_with_the_command_that_fills_it(project: Project) -> None:
    with pytest.raises(DataMissing, match="everfit land"):
        ingest.fn(read_spec("toy").data, ContractSpec(), "toy")


def test_rows_without_a_label_are_not_trained_on(project: Project) -> None:
    table = toy_table(500).astype({"bought": object})
    table.loc[:49, "bought"] = None
    project.land(table)
    spec = read_spec("toy")
    clean = validate.fn(
        ingest.fn(spec.data, spec.contract, "toy"), ("toy", None), spec.data, spec.contract, spec.target
    )
    assert clean.data.n_rows == 450
    assert clean.coding.problem == "binary"


def test_broken_table_is_refused_told_and_its_findings_are_kept(project: Project, caught: list[dict[str, Any]]) -> None:
    project.land(toy_table(500).assign(age=200.0))
    spec = read_spec("toy")
    with pytest.raises(DataRejected, match="age: max 120 broken by 500 rows"):
        validate.fn(ingest.fn(spec.data, spec.contract, "toy"), ("toy", None), spec.data, spec.contract, spec.target)
    assert [event["event"] for event in caught] == ["data.rejected"]
    (kept,) = project.home.glob("store/quarantine/toy/*.json")
    assert json.loads(kept.read_text())["violations"] == ["age: max 120 broken by 500 rows, such as 200.0"]


def test_parts_share_no_row_and_follow_time(project: Project) -> None:
    project.land(toy_table(500))
    spec = read_spec("toy")
    parts = split.fn(ingest.fn(spec.data, spec.contract, "toy"), split_plan(spec))
    train, validation, test = (read_frame(part) for part in (parts.train, parts.validation, parts.test))
    assert train["day"].max() < validation["day"].min() < validation["day"].max() < test["day"].min()
    assert len(train) + len(validation) + len(test) == 500

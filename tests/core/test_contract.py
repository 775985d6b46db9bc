from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from core.contract import check_columns, violations
from core.contract_spec import ColumnSpec, ContractSpec
from core.errors import DataMissing


def broken(column: object, max_null_share: float = 1.0, **rules: object) -> list[str]:
    contract = ContractSpec(columns={"a": ColumnSpec(**rules)}, max_null_share=max_null_share)
    return [f"{v.rule} ({v.n_rows})" for v in violations(pd.DataFrame({"a": column}), contract)]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("float", [1.5, None]),
        ("float", [1, 2]),
        ("int", [1, 2]),
        ("int", [1.0, None]),
        ("int", pd.array([1, None], dtype="Int64")),
        ("float", pd.array([1.5, None], dtype="Float64")),
        ("boolean", [True, False]),
        ("boolean", pd.array([True, None], dtype="boolean")),
        ("boolean", pd.Series([True, None], dtype=object)),
        ("category", ["x", None]),
        ("category", pd.Categorical(["x", None])),
        ("category", [1, 2]),
        ("text", ["x", None]),
        ("text", pd.Series(["x", None], dtype=object)),
        ("datetime", pd.to_datetime(["2026-01-01", None])),
        ("datetime", pd.to_datetime(["2026-01-01", None], utc=True)),
        ("float", [Decimal("1.5"), Decimal("2.5")]),
        ("float", [None, None]),
        ("int", [None, None]),
        ("datetime", [None, None]),
    ],
    ids=str,
)
def test_column_of_its_type_keeps_the_contract(kind, values):
    assert broken(values, type=kind) == []


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("float", ["1.5", "2"]),
        ("float", [True, False]),
        ("int", [1.5, 2.0]),
        ("int", [True, False]),
        ("boolean", [0.5, 1.0]),
        ("boolean", ["yes", "no"]),
        ("boolean", [[1], [2]]),
        ("datetime", ["2026-01-01", "2026-01-02"]),
        ("category", pd.to_datetime(["2026-01-01", "2026-01-02"])),
        ("text", [1, 2]),
    ],
    ids=str,
)
def test_column_of_another_type_breaks_the_contract_in_all_rows(kind, values):
    assert broken(values, type=kind) == [f"type {kind} (2)"]


@pytest.mark.parametrize(
    ("values", "rules", "told"),
    [
        ([-1.0, 2, None], {"type": "float", "min": 0}, "min 0 (1)"),
        ([1, 9, 8], {"type": "int", "max": 5}, "max 5 (2)"),
        (["a", "z", None], {"type": "category", "values": ("a", "b")}, "values (1)"),
        ([1.0, None, 9], {"type": "category", "values": (1, 2)}, "values (1)"),
        ([1.0, None], {"type": "float", "nullable": False}, "nullable: false (1)"),
    ],
)
def test_broken_rule_is_told_with_its_rows(values, rules, told):
    assert broken(values, **rules) == [told]


@pytest.mark.parametrize(("share", "told"), [(0.5, []), (0.4, ["max_null_share 0.4 (4)"])])
def test_share_of_missing_values_is_bounded(share, told):
    assert broken([1.0, 2.0, None, None], max_null_share=share, type="float") == told


def test_violation_gives_examples():
    found = violations(
        pd.DataFrame({"a": [5, -3, -3, -4, -5, -6]}), ContractSpec(columns={"a": ColumnSpec(type="int", min=0)})
    )
    assert str(found[0]) == "a: min 0 broken by 5 rows, such as -3, -4, -5"


def test_column_that_is_not_there_is_told():
    found = violations(pd.DataFrame({"a": [1]}), ContractSpec(columns={"b": ColumnSpec(type="int")}))
    assert [str(each) for each in found] == ["b: column must be there broken by 1 rows"]


def test_repeated_key_is_told():
    found = violations(pd.DataFrame({"id": [1, 1, 2], "day": [1, 1, 1]}), ContractSpec(unique=("id", "day")))
    assert {(each.rule, each.n_rows) for each in found} == {("unique", 2)}


def test_unique_column_that_is_not_there_is_told():
    assert violations(pd.DataFrame({"a": [1, 1]}), ContractSpec(unique=("id",))) != []


def test_every_broken_rule_is_told_at_once():
    frame = pd.DataFrame({"a": [-1, 2], "b": ["x", "y"]})
    contract = ContractSpec(
        columns={"a": ColumnSpec(type="int", min=0), "b": ColumnSpec(type="category", values=("x",))}
    )
    assert [each.column for each in violations(frame, contract)] == ["a", "b"]


def test_column_that_the_contract_does_not_name_may_be_anything():
    assert violations(pd.DataFrame({"a": [object()]}), ContractSpec()) == []


def test_checking_changes_nothing():
    frame = pd.DataFrame({"a": [1, None], "b": ["x", None]})
    before = frame.copy(deep=True)
    violations(frame, ContractSpec(columns={"a": ColumnSpec(type="int"), "b": ColumnSpec(type="text")}))
    pd.testing.assert_frame_equal(frame, before)


def test_empty_table_is_missing_data():
    with pytest.raises(DataMissing, match="holds no rows"):
        check_columns(pd.DataFrame({"a": []}), ("a",), "trips.csv")


def test_absent_column_is_told_with_the_columns_that_are_there():
    with pytest.raises(DataMissing, match=r"(?s)no column 'lat'.*late, 0"):
        check_columns(pd.DataFrame({"late": [1], 0: [2]}), ("late", "lat"), "trips.csv")


def test_infinite_number_is_above_any_bound():
    assert broken([1.0, np.inf], type="float", max=1e308) == ["max 1e+308 (1)"]

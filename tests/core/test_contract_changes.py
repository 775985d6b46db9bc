"""What changed since the contract was frozen is told with numbers, and the accepted contract holds for the source."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.contract import violations
from core.contract_changes import accept, changes, column_spec
from core.contract_spec import ContractSpec
from core.contract_text import with_contract
from core.spec_reading import parse_spec

FROZEN = ContractSpec(
    columns={
        "age": {"type": "int", "min": 0, "max": 99, "nullable": False},
        "plan": {"type": "category", "values": ["basic", "plus"]},
        "note": {"type": "text"},
    },
    max_null_share=0.5,
    unique=("age",),
)
SAME = {"age": [1, 99], "plan": ["basic", "plus"], "note": ["a b", None]}

YAML = """# a model of ours
name: shop            # its name
target: {column: age}
data: {source: lake://shop/*.parquet,    key: [age]}

# frozen in March
contract:
  # who
  columns:
    age: {type: int, min: 0, max: 99, nullable: false}   # years
    plan: {type: category, values: [basic, 'plus']}
    note: {type: text}            # free
  max_null_share: 0.5
  unique: [age]

# how
split:   {by: hash}   # for ever
"""


def told(**columns: object) -> list[tuple[str, str, str]]:
    frame = pd.DataFrame({name: values for name, values in (SAME | columns).items() if values is not None})
    return [(change.column, change.kind, change.detail) for change in changes(frame, FROZEN)]


def test_source_like_the_contract_is_no_change():
    assert told() == []


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"age": [-4, 120]}, ["min 0 became -4, 1 of 2 rows lie beyond", "max 99 became 120, 1 of 2 rows lie beyond"]),
        ({"age": ["x", "y"]}, ["type int became category"]),
        ({"age": [1, None]}, ["1 of 2 values are missing (50.0%), none was allowed"]),
        ({"plan": ["gold", "basic"]}, ["1 new categories in 1 rows: gold"]),
        ({"note": None}, ["the column is gone"]),
        ({"city": ["Rome", "Oslo"]}, ["a new column, type category"]),
        ({"plan": [None, None]}, ["100.0% of the values are missing, the contract allows 50.0%"]),
        ({"age": [7, 7]}, ["2 rows repeat a value; correct the data, or edit `contract.unique` by hand"]),
    ],
)
def test_every_kind_of_change_is_told_with_numbers(columns, expected):
    assert [detail for _, _, detail in told(**columns)] == expected


@pytest.mark.parametrize(
    "columns",
    [
        {"age": [-4, 120]},
        {"age": [1.5, None]},
        {"age": ["x", "y"]},
        {"plan": ["gold", None]},
        {"note": None},
        {"plan": [None, None], "city": [1, 2], "when": pd.to_datetime(["2026-01-01", None])},
    ],
)
def test_accepted_contract_holds_for_the_source(columns):
    frame = pd.DataFrame({name: values for name, values in (SAME | columns).items() if values is not None})
    accepted = accept(FROZEN, changes(frame, FROZEN))
    assert changes(frame, accepted) == []
    assert violations(frame, accepted) == []


def test_repeated_key_is_not_accepted():
    frame = pd.DataFrame(SAME | {"age": [7, 7]})
    assert accept(FROZEN, changes(frame, FROZEN)) == FROZEN


def test_text_of_an_unchanged_contract_is_unchanged():
    assert with_contract(YAML, parse_spec(YAML, "shop.yaml").contract) == YAML


def test_only_changed_lines_of_the_section_change():
    spec = parse_spec(YAML, "shop.yaml")
    frame = pd.DataFrame(SAME | {"age": [1, 120], "plan": ["no", "basic"], "on": [True, False]})
    text = with_contract(YAML, accept(spec.contract, changes(frame, spec.contract)))
    old, new = YAML.splitlines(), text.splitlines()
    assert [line for line in old if line not in new] == [old[9], old[10]]
    assert [line for line in new if line not in old] == [
        "    age: {type: int, min: 0, max: 120, nullable: false}  # years",
        """    plan: {type: category, values: [basic, 'plus', "no"]}""",
        """    "on": {type: boolean, nullable: false}""",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "name: a\ntarget: {column: b}\ndata: {source: x}",
        "name: a\r\ntarget: {column: b}\r\ndata: {source: x}  # here\r\n",
        "contract: {}\n# data\ndata: {source: x}\nname: a\ntarget: {column: b}\n",
        "name: a\ntarget: {column: b}\ncontract:\n  unique: [b]\ndata: {source: x}\n",
        "{name: a, target: {column: b}, data: {source: x}}\n",
    ],
)
def test_contract_finds_its_place_in_any_layout(text):
    contract = ContractSpec(columns={"b": {"type": "float", "min": 0.5}}, max_null_share=0.25)
    written = with_contract(text, contract)
    assert parse_spec(written, "a.yaml").contract == contract
    assert ("\r\n" in text) == ("\r\n" in written)


@settings(max_examples=60, deadline=None)
@given(
    name=st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=12),
    values=st.lists(
        st.one_of(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=8)), max_size=4
    ),
)
def test_any_name_and_any_category_survive_the_way_through_the_yaml(name, values):
    contract = ContractSpec(columns={name: {"type": "category", "values": values}})
    assert parse_spec(with_contract(YAML, contract), "shop.yaml").contract == contract


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2], "int"),
        ([1.5, None], "float"),
        ([True, False], "boolean"),
        (["a", "b"], "category"),
        ([f"text {i}" for i in range(300)], "text"),
        (pd.to_datetime(["2026-01-01"]), "datetime"),
    ],
)
def test_column_is_described_by_what_it_holds(values, kind):
    assert column_spec(pd.Series(values))["type"] == kind

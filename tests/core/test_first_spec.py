"""What `init` infers from rows: problem, kinds, roles, contract and warnings, and a YAML that reads as it was meant."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sklearn import datasets

from core.contract import violations
from core.errors import DataError
from core.first_spec import Proposal, Wanted, problem_of, propose
from core.kinds import find_kind
from core.roles import Roles
from core.spec_reading import parse_spec
from core.spec_writing import write_spec

RANDOM = np.random.default_rng(0)
N_ROWS = 300
X = RANDOM.normal(size=N_ROWS)
NOTHING = Roles((), None, None, {})


def proposed(frame: pd.DataFrame, target: str, *, whole: bool = True) -> Proposal:
    return propose(frame, Wanted("model", {"source": "table.csv"}, target, NOTHING, whole))


def bundled(name: str) -> tuple[pd.DataFrame, str]:
    frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
    return frame, "target" if "target" in frame else "Weight"


def noisy(rows: int = N_ROWS) -> np.ndarray[Any, Any]:
    return X[:rows] + RANDOM.normal(size=rows)


BUNDLED = {
    "breast_cancer": "binary", "wine": "multiclass", "digits": "multiclass", "iris": "multiclass",
    "diabetes": "regression", "linnerud": "regression",
}  # fmt: skip
AWKWARD: dict[str, tuple[dict[str, Any], str]] = {
    "mixed types": ({"a": X, "b": list("xyz") * 100, "c": [f"free text {i} here" for i in range(N_ROWS)]}, "binary"),
    "all-null column": ({"a": X, "empty": [None] * N_ROWS}, "binary"),
    "constant column": ({"a": X, "same": ["x"] * N_ROWS}, "regression"),
    "unicode and blanks": ({"naïve 名前": X, "x: y #z, w": RANDOM.integers(0, 9, N_ROWS), "- a\nb": X}, "regression"),
    "words of YAML": ({"null": X, "true": X, "1": X, "~": RANDOM.choice(["yes", "no", "null", "1"], N_ROWS)}, "binary"),
    "booleans with nulls": ({"a": RANDOM.choice([True, False, None], N_ROWS), "b": ["y", "n"] * 150}, "binary"),
    "moments": ({"at": pd.date_range("2024-01-01", periods=N_ROWS), "a": X}, "binary"),
    "id": ({"order_id": np.arange(N_ROWS) * 7, "a": X}, "regression"),
    "patients": ({"patient_id": np.arange(N_ROWS) // 4, "a": X}, "regression"),
    "many nulls": ({"a": np.where(RANDOM.uniform(size=N_ROWS) < 0.9, np.nan, X), "b": X}, "regression"),
    "huge and tiny": ({"a": X * 1e300, "b": X * 1e-300, "c": np.full(N_ROWS, 7) + X}, "binary"),
    "long names": ({"how much " * 200: RANDOM.choice(["1.5 %", "2.5 %"], N_ROWS), "a": X}, "binary"),
    "far moments": ({"until": [pd.Timestamp("9999-12-31").as_unit("s")] * 150 + [None] * 150, "a": X}, "binary"),
    "wide": ({f"c{i}": RANDOM.normal(size=N_ROWS) for i in range(120)}, "multiclass"),
}  # fmt: skip
TARGETS = {
    "binary": lambda: noisy() > 0,
    "multiclass": lambda: np.select([noisy() > 0.5, noisy() > 0], ["high", "some"], "low"),
    "regression": noisy,
}


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_tables_get_a_yaml_that_they_keep_and_no_block(name: str):
    frame, target = bundled(name)
    proposal = proposed(frame, target)
    assert proposal.spec.problem == BUNDLED[name]
    # A table may be too small to be split; nothing in it may look like a leak.
    assert [warned for warned in proposal.warnings if warned.blocks and warned.rule != "training"] == []
    assert violations(frame, proposal.spec.contract) == []
    text = write_spec(proposal.spec, proposal.why)
    assert parse_spec(text, "model.yaml") == proposal.spec


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_tables_get_a_yaml_that_they_keep(name: str):
    columns, problem = AWKWARD[name]
    frame = pd.DataFrame({**columns, "the target": TARGETS[problem]()})
    proposal = proposed(frame, "the target")
    assert proposal.spec.problem == problem
    assert violations(frame, proposal.spec.contract) == []
    text = write_spec(proposal.spec, proposal.why)
    assert parse_spec(text, "model.yaml") == proposal.spec
    assert write_spec(parse_spec(text, "model.yaml"), proposal.why) == text


def test_every_key_of_the_yaml_has_a_comment():
    text = write_spec(proposed(*bundled("iris")).spec)
    without = [line for line in text.splitlines() if "#" not in line and not line.startswith("    ")]
    assert without == []


def test_moments_order_rows_and_ids_are_their_key():
    frame = pd.DataFrame(
        {"order_id": [f"o{i}" for i in range(N_ROWS)], "born_at": pd.Timestamp("1980-01-01") + pd.to_timedelta(X, "D"),
         "ordered_at": pd.date_range("2024-01-01", periods=N_ROWS), "a": X, "late": noisy() > 0}
    )  # fmt: skip
    spec = proposed(frame, "late").spec
    assert (spec.data.key, spec.data.time, spec.split_by) == (("order_id",), "ordered_at", "time")
    assert spec.contract.unique == ("order_id",)


def test_rows_of_one_patient_stay_together():
    frame = pd.DataFrame({"patient_id": np.arange(N_ROWS) // 4, "a": X, "y": noisy()})
    spec = proposed(frame, "y").spec
    assert (spec.data.group, spec.split_by) == ("patient_id", "group")


def test_the_target_plus_noise_blocks_and_is_left_out():
    y = noisy() > 0
    proposal = proposed(pd.DataFrame({"a": X, "leak": y + RANDOM.normal(size=N_ROWS) * 0.01, "y": y}), "y")
    assert [warned.column for warned in proposal.warnings if warned.blocks] == ["leak"]
    assert proposal.spec.features.drop == ("leak",)


def test_what_looks_wrong_is_named():
    frame = pd.DataFrame({"a": X, "empty": None, "same": 1, "y": np.arange(N_ROWS) % 25 == 7})
    frame = pd.concat([frame, frame.head(6)], ignore_index=True)
    told = {(warned.column, warned.what) for warned in proposed(frame, "y").warnings}
    assert {("empty", "is empty"), ("same", "never changes"), ("the table", "repeats rows")} <= told
    assert any(column == "y" and "far from balanced" in what for column, what in told)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_infinite_and_giant_values_are_looked_at_without_a_word_from_numpy():
    giant, endless = X * 1e300, np.where(X > 1, np.inf, np.where(X < -1, -np.inf, X))
    proposal = proposed(pd.DataFrame({"a": giant, "b": endless, "c": X, "y": noisy() > 0}), "y")
    assert proposal.spec.features.drop == ()


def test_a_sample_freezes_types_only():
    frame, target = bundled("iris")
    contract = proposed(frame, target, whole=False).spec.contract
    assert all(column.min is None and column.values is None and column.nullable for column in contract.columns.values())


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (["yes", "no"] * 50, "binary"), ([0.0, 1.0] * 50, "binary"), (list("abc") * 30, "multiclass"),
        (list(range(5)) * 30, "multiclass"), (list(range(28)), "regression"), (np.linspace(0, 1, 99), "regression"),
        ([f"class {i % 40}" for i in range(900)], "multiclass"),
    ],
)  # fmt: skip
def test_the_problem_is_told_by_the_target(values: list[Any], problem: str):
    assert problem_of(pd.Series(values, name="y"))[0] == problem


@pytest.mark.parametrize("values", [[1] * 9, [None] * 9, [f"name {i}" for i in range(99)]])
def test_a_target_that_cannot_be_predicted_is_refused(values: list[Any]):
    with pytest.raises(DataError):
        proposed(pd.DataFrame({"a": range(len(values)), "y": values}), "y")


KINDS = {"number", "category", "text", "datetime", "boolean", "id"}
ANY_VALUES = st.one_of(
    st.lists(st.none() | st.text(max_size=20), max_size=30),
    st.lists(st.none() | st.floats() | st.integers(-(2**53), 2**53), max_size=30),
    st.lists(st.none() | st.booleans(), max_size=30),
    st.lists(st.none() | st.datetimes(), max_size=30),
)


@given(ANY_VALUES)
def test_every_column_has_a_kind(values: list[Any]):
    assert find_kind(pd.Series(values, name="any")).kind in KINDS


@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.text(min_size=1, max_size=30), ANY_VALUES, st.text(max_size=20))
def test_yaml_reads_as_it_was_written(name: str, values: list[Any], word: str):
    frame = pd.DataFrame({name: (values * 40)[:40] if values else [None] * 40})
    frame["the target"] = [word, "other " + word] * 20
    proposal = proposed(frame, "the target")
    text = write_spec(proposal.spec, proposal.why)
    again = parse_spec(text, "model.yaml")
    assert again == proposal.spec
    assert write_spec(again, proposal.why) == text

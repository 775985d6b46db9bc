from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.errors import SpecError
from core.preparation import CustomCode, Preparation, check_by_row, prepare, run_step

ROWS = pd.DataFrame({"id": range(60), "a": np.arange(60) * 1.5, "plan": list("xyz") * 20, "y": [0.0, 1.0] * 30})
PLAN = Preparation(custom=CustomCode("mine:step", "d"), target="y", kept=("id",))


def refused(step, match: str) -> None:
    with pytest.raises(SpecError, match=match) as found:
        check_by_row(ROWS, PLAN, step)
    assert "mine:step" in found.value.what


def test_step_sees_the_rows_without_the_target_and_its_columns_come_out():
    seen: list[list[str]] = []

    def step(frame):
        seen.append(list(frame.columns))
        return frame.assign(double=frame["a"] * 2)

    found = prepare(ROWS.iloc[5:8], PLAN, step)
    assert seen == [["id", "a", "plan"]]
    assert found["double"].tolist() == [15.0, 18.0, 21.0]
    assert found.index.tolist() == [5, 6, 7]


def test_step_that_writes_into_its_frame_leaves_ours_as_it_was():
    before = ROWS.copy()

    def step(frame):
        frame["a"] = 0
        return frame

    run_step(ROWS, PLAN, step)
    assert ROWS.equals(before)


def test_step_of_single_rows_is_accepted():
    check_by_row(ROWS, PLAN, lambda frame: frame.assign(b=np.log1p(frame["a"]), c=frame["plan"].str.upper()))


@pytest.mark.parametrize(
    ("step", "match"),
    [
        (lambda frame: None, "returned a NoneType, no DataFrame"),
        (lambda frame: frame["a"], "returned a Series"),
        (lambda frame: frame[frame["a"] > 3], "60 rows went in"),
        (lambda frame: frame.sort_values("a", ascending=False), "another order"),
        (lambda frame: frame.drop(columns="id"), "changed or dropped 'id'"),
        (lambda frame: frame.assign(id=frame["id"] + 1), "changed or dropped 'id'"),
        (lambda frame: frame.assign(y=1), "named as the target 'y'"),
        (lambda frame: pd.concat([frame, frame[["a"]]], axis=1), "two columns 'a'"),
        (lambda frame: frame.assign(late=frame["y"] * 2), "rows come without the target 'y'"),
        (lambda frame: frame.assign(a=frame["a"] - frame["a"].mean()), "other values in other company"),
        (lambda frame: frame.assign(n=np.arange(len(frame))), "other values in other company"),
        (lambda frame: pd.get_dummies(frame, columns=["plan"]), "is there for some rows only"),
        (lambda frame: frame.assign(before=frame["plan"].shift()), "other values in other company"),
    ],
)
def test_step_that_no_prediction_could_repeat_is_refused(step, match):
    refused(step, match)


def test_model_with_a_step_never_predicts_without_it():
    with pytest.raises(SpecError, match="was not loaded"):
        prepare(ROWS, PLAN, None)


def test_origins_say_what_made_a_column():
    assert replace(PLAN, made=("b",)).origins == {"b": "custom mine:step"}

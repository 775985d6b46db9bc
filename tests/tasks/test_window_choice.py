"""The stage that narrows a training to its best window, and what it leaves on record."""

from datetime import timedelta

import pandas as pd

from adapters.storage import read_frame, write_frame
from core.plans import window_plan
from core.spec import TrainingSpec
from core.spec_reading import parse_spec
from core.target import TargetCoding
from tasks.data import Clean
from tasks.window_choice import choose_window
from tests.conftest import TOY, Project, toy_table


def spec() -> TrainingSpec:
    return parse_spec(TOY, "toy.yaml", ("data.window=auto",)).for_problem("binary")


def test_rows_before_the_turn_are_left_out_and_the_comparison_is_told(project: Project) -> None:
    table = pd.concat([toy_table(4000), toy_table(4000, seed=1, shift=1.0)], ignore_index=True)
    clean = Clean(write_frame(table), TargetCoding("binary", (False, True)), None, len(table), None)
    chosen, told = choose_window.fn(clean, window_plan(spec()))
    rows = read_frame(chosen.data)
    assert len(rows) == told["rows"] < len(table)
    assert rows["day"].max() == table["day"].max()
    assert rows["day"].max() - rows["day"].min() < timedelta(days=100)
    assert len(told["tried"]) > 1
    assert spec().data.window.auto

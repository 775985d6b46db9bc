"""The window that a check looks at, with the labels that have arrived by then."""

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from adapters import journal
from adapters.storage import read_frame
from core.data_spec import DataSpec, WindowSpec
from core.errors import SpecError
from core.monitor_spec import LabelSpec
from core.preparation import AS_IT_IS
from tasks.monitoring import cut_window
from tests.conftest import Project, toy_table

DATA = DataSpec.model_validate({"source": "lake://toy/*.parquet", "key": ["customer"], "time": "day"})
WINDOW = WindowSpec(rows=300)
# The window only asks its champion which model it is, until when it was trained, and which lags it reads.
RECORD = SimpleNamespace(model="toy", data_until="2026-02-15T00:00:00", preparation=AS_IT_IS)
CHAMPION: Any = SimpleNamespace(record=RECORD)


def test_rows_after_the_last_training_count_as_new(project: Project) -> None:
    table = toy_table(1000)
    project.land(table)
    window = cut_window.fn(DATA, WINDOW, LabelSpec(), "bought", CHAMPION)
    assert window.n_new == (table["day"] > "2026-02-15").sum()
    assert window.data.n_rows == 300


def test_refused_training_counts_as_the_last_one(project: Project) -> None:
    table = toy_table(1000)
    project.land(table)
    journal.append("toy", "training", {"data_until": table["day"].max().isoformat(), "rows": 1000})
    assert cut_window.fn(DATA, WINDOW, LabelSpec(), "bought", CHAMPION).n_new == 0


def test_labels_younger_than_their_delay_are_not_known(project: Project) -> None:
    project.land(toy_table(1000))
    labels = LabelSpec.model_validate({"delay": "5d"})
    rows = read_frame(cut_window.fn(DATA, WINDOW, labels, "bought", CHAMPION).data)
    known = rows["day"] <= rows["day"].max() - pd.Timedelta(days=5)
    assert rows["bought"].notna().tolist() == known.tolist()


def test_labels_from_elsewhere_are_joined_by_key(project: Project) -> None:
    table = toy_table(1000)
    project.land(table.drop(columns="bought"))
    arrived = table[["customer", "bought"]].sample(frac=0.5, random_state=0)
    project.land(arrived, model="labels")
    labels = LabelSpec(source="lake://labels/*.parquet")
    rows = read_frame(cut_window.fn(DATA, WINDOW, labels, "bought", CHAMPION).data)
    assert rows["bought"].notna().sum() == rows["customer"].isin(arrived["customer"]).sum()


def test_labels_from_elsewhere_need_a_key(project: Project) -> None:
    project.land(toy_table(100))
    data = DATA.model_copy(update={"key": ()})
    with pytest.raises(SpecError, match=r"data\.key"):
        cut_window.fn(data, WINDOW, LabelSpec(source="lake://toy/*.parquet"), "bought", CHAMPION)

"""The window that a check looks at, with the labels that have arrived by then."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
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
from tasks.cooldown import asked_before, may_ask, refused_since, trainings_since
from tasks.windows import cut_window
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


def test_labels_that_arrive_later_than_a_window_is_long_are_of_the_window_before(project: Project) -> None:
    table = toy_table(1000)
    project.land(table)
    labels = LabelSpec.model_validate({"delay": "30d"})
    window = cut_window.fn(DATA, WINDOW, labels, "bought", CHAMPION)
    newest = table["day"].max() - pd.Timedelta(days=30)
    expected = table[table["day"] <= newest].tail(300)
    assert read_frame(window.labelled)["customer"].tolist() == expected["customer"].tolist()
    assert read_frame(window.data)["bought"].isna().all()


def check(end: str, decision: str, digest: str = "other") -> dict[str, Any]:
    return {"window": {"digest": digest, "end": end}, "decision": decision, "champion": 1}


def window_until(end: str) -> Any:
    return SimpleNamespace(end=end, data=SimpleNamespace(sha256="this"))


@pytest.mark.parametrize(
    ("entry", "asked"),
    [
        (check("2026-03-01T00:00:00", "retrain"), True),
        (check("2026-03-01T00:00:00", "retrain", digest="this"), False),
        (check("2026-03-01T00:00:00", "alert"), False),
        (check("2026-02-01T00:00:00", "retrain"), False),
    ],
    ids=["just before", "the same window", "an alert", "long ago"],
)
def test_burst_of_checks_asks_for_one_training(project: Project, entry: dict[str, Any], asked: bool) -> None:
    journal.append("toy", "check", entry)
    found = asked_before("toy", window_until("2026-03-01T06:00:00"), timedelta(days=1))
    assert (found is not None) == asked


def test_trainings_of_the_last_week_are_counted_by_their_data(project: Project) -> None:
    for until in ("2026-02-01", "2026-02-25", "2026-02-28", "2026-03-05"):
        journal.append("toy", "training", {"data_until": until, "rows": 1000})
    assert trainings_since("toy", window_until("2026-03-01"), timedelta(days=7)) == 2


def test_of_checks_at_the_same_time_one_asks_for_a_training(project: Project) -> None:
    windows = [SimpleNamespace(end=f"2026-03-01T0{i}:00:00", data=SimpleNamespace(sha256=f"{i}")) for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        allowed = list(pool.map(lambda window: may_ask("toy", window, timedelta(days=1)), windows))
    assert sum(allowed) == 1
    # The one that may is asked again by a repeat of its event, and has the same answer.
    assert [may_ask("toy", window, timedelta(days=1)) for window in windows] == allowed
    # Any of the eight may have been first, so the next may ask a cooldown after the last of them.
    assert may_ask("toy", window_until("2026-03-02T07:00:00"), timedelta(days=1))


@pytest.mark.parametrize(
    ("ends", "n_allowed"),
    [
        (["2026-03-01T23:59:00", "2026-03-02T00:01:00"], 1),
        (["2026-03-02T00:01:00", "2026-03-01T23:59:00"], 1),
        (["2026-03-01T12:00:00", "2026-03-02T11:59:59", "2026-03-02T12:00:00"], 2),
        (["2026-03-05T00:00:00", "2026-03-01T00:00:00", "2026-03-03T00:00:00"], 3),
    ],
    ids=["across midnight", "the later one first", "exactly one cooldown apart", "far apart, in any order"],
)
def test_cooldown_counts_from_window_to_window_and_not_from_midnight(
    project: Project, ends: list[str], n_allowed: int
) -> None:
    windows: list[Any] = [SimpleNamespace(end=end, data=SimpleNamespace(sha256=end)) for end in ends]
    assert sum(may_ask("toy", window, timedelta(days=1)) for window in windows) == n_allowed


@pytest.mark.parametrize(
    ("verdicts", "n_refused"),
    [([], 0), (["registered 3"], 0), (["registered 3", "refused", "undecided"], 2), (["refused", "registered 3"], 0)],
    ids=["never trained", "the champion's own", "two after it", "before it"],
)
def test_refused_trainings_are_counted_since_the_champions_own(
    project: Project, verdicts: list[str], n_refused: int
) -> None:
    for told in verdicts:
        verdict, *version = told.split()
        entry = {"rows": 1000, "verdict": verdict, "version": int(version[0]) if version else None}
        journal.append("toy", "training", entry)
    champion: Any = SimpleNamespace(record=RECORD, number=3)
    assert refused_since(champion) == n_refused


def test_labelled_rows_before_the_window_are_kept_for_what_they_teach(project: Project) -> None:
    table = toy_table(1000).sort_values("day", ignore_index=True)
    project.land(table)
    journal.append("toy", "training", {"data_until": "2026-02-15T00:00:00", "rows": 800})
    labels = LabelSpec.model_validate({"delay": "5d"})
    window = cut_window.fn(DATA, WindowSpec(rows=100), labels, "bought", CHAMPION)
    assert window.earlier is not None
    earlier, labelled = read_frame(window.earlier), read_frame(window.labelled)
    assert len(earlier) == 400
    assert earlier["day"].max() < labelled["day"].min()
    assert earlier["bought"].notna().all()
    assert window.new_share == window.n_new / 800

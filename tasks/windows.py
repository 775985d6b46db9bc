"""The window that a check looks at: the newest rows, held against the contract, and the newest whose label is known."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pandas as pd
from prefect import get_run_logger, task

from adapters import journal
from adapters.storage import read_frame, write_frame
from adapters.tables import read_table
from core.benefit import N_ROWS, WINDOWS_BEFORE
from core.columns import with_columns
from core.contract import Violation
from core.contract_spec import ContractSpec
from core.data_spec import DataSpec, WindowSpec
from core.errors import SpecError
from core.monitor_spec import LabelSpec
from core.records import Version
from core.refs import DatasetRef
from core.windows import newest_rows
from tasks.data import check_named_columns, read_with_past
from tasks.policies import WORLD
from tasks.quarantine import Quarantined, arrival, sift


@dataclass(frozen=True, slots=True)
class Window:
    """The rows that a check looks at.

    Attributes:
        labelled: As many of the newest rows whose label is known; the same where labels come with the data.
        earlier: Rows with a label from before those; None without time or labels.
        new_share: How many rows are new for one that the last training had, at most 1.
        start, end: Oldest and newest time, ISO 8601; None without a time column.
        n_new: Rows of the whole source that are newer than those of the last training.
        since_training: From the newest row of the last training to this window's, on the data's clock.
    """

    data: DatasetRef
    labelled: DatasetRef
    start: str | None
    end: str | None
    n_new: int
    since_training: timedelta | None
    earlier: DatasetRef | None = None
    new_share: float = 1.0

    @property
    def period(self) -> tuple[pd.Timestamp, pd.Timestamp] | None:
        """Oldest and newest time."""
        return (pd.Timestamp(self.start), pd.Timestamp(self.end)) if self.start and self.end else None


@task(name="cut_window", **WORLD)
def cut_window(data: DataSpec, window: WindowSpec, labels: LabelSpec, target: str, champion: Version) -> Window:
    """The newest rows of the source, with the labels that have arrived."""
    table = read_with_past(data, champion.record.preparation.lags)
    if labels.source is not None:
        table = _join_labels(table, labels.source, data, target)
    rows = newest_rows(table, window, data.time)
    last = (journal.finished_trainings(champion.record.model) or [{}])[0]
    if data.time is None or not len(rows):
        ref = write_frame(rows, "windows")
        return Window(ref, ref, None, None, len(table) - int(last.get("rows", 0)), None)
    newest = rows[data.time].max()
    labelled, is_late = rows, target in rows and (labels.delay or labels.source is not None)
    if is_late:
        known = (table[data.time] <= newest - labels.delay) & table[target].notna()
        labelled = newest_rows(table[known], window, data.time)
        rows = with_columns(rows, {target: rows[target].where(rows[data.time] <= newest - labels.delay)})
    ref = write_frame(rows, "windows")
    trained = pd.Timestamp(str(last.get("data_until") or champion.record.data_until))
    n_new = int((table[data.time] > trained).sum())
    return Window(
        ref,
        write_frame(labelled, "windows") if is_late else ref,
        rows[data.time].min().isoformat(),
        newest.isoformat(),
        n_new,
        (newest - trained).to_pytimedelta(),
        _earlier(table, labelled, data.time, target),
        min(n_new / max(int(last.get("rows", 0)), 1), 1.0),
    )


def _earlier(table: pd.DataFrame, labelled: pd.DataFrame, time: str, target: str) -> DatasetRef | None:
    if target not in table or labelled.empty:
        return None
    older = table[(table[time] < labelled[time].min()) & table[target].notna()]
    older = older.sort_values(time, kind="stable").tail(WINDOWS_BEFORE * len(labelled))
    # The champion has seen some of them: enough are kept for those that are left.
    every = max(len(older) // (WINDOWS_BEFORE * N_ROWS), 1)
    return write_frame(older.iloc[::every].reset_index(drop=True), "windows")


def _join_labels(rows: pd.DataFrame, source: str, data: DataSpec, target: str) -> pd.DataFrame:
    if not data.key:
        raise SpecError(
            "labels cannot be joined",
            "`monitor.labels.source` is set and `data.key` is empty",
            "name the columns that identify a row in `data.key`",
        )
    labels = read_table(source, how=data.format.of_columns)[[*data.key, target]].drop_duplicates(
        list(data.key), keep="last"
    )
    return rows.drop(columns=[target], errors="ignore").merge(labels, on=list(data.key), how="left")


@dataclass(frozen=True, slots=True)
class Sorted:
    """A window after the contract: its usable rows, or the rules that it breaks as a whole."""

    window: Window
    broken: tuple[Violation, ...]
    quarantined: Quarantined | None


@task(name="sift_window", **WORLD)
def sift_window(window: Window, model: str, data: DataSpec, contract: ContractSpec) -> Sorted:
    """Hold a window against the contract, the clock and the windows before it."""
    frame = read_frame(window.data)
    check_named_columns(frame, data, None)
    checks = journal.entries(model, "check") if contract.volume else []
    earlier = [
        entry["window"]["rows"] + (entry.get("quarantined") or {}).get("n_rows", 0)
        for entry in checks
        if entry["severity"] != "broken_data" and entry["window"]["digest"] != window.data.sha256
    ]
    late = arrival(frame[data.time] if data.time else None, len(frame), earlier, contract)
    sifted = sift(model, window.data, frame, contract)
    broken, aside = (*late, *sifted.broken), sifted.quarantined
    if broken or aside is None:
        return Sorted(window, broken, None)
    get_run_logger().warning(
        "sift_window: %d rows are set aside in %s: %s", aside.n_rows, aside.rows, "; ".join(aside.violations)
    )
    kept = write_frame(sifted.rows, "windows")
    labelled = kept if window.labelled == window.data else window.labelled
    return Sorted(replace(window, data=kept, labelled=labelled), (), aside)

"""The checks of a window: cut it, compare it with the reference, measure the champion on it, decide."""

from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

import pandas as pd
from prefect import get_run_logger, task

from adapters import journal, registry
from adapters.custom_code import load_step
from adapters.storage import read_array, read_frame, store_path, write_bytes, write_frame
from adapters.tables import read_table
from core.contract import Violation
from core.contract_spec import ContractSpec
from core.data_spec import DataSpec, WindowSpec
from core.decision import Decision, Evidence, Finding, decide
from core.drift import FEWEST_ROWS, column_kinds, comparable, missing_findings, with_prediction
from core.errors import SpecError
from core.features import feature_frame
from core.gate import below_minimum
from core.metrics import Floats
from core.monitor_spec import LabelSpec
from core.performance import Scorecard, decay, estimated_metrics, scorecard
from core.records import Version
from core.refs import DatasetRef
from core.spec import TrainingSpec
from core.windows import newest_rows
from tasks.data import check_named_columns, read_with_past
from tasks.policies import WORLD
from tasks.quarantine import Quarantined, arrival, sift

# What Evidently is given of a window: its time grows with the rows, its verdict hardly changes from here on.
REPORT_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Window:
    """The rows that a check looks at.

    Attributes:
        start, end: Oldest and newest time, ISO 8601; None without a time column.
        n_new: Rows of the whole source that are newer than those of the last training.
        since_training: From the newest row of the last training to this window's, on the data's clock.
    """

    data: DatasetRef
    start: str | None
    end: str | None
    n_new: int
    since_training: timedelta | None


@dataclass(frozen=True, slots=True)
class Compared:
    """What moved between reference and window, and where the report is."""

    findings: tuple[Finding, ...]
    report: str | None


@dataclass(frozen=True, slots=True)
class Measured:
    """How the champion does on the window: where labels have arrived, and what it expects of itself."""

    realized: Scorecard | None
    estimated: dict[str, float]


@task(name="cut_window", **WORLD)
def cut_window(data: DataSpec, window: WindowSpec, labels: LabelSpec, target: str, champion: Version) -> Window:
    """The newest rows of the source, with the labels that have arrived."""
    table = read_with_past(data, champion.record.preparation.lags)
    rows = newest_rows(table, window, data.time)
    if labels.source is not None:
        rows = _join_labels(rows, labels.source, data, target)
    last = (journal.finished_trainings(champion.record.model) or [{}])[0]
    until = last.get("data_until") or champion.record.data_until
    if data.time is None or not len(rows) or data.time not in rows:
        return Window(write_frame(rows, "windows"), None, None, len(table) - int(last.get("rows", 0)), None)
    time = rows[data.time]
    if labels.delay and target in rows:
        rows = rows.assign(**{target: rows[target].where(time <= time.max() - labels.delay)})
    trained = pd.Timestamp(str(until))
    n_new = int((table[data.time] > trained).sum())
    return Window(
        write_frame(rows, "windows"),
        time.min().isoformat(),
        time.max().isoformat(),
        n_new,
        (time.max() - trained).to_pytimedelta(),
    )


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
    return Sorted(replace(window, data=write_frame(sifted.rows, "windows")), (), aside)


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


@task(name="compare", **WORLD)
def compare(window: DatasetRef, champion: Version, prediction: Floats, seed: int) -> Compared:
    """How far each feature and the prediction moved from what the champion was trained on; the report is stored."""
    from adapters import drift_report

    record, rows = champion.record, read_frame(window)
    if len(rows) < FEWEST_ROWS:
        return Compared((), None)
    holdout = read_array(record.report.predictions)
    reference = with_prediction(feature_frame(read_frame(record.reference), record.columns), holdout, seed)
    made = record.feature_rows(rows, load_step(record.preparation.custom))
    current = with_prediction(made, prediction, seed)
    missing = missing_findings(reference, current, record.report.importance)
    reference, current = comparable(reference, current.sample(min(len(current), REPORT_ROWS), random_state=seed))
    found = drift_report.compare(
        reference,
        current,
        *column_kinds(record.columns, [str(name) for name in current.columns], len(record.coding.classes)),
    )
    place = store_path("reports", record.model, f"{window.sha256[:16]}-v{champion.number}")
    write_bytes(f"{place}.html", found.html.encode())
    write_bytes(f"{place}.json", found.json.encode())
    findings = [
        Finding(
            moved.column,
            "prediction" if moved.column == "prediction" else moved.kind,
            moved.effect,
            moved.threshold,
            moved.effect >= moved.threshold,
            record.report.importance.get(moved.column, 0.0),
        )
        for moved in found.moved
    ]
    get_run_logger().info("compare: %d of %d columns drifted", sum(f.drifted for f in findings), len(findings))
    return Compared((*findings, *missing), f"{place}.html")


@task(name="measure", **WORLD)
def measure(window: DatasetRef, champion: Version, prediction: Floats, target: str) -> Measured:
    """The champion's performance on window rows that it never saw, as far as labels have arrived."""
    record, rows = champion.record, read_frame(window)
    estimated = estimated_metrics(record.coding.problem, prediction, record.report.threshold)
    if target not in rows:
        return Measured(None, estimated)
    y = record.coding.encode(rows[target])
    known = ~pd.isna(y) & record.seen.unseen(rows)
    if known.sum() < FEWEST_ROWS:
        return Measured(None, estimated)
    card = scorecard(record.coding.problem, y[known], prediction[known], record.report.threshold)
    return Measured(card, estimated)


def predict_window(window: DatasetRef, champion: Version) -> Floats:
    """The champion's predictions of the window's rows."""
    return champion.record.predict(registry.load_pipeline(champion), read_frame(window))


def weigh(window: Window, compared: Compared, measured: Measured, champion: Version, spec: TrainingSpec) -> Decision:
    """The decision, from this window and the checks of the same champion before it."""
    if not compared.findings:
        return Decision(
            "nothing", "none", f"{window.data.n_rows} rows are too few to compare, {FEWEST_ROWS} are needed", ()
        )
    realized = measured.realized
    evidence = Evidence(
        findings=compared.findings,
        drifted_before=_drifted_before(champion, window.data.sha256),
        decay=decay(champion.record.report.holdout, realized) if realized else None,
        below_minimum=below_minimum(realized.metrics, spec.gate.minimum) if realized else None,
        new_rows=window.n_new,
        since_training=window.since_training,
    )
    return decide(evidence, spec.monitor)


def _drifted_before(champion: Version, window: str) -> tuple[bool, ...]:
    checks: dict[str, bool] = {}
    for entry in journal.entries(champion.record.model, "check"):
        if entry["champion"] == champion.number and entry["window"]["digest"] != window:
            checks.setdefault(entry["window"]["digest"], bool(entry["matters"]))
    return tuple(checks.values())


def performance_document(measured: Measured) -> dict[str, Any]:
    """Realized and estimated performance as `check --json` prints them; realized is null until labels arrive."""
    return {"realized": asdict(measured.realized) if measured.realized else None, "estimated": measured.estimated}

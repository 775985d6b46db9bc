"""The checks of a window: compare it with the reference, measure the champion on it, decide."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from prefect import get_run_logger, task

from adapters import journal, registry
from adapters.custom_code import load_step
from adapters.storage import exists, read_array, read_frame, store_path, write_all
from core.benefit import Benefit, Labelled, benefit
from core.decision import Decision, Evidence, Finding, decide
from core.drift import FEWEST_ROWS, DriftPlan, find_drift
from core.estimate import estimate
from core.features import feature_frame
from core.gate import below_minimum
from core.metrics import Floats
from core.performance import Scorecard, decay, scorecard
from core.preparation import prepare
from core.profile import count, layout_of
from core.records import Version
from core.reference import Reference
from core.refs import DatasetRef
from core.report_rows import column_kinds, comparable, with_prediction
from core.separation import separation, separation_limit
from core.spec import TrainingSpec
from tasks.cooldown import asked_before, may_ask, refused_since, trainings_since
from tasks.policies import WORLD
from tasks.profiling import Looked, read_reference
from tasks.windows import Window

# What Evidently is given of a window: its time grows with the rows, its picture hardly changes from here on.
REPORT_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Measured:
    """How the champion does: where labels have arrived, what is to be expected of it, and what it did at first.

    `benefit` is what the labelled rows since its training could teach a new one.
    """

    realized: Scorecard | None
    estimated: dict[str, float]
    at_first: dict[str, float]
    benefit: Benefit | None = None


@task(name="compare", **WORLD)
def compare(window: Window, champion: Version, prediction: Floats, plan: DriftPlan) -> tuple[Finding, ...]:
    """How far each feature, the prediction and the target moved from what the champion was trained on."""
    record, rows = champion.record, read_frame(window.data)
    if len(rows) < FEWEST_ROWS:
        return ()
    reference = read_reference(champion)
    looked = look_of(champion)
    cells = layout_of(reference.profile)
    parts = (looked.features(rows), looked.scores(rows, prediction), looked.labels(read_frame(window.labelled)))
    features, scores, labels = (count(part, cells) for part in parts)
    found = find_drift(
        reference.profile, features + scores + labels, record.report.importance, replace(plan, period=window.period)
    )
    made = prepare(rows, record.preparation, looked.step)
    found.append(_separated(reference, read_frame(record.reference), made, (champion, plan)))
    moved = sorted({finding.column for finding in found if finding.drifted})
    get_run_logger().info("compare: %d of %d columns drifted: %s", len(moved), len(found) - 1, ", ".join(moved))
    return tuple(found)


def look_of(champion: Version) -> Looked:
    """How a version looks at a table."""
    record = champion.record
    time, target = record.spec["data"]["time"], record.spec["target"]["column"]
    step = load_step(record.preparation.custom)
    return Looked(record.columns, time, target, record.coding, record.preparation, step)


def _separated(reference: Reference, old: pd.DataFrame, new: pd.DataFrame, how: tuple[Version, DriftPlan]) -> Finding:
    champion, plan = how
    auc = separation(old, new, champion.record.columns, plan.seed)
    limit = separation_limit(reference.separations, len(old), len(new), plan.false_alarms)
    return Finding("all columns", "multivariate", auc, limit, auc > limit)


@task(name="measure", **WORLD)
def measure(window: Window, champion: Version, prediction: Floats, target: str) -> Measured:
    """The champion's performance on rows that it never saw, as far as labels have arrived."""
    record, rows = champion.record, read_frame(window.labelled)
    reference = read_reference(champion)
    expected = estimate(record.coding.problem, prediction, reference.errors, record.report.threshold)
    known_loss = {"loss": reference.errors.loss} if reference.errors else {}
    unlabelled = Measured(None, expected, record.report.metrics | known_loss)
    if target not in rows:
        return unlabelled
    if window.labelled != window.data:
        prediction = predict_window(window.labelled, champion)
    y = record.coding.encode(rows[target])
    known = ~np.isnan(y) & record.seen.unseen(rows)
    if known.sum() < FEWEST_ROWS:
        return unlabelled
    return replace(
        unlabelled,
        realized=scorecard(record.coding.problem, y[known], prediction[known], record.report.threshold),
        benefit=_benefit(window, champion, (rows[known], y[known], prediction[known]), target),
    )


def _benefit(
    window: Window, champion: Version, newest: tuple[pd.DataFrame, Floats, Floats], target: str
) -> Benefit | None:
    """What the rows that the champion never saw teach; None where there are too few before the newest ones."""
    if window.earlier is None:
        return None
    record, earlier = champion.record, read_frame(window.earlier)
    y = record.coding.encode(earlier[target])
    known = ~np.isnan(y) & record.seen.unseen(earlier)
    if known.sum() < FEWEST_ROWS:
        return None
    step, pipeline = load_step(record.preparation.custom), registry.load_pipeline(champion)
    rows, now = earlier[known], newest[0]
    return benefit(
        record.coding.problem,
        Labelled(record.feature_rows(rows, step), y[known], record.predict(pipeline, rows)),
        Labelled(record.feature_rows(now, step), newest[1], newest[2]),
        window.new_share,
    )


def predict_window(window: DatasetRef, champion: Version) -> Floats:
    """The champion's predictions of the window's rows."""
    return champion.record.predict(registry.load_pipeline(champion), read_frame(window))


def weigh(
    window: Window, findings: Sequence[Finding], measured: Measured, champion: Version, spec: TrainingSpec
) -> Decision:
    """The decision, from this window and the checks of the same champion before it."""
    if not findings:
        return Decision(
            "nothing", "none", f"{window.data.n_rows} rows are too few to compare, {FEWEST_ROWS} are needed", ()
        )
    realized = measured.realized
    evidence = Evidence(
        findings=tuple(findings),
        drifted_before=_drifted_before(champion, window.data.sha256),
        decay=decay(champion.record.report.holdout, realized) if realized else None,
        below_minimum=below_minimum(realized.metrics, spec.gate.minimum) if realized else None,
        new_rows=window.n_new,
        since_training=window.since_training,
        estimated=_foreseen(measured, spec.metric),
        trained_this_week=trainings_since(champion.record.model, window, timedelta(days=7)),
        asked=asked_before(champion.record.model, window, spec.monitor.cooldown),
        benefit=measured.benefit,
        refused=refused_since(champion),
    )
    decision = decide(evidence, spec.monitor)
    if "retrain" in decision.actions and not may_ask(champion.record.model, window, spec.monitor.cooldown):
        decision = decide(replace(evidence, asked="another check, at the same time,"), spec.monitor)
    return decision


def _foreseen(measured: Measured, metric: str) -> str | None:
    name = metric if metric in measured.estimated else "loss"
    if name not in measured.estimated or name not in measured.at_first:
        return None
    return f"estimated {name} {measured.at_first[name]:.3g} -> {measured.estimated[name]:.3g}"


def _drifted_before(champion: Version, window: str) -> tuple[bool, ...]:
    checks: dict[str, bool] = {}
    for entry in journal.entries(champion.record.model, "check"):
        if entry["champion"] == champion.number and entry["window"]["digest"] != window:
            checks.setdefault(entry["window"]["digest"], bool(entry["matters"]))
    return tuple(checks.values())


@task(name="draw_report", **WORLD)
def draw_report(window: DatasetRef, champion: Version, prediction: Floats, seed: int) -> str | None:
    """Evidently's report on a sample of the window, as a page and as data; returns the page's address.

    The verdict does not hang on it: where Evidently fails, the check goes on without its picture.
    """
    from adapters import drift_report

    record = champion.record
    place = store_path("reports", record.model, f"{window.sha256[:16]}-v{champion.number}")
    # Drawn anew it would be another file: what a decision has named stays as it was.
    if exists(f"{place}.html"):
        return f"{place}.html"
    holdout = read_array(record.report.predictions)
    reference = with_prediction(feature_frame(read_frame(record.reference), record.columns), holdout, seed)
    made = record.feature_rows(read_frame(window), load_step(record.preparation.custom))
    current = with_prediction(made, prediction, seed)
    reference, current = comparable(reference, current.sample(min(len(current), REPORT_ROWS), random_state=seed))
    kinds = column_kinds(record.columns, [str(name) for name in current.columns], len(record.coding.classes))
    try:
        drawn = drift_report.compare(reference, current, *kinds)
    except Exception:  # noqa: BLE001 - a library's fault in drawing, told with its traceback, never the check's
        get_run_logger().exception("draw_report: Evidently has failed")
        return None
    write_all({f"{place}.json": drawn.json.encode(), f"{place}.html": drawn.html.encode()})
    return f"{place}.html"


def performance_document(measured: Measured) -> dict[str, Any]:
    """Realized and estimated performance as `check --json` prints them; realized is null until labels arrive."""
    return {
        "realized": asdict(measured.realized) if measured.realized else None,
        "estimated": measured.estimated,
        "at_first": measured.at_first,
        "benefit": asdict(measured.benefit) if measured.benefit else None,
    }

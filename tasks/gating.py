"""The gate as a stage: simpler models, the champion and the challenger, on rows that none of them saw."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from prefect import get_run_logger, task

from adapters import registry
from adapters.storage import read_array, read_frame
from core.bootstrap import FEWEST_BLOCKS, Paired
from core.errors import SpecError
from core.families import LINEAR, families_for
from core.gate import Verdict, below_minimum, compare, first_reason, strictest, too_slow, versus_simpler, worse_slice
from core.metrics import Floats, score_all
from core.records import Report, Version
from core.refs import DatasetRef
from core.reliability import too_far_off, worse_calibrated
from core.spec import TrainingSpec
from core.target import TargetCoding
from tasks.policies import STAGE


# A version never changes: the same challenger and champion on the same rows are compared once.
@task(name="gate", **STAGE)
def gate(
    report: Report, test: DatasetRef, coding: TargetCoding, spec: TrainingSpec, champion: Version | None
) -> Verdict:
    """May the challenger replace the champion? Both are scored on test rows that neither saw."""
    rows = read_frame(test)
    y = coding.encode(rows[spec.target.column])
    objection = first_reason(
        (
            below_minimum(report.metrics, spec.gate.minimum),
            too_far_off(y, np.asarray(read_array(report.predictions)), spec.gate.calibration),
        )
    )
    simpler = list(_against_simpler(report, rows, y, spec)) if objection is None else []
    doubt = strictest(simpler)
    if objection:
        verdict = Verdict("keep", objection)
    elif doubt is not None and doubt.verdict == "keep":
        verdict = doubt
    elif champion is None:
        verdict = doubt or _first(report, simpler, spec.metric)
    elif champion.record.report.digest == report.digest:
        verdict = Verdict("keep", f"it predicts exactly what the champion, version {champion.number}, predicts")
    else:
        verdict = _versus(champion, report, rows, coding, spec)
        if verdict.verdict == "promote" and doubt is not None:
            verdict = replace(verdict, verdict=doubt.verdict, reason=f"{verdict.reason}; but {doubt.reason}")
    slow = too_slow(report.row_ms, spec.release.max_latency_ms)
    if slow and verdict.verdict != "keep":
        # The release measures it where it counts, in a clean process, and refuses; whoever reads this may act before.
        verdict = replace(verdict, reason=f"{verdict.reason}; but {slow}")
    get_run_logger().info("gate: %s, %s", verdict.verdict, verdict.reason)
    return verdict


def _first(report: Report, simpler: list[Verdict], metric: str) -> Verdict:
    told = f"the first model: {metric} {report.metrics[metric]:.4f} on the test rows"
    return Verdict("promote", "; ".join([told, *(each.reason for each in simpler)]))


def _against_simpler(report: Report, test: pd.DataFrame, y: Floats, spec: TrainingSpec) -> Iterator[Verdict]:
    challenger, blocks = np.asarray(read_array(report.predictions)), blocks_of(test, spec)
    was_tried = bool(set(families_for(str(spec.problem), spec.search.families)) & set(LINEAR))
    for name, model in report.simpler.items():
        predicted = np.asarray(read_array(model.predictions))
        paired = Paired(y, challenger, predicted, blocks, (report.threshold, model.threshold))
        yield versus_simpler(paired, name, spec.metric, spec.gate.versus_champion, was_tried)


def _versus(champion: Version, report: Report, test: pd.DataFrame, coding: TargetCoding, spec: TrainingSpec) -> Verdict:
    old = champion.record
    if old.coding != coding or old.expects(test) or not set(old.seen.columns) <= set(test.columns):
        return Verdict("undecided", f"version {champion.number} predicts other classes or reads other columns")
    if old.lacks_past(test):
        return Verdict("undecided", f"version {champion.number} reads other lags than `features.lags` makes now")
    try:
        pipeline = registry.load_pipeline(champion)
    except SpecError as error:
        return Verdict("undecided", f"version {champion.number} cannot predict here: {error.what}")
    unseen = old.seen.unseen(test)
    rows, y = test[unseen], coding.encode(test[spec.target.column])[unseen]
    if len(np.unique(y)) < 2:
        return Verdict("undecided", f"version {champion.number} has seen all but {len(rows)} of {len(test)} test rows")
    challenger = np.asarray(read_array(report.predictions))[unseen]
    predicted = old.predict(pipeline, rows)
    thresholds = report.threshold, old.report.threshold
    paired = Paired(y, challenger, predicted, blocks_of(rows, spec), thresholds)
    verdict = compare(paired, spec.gate.versus_champion, spec.metric, spec.seed)
    slices = {name: rows[name].to_numpy() for name in spec.gate.slices.columns if name in rows}
    compared = (spec.gate.versus_champion.metric or spec.metric, spec.gate.versus_champion.confidence)
    if verdict.verdict == "promote":
        worse = worse_slice(paired, slices, spec.gate.slices, compared) or worse_calibrated(
            paired, spec.gate.calibration, compared[1], spec.seed
        )
        verdict = Verdict("keep", worse, verdict.difference) if worse else verdict
    both = zip((paired.challenger, paired.champion), thresholds, strict=True)
    scores = (score_all(coding.problem, y, prediction, threshold) for prediction, threshold in both)
    return replace(verdict, challenger=next(scores), champion=next(scores))


def blocks_of(rows: pd.DataFrame, spec: TrainingSpec) -> NDArray[np.int64] | None:
    """Which rows err together: those of one group, or of one stretch of time; None where each errs alone."""
    if spec.split_by == "group":
        return np.asarray(pd.factorize(rows[str(spec.data.group)])[0], dtype=np.int64)
    return _stretches(rows, spec.data.time)


def _stretches(rows: pd.DataFrame, time: str | None) -> NDArray[np.int64] | None:
    # Rows of one day share weather and weekday and err together: the bootstrap draws whole days, and where these are
    # too few, stretches of rows in order of time. Single rows would give an interval that is far too narrow.
    if time is None:
        return None
    codes, days = pd.factorize(rows[time].dt.floor("D"))
    if len(days) >= FEWEST_BLOCKS:
        return np.asarray(codes, dtype=np.int64)
    place = rows[time].rank(method="first").to_numpy(np.int64) - 1
    return np.asarray(place * FEWEST_BLOCKS // len(rows), dtype=np.int64)

"""From an evaluated model to a registered version: find the champion, gate, register."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from prefect import get_run_logger, task
from prefect.runtime import flow_run

from adapters import registration, registry
from adapters.custom_code import load_step
from adapters.packaging import unpack
from adapters.provenance import environment, git_commit
from adapters.storage import read_array, read_bytes, read_frame, write_frame
from core.bootstrap import FEWEST_BLOCKS, Paired
from core.errors import SpecError
from core.fitting import Candidate, predict
from core.gate import Verdict, below_minimum, compare, first_reason, not_better_than_constant, worse_slice
from core.metrics import Floats, score_all
from core.plans import split_plan
from core.preparation import feature_rows, prepare
from core.records import EXPECTED, ModelRecord, Report, Version, identity
from core.refs import DatasetRef, FeaturesRef, ModelRef, Splits
from core.spec import TrainingSpec
from core.splitting import seen_rows
from core.target import TargetCoding
from tasks.data import Clean
from tasks.policies import STAGE, WORLD, Policy
from tasks.profiling import Looked, write_reference

REFERENCE_ROWS = 20_000
GOLDEN_ROWS = 50

# A version never changes: the same challenger and champion on the same rows are compared once.
COMPARED: Policy = {**WORLD, **STAGE}


@task(name="gate", **COMPARED)
def gate(
    report: Report, test: DatasetRef, coding: TargetCoding, spec: TrainingSpec, champion: Version | None
) -> Verdict:
    """May the challenger replace the champion? Both are scored on test rows that neither saw."""
    objection = first_reason(
        (
            below_minimum(report.metrics, spec.gate.minimum),
            not_better_than_constant(report.metrics, report.baselines["dummy"], spec.metric),
        )
    )
    if objection:
        verdict = Verdict("keep", objection)
    elif champion is None:
        verdict = Verdict(
            "promote", f"the first model: {spec.metric} {report.metrics[spec.metric]:.4f} on the test rows"
        )
    elif champion.record.report.digest == report.digest:
        verdict = Verdict("keep", f"it predicts exactly what the champion, version {champion.number}, predicts")
    else:
        verdict = _versus(champion, report, read_frame(test), coding, spec)
    get_run_logger().info("gate: %s, %s", verdict.verdict, verdict.reason)
    return verdict


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
    paired = Paired(y, challenger, predicted, _blocks(rows, spec), thresholds)
    verdict = compare(paired, spec.gate.versus_champion, spec.metric, spec.seed)
    slices = {name: rows[name].to_numpy() for name in spec.gate.slices.columns if name in rows}
    compared = (spec.gate.versus_champion.metric or spec.metric, spec.gate.versus_champion.confidence)
    worse = worse_slice(paired, slices, spec.gate.slices, compared) if verdict.verdict == "promote" else None
    told = Verdict("keep", worse, verdict.difference) if worse else verdict
    both = zip((paired.challenger, paired.champion), thresholds, strict=True)
    scores = (score_all(coding.problem, y, prediction, threshold) for prediction, threshold in both)
    return replace(told, challenger=next(scores), champion=next(scores))


def _blocks(rows: pd.DataFrame, spec: TrainingSpec) -> NDArray[np.int64] | None:
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


@dataclass(frozen=True, slots=True)
class Made:
    """All that a training has made, on its way into the registry."""

    clean: Clean
    parts: Splits
    features: FeaturesRef
    best: Candidate
    model: ModelRef
    report: Report


@task(name="register", **WORLD)
def register(made: Made, verdict: Verdict, spec: TrainingSpec, cause: str | None) -> Version:
    """Store the model with its record in MLflow; the same model of the same data and spec is one version."""
    same = identity(made.report.digest, made.clean.data.sha256, spec.digest, verdict.verdict)
    version = registry.find_identical(spec.name, same) or _register(made, verdict, spec, cause)
    get_run_logger().info("register: %s version %d, %s", spec.name, version.number, verdict.verdict)
    return version


def _register(made: Made, verdict: Verdict, spec: TrainingSpec, cause: str | None) -> Version:
    train, validation, test = (read_frame(part) for part in (made.parts.train, made.parts.validation, made.parts.test))
    pipeline = unpack(read_bytes(made.model.uri), made.model.uri)
    columns, preparation = made.features.columns, made.features.preparation
    step = load_step(preparation.custom)
    golden = feature_rows(test.head(GOLDEN_ROWS), columns, preparation, step)
    seen = prepare(train, preparation, step)[list(columns.names)]
    sample = _sample(seen, spec.seed)
    looked = Looked(columns, spec.data.time, spec.target.column, made.clean.coding, preparation, step)
    record = ModelRecord(
        model=spec.name,
        coding=made.clean.coding,
        columns=columns,
        best=made.best,
        report=made.report,
        seen=seen_rows(train, validation, split_plan(spec)),
        data=made.clean.data,
        data_until=made.clean.until,
        reference=write_frame(sample, "reference"),
        golden=write_frame(golden.assign(**_expected(predict(pipeline, golden, made.clean.coding.problem))), "golden"),
        spec=spec.model_dump(mode="json"),
        spec_digest=spec.digest,
        verdict=verdict.verdict,
        reason=verdict.reason,
        cause=cause,
        flow_run=flow_run.get_id(),
        git_commit=git_commit(),
        environment=environment(),
        preparation=preparation,
        profile=write_reference(looked, made.clean.data, test, made.report, sample),
        members=made.model.members,
        calibration=made.model.calibration,
    )
    return registration.register(record, pipeline, golden, made.model.losses)


def _sample(train: pd.DataFrame, seed: int) -> pd.DataFrame:
    return train.sample(min(len(train), REFERENCE_ROWS), random_state=seed).sort_index().reset_index(drop=True)


def _expected(prediction: Floats) -> dict[str, Floats]:
    columns = prediction.reshape(len(prediction), -1)
    return {f"{EXPECTED}{i}": columns[:, i] for i in range(columns.shape[1])}

"""From an evaluated model that the gate has judged to a registered version."""

from dataclasses import dataclass

import pandas as pd
from prefect import get_run_logger, task
from prefect.runtime import flow_run

from adapters import registration, registry
from adapters.custom_code import load_step
from adapters.packaging import unpack
from adapters.provenance import environment, git_commit
from adapters.storage import read_bytes, read_frame, write_frame
from core.fitting import Candidate, predict
from core.gate import Verdict
from core.metrics import Floats
from core.plans import split_plan
from core.preparation import feature_rows, prepare
from core.records import EXPECTED, ModelRecord, Report, Version, identity
from core.refs import FeaturesRef, ModelRef, Splits
from core.spec import TrainingSpec
from core.splitting import seen_rows
from tasks.appraising import appraise_parts
from tasks.data import Clean
from tasks.gating import blocks_of
from tasks.policies import WORLD
from tasks.profiling import Looked, write_reference

REFERENCE_ROWS = 20_000
GOLDEN_ROWS = 50


@dataclass(frozen=True, slots=True)
class Made:
    """All that a training has made, on its way into the registry."""

    clean: Clean
    parts: Splits
    features: FeaturesRef
    best: Candidate
    model: ModelRef
    report: Report

    @property
    def parts_read(self) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Rows of train, validation and test."""
        return read_frame(self.parts.train), read_frame(self.parts.validation), read_frame(self.parts.test)


@task(name="register", **WORLD)
def register(made: Made, verdict: Verdict, spec: TrainingSpec, cause: str | None) -> Version:
    """Store the model with its record in MLflow; the same model of the same data and spec is one version."""
    same = identity(made.report.digest, made.clean.data.sha256, spec.digest, verdict.verdict)
    version = registry.find_identical(spec.name, same) or _register(made, verdict, spec, cause)
    get_run_logger().info("register: %s version %d, %s", spec.name, version.number, verdict.verdict)
    return version


def _register(made: Made, verdict: Verdict, spec: TrainingSpec, cause: str | None) -> Version:
    parts = train, validation, test = made.parts_read
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
    appraisal = appraise_parts(parts, made.report, made.clean.coding, spec, blocks_of(test, spec))
    return registration.register(record, pipeline, golden, made.model.losses, appraisal)


def _sample(train: pd.DataFrame, seed: int) -> pd.DataFrame:
    return train.sample(min(len(train), REFERENCE_ROWS), random_state=seed).sort_index().reset_index(drop=True)


def _expected(prediction: Floats) -> dict[str, Floats]:
    columns = prediction.reshape(len(prediction), -1)
    return {f"{EXPECTED}{i}": columns[:, i] for i in range(columns.shape[1])}

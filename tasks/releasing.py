"""The way of a registered version to champion: accepted in a clean process, shadow-scored, moved, journalled."""

import tempfile
from pathlib import Path

import numpy as np
from prefect import get_run_logger, task

from adapters import moves, registry
from adapters.acceptance import score_in_clean_process
from adapters.packaging import pack_bytes
from adapters.storage import read_bytes, read_frame
from core.acceptance import CheckResult, Limits, judge, same_inputs
from core.data_spec import DataSpec, WindowSpec
from core.gate_spec import ReleaseSpec
from core.moves import Move
from core.preparation import WithStep
from core.records import EXPECTED, Version
from core.windows import newest_rows
from tasks.data import read_with_past
from tasks.policies import WORLD


@task(name="accept", **WORLD)
def accept(candidate: Version, limits: Limits) -> list[CheckResult]:
    """Load the packaged model in a clean process, score golden rows and rows as a server may get them."""
    record = candidate.record
    expected = read_frame(record.golden).filter(like=EXPECTED).to_numpy(float)
    with tempfile.TemporaryDirectory() as folder:
        model_file, rows_file = Path(folder) / "model.skops", Path(folder) / "golden.parquet"
        model_file.write_bytes(pack_bytes(_alone(registry.load_pipeline(candidate))))
        rows_file.write_bytes(read_bytes(record.golden.uri))
        answer = score_in_clean_process(model_file, rows_file, record.columns)
    return [*judge(answer, expected, limits), same_inputs(registry.input_names(candidate), record.columns.names)]


def _alone(pipeline: object) -> object:
    # Golden rows are feature rows: the user's step has been applied, and the clean process knows no code of the user.
    return pipeline.pipeline if isinstance(pipeline, WithStep) else pipeline


@task(name="shadow", **WORLD)
def shadow(candidate: Version, champion: Version | None, data: DataSpec, release: ReleaseSpec) -> CheckResult:
    """Both models score the newest rows: the candidate's answers are numbers, and not all the same."""
    name = "shadow-scores the newest rows"
    if not release.shadow_rows:
        return CheckResult(name, True, "switched off by release.shadow_rows: 0")
    versions = [version for version in (candidate, champion) if version]
    table = read_with_past(data, *(version.record.preparation.lags for version in versions))
    rows = newest_rows(table, WindowSpec(rows=release.shadow_rows), data.time)
    new = candidate.record.predict(registry.load_pipeline(candidate), rows)
    if not np.isfinite(new).all():
        return CheckResult(name, False, f"{int((~np.isfinite(new)).sum())} of {new.size} predictions are no numbers")
    if len(rows) > 1 and float(np.ptp(new, axis=0).max()) == 0:
        return CheckResult(name, False, f"all {len(rows)} rows get the same prediction")
    if champion is None or champion.record.coding != candidate.record.coding or champion.record.expects(rows):
        return CheckResult(name, True, f"{len(rows)} rows, no champion to compare with")
    old = champion.record.predict(registry.load_pipeline(champion), rows)
    apart = float(np.abs(new - old).mean())
    return CheckResult(name, True, f"{len(rows)} rows, mean distance to version {champion.number} {apart:.4f}")


@task(name="move", **WORLD)
def move(planned: Move) -> Move:
    """Point the champion alias to another version, once and atomically, with the move on record."""
    made = moves.make(planned)
    get_run_logger().info("%s: %s version %d is champion", made.kind, made.model, made.to_version)
    return made

"""The data's way into a training: ingest, validate, split."""

from dataclasses import dataclass

import pandas as pd
from prefect import get_run_logger, task

from adapters import journal
from adapters.storage import check_store, read_frame, write_frame
from adapters.tables import read_table
from adapters.window import read_window
from core.contract import check_columns
from core.contract_spec import ContractSpec
from core.data_spec import DataSpec
from core.errors import DataRejected
from core.lags import LagPlan, add_lags, refuse_taken_names
from core.learning_spec import TargetSpec
from core.refs import DatasetRef, Splits
from core.splitting import SplitPlan, split_rows
from core.target import TargetCoding, check_logarithm, code_target
from core.windows import newest_rows
from tasks.policies import STAGE, WORLD
from tasks.quarantine import Quarantined, Sifted, arrival, quarantine_batch, sift


@dataclass(frozen=True, slots=True)
class Clean:
    """Labelled rows that keep the contract, how their target is coded, and what was set aside of the snapshot."""

    data: DatasetRef
    coding: TargetCoding
    until: str | None
    n_snapshot: int
    quarantined: Quarantined | None


@task(name="ingest", **WORLD)
def ingest(data: DataSpec, contract: ContractSpec, model: str, lags: LagPlan | None = None) -> DatasetRef:
    """Snapshot the source's rows of the training window under the digest of their content.

    What the contract says against the clock and earlier snapshots is held here: a cached stage knows neither.
    """
    check_store()
    rows = _rows_with_past(data, lags) if lags else _checked(read_window(data), data)
    snapshot = write_frame(rows)
    get_run_logger().info("ingest: %d rows of %s, digest %s", snapshot.n_rows, data.source, snapshot.sha256[:12])
    if contract.freshness is not None or contract.volume is not None:
        entries = journal.finished_trainings(model) if contract.volume else []
        earlier = [entry.get("snapshot_rows") or entry["rows"] for entry in entries]
        late = arrival(rows[data.time] if data.time else None, snapshot.n_rows, earlier, contract)
        _refuse_broken(model, str(data.source), snapshot, Sifted(rows, tuple(late), None))
    return snapshot


def _rows_with_past(data: DataSpec, lags: LagPlan) -> pd.DataFrame:
    table = _checked(read_table(data.source, data.time, data.format), data, lags.reads)
    refuse_taken_names(table, lags)
    # Before the window is cut: its first rows have a past too.
    return newest_rows(add_lags(table, lags), data.window, data.time)


def _checked(table: pd.DataFrame, data: DataSpec, names: tuple[str, ...] = ()) -> pd.DataFrame:
    check_columns(table, (*((data.time,) if data.time else ()), *names), str(data.source))
    return table


def read_with_past(data: DataSpec, *lags: LagPlan | None) -> pd.DataFrame:
    """The source's rows with the lags that models were trained with, each computed over all of the source."""
    table = read_table(data.source, data.time, data.format)
    for plan in lags:
        table = add_lags(table, plan) if plan and len(table) else table
    return table


@task(name="validate", **STAGE)
def validate(
    raw: DatasetRef, model: tuple[str, str | None], data: DataSpec, contract: ContractSpec, target: TargetSpec
) -> Clean:
    """Refuse data that break the contract; keep the rows that have a label.

    Args:
        raw: The snapshot.
        model: The model's name and its problem, if the YAML tells.
        data: Which columns must be there.
        contract: What may be in them.
        target: The column to predict.
    """
    frame = read_frame(raw)
    check_named_columns(frame, data, target.column)
    sifted = sift(model[0], raw, frame, contract)
    _refuse_broken(model[0], str(data.source), raw, sifted)
    labelled = sifted.rows[sifted.rows[target.column].notna()]
    coding = code_target(labelled[target.column], model[1], target.positive)
    if target.log is True:
        check_logarithm(labelled[target.column])
    until = pd.Timestamp(labelled[data.time].max()).isoformat() if data.time else None
    log, aside = get_run_logger(), sifted.quarantined
    if aside:
        log.warning("validate: %d rows are set aside in %s: %s", aside.n_rows, aside.rows, "; ".join(aside.violations))
    log.info(
        "validate: %d rows keep the contract, %d have no label; a %s problem",
        len(sifted.rows),
        len(sifted.rows) - len(labelled),
        coding.problem,
    )
    return Clean(raw if len(labelled) == len(frame) else write_frame(labelled), coding, until, raw.n_rows, aside)


def check_named_columns(frame: pd.DataFrame, data: DataSpec, target: str | None) -> None:
    """Refuse an empty table and one that lacks a column with a role.

    Raises:
        DataMissing: No rows, or a column is not there.
    """
    named = (*data.key, data.time, data.group, target)
    check_columns(frame, tuple(name for name in named if name), str(data.source))


def _refuse_broken(model: str, source: str, ref: DatasetRef, sifted: Sifted) -> None:
    if not sifted.broken:
        return
    kept, _ = quarantine_batch(model, ref, sifted.broken)
    raise DataRejected(
        what=f"{source}: {len(sifted.broken)} rules of the contract of {model} are broken",
        why="; ".join(kept.violations[:5]),
        fix="correct the data and land them again, see `everfit contract diff`, or relax `contract` in the YAML;"
        f" all findings: {kept.findings}, the rows: {kept.rows}",
    )


@task(name="split", **STAGE)
def split(clean: DatasetRef, plan: SplitPlan) -> Splits:
    """Store train, validation and test rows; a row keeps its side when the table grows."""
    train, validation, test = (write_frame(part) for part in split_rows(read_frame(clean), plan))
    get_run_logger().info(
        "split by %s: %d train, %d validation, %d test rows", plan.by, train.n_rows, validation.n_rows, test.n_rows
    )
    return Splits(train, validation, test)

"""The data's way into a training: ingest, validate, split."""

from dataclasses import dataclass

import pandas as pd
from prefect import get_run_logger, task

from adapters.storage import check_store, read_frame, store_path, write_frame, write_json
from adapters.tables import read_table
from core.errors import DataRejected
from core.events import DataRejected as DataRejectedEvent
from core.refs import DatasetRef, Splits
from core.spec import ContractSpec, DataSpec, TargetSpec
from core.splitting import SplitPlan, split_rows
from core.target import TargetCoding, code_target
from core.windows import newest_rows
from tasks.announce import send
from tasks.policies import STAGE, WORLD


@dataclass(frozen=True, slots=True)
class Clean:
    """Labelled rows that keep the contract, and how their target is coded."""

    data: DatasetRef
    coding: TargetCoding
    until: str | None


@task(name="ingest", **WORLD)
def ingest(data: DataSpec) -> DatasetRef:
    """Snapshot the source's rows of the training window under the digest of their content."""
    check_store()
    rows = newest_rows(read_table(data.source, data.time, data.format), data.window, data.time)
    snapshot = write_frame(rows)
    get_run_logger().info("ingest: %d rows of %s, digest %s", snapshot.n_rows, data.source, snapshot.sha256[:12])
    return snapshot


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
    broken = broken_rules(frame, data, contract, target.column)
    if broken:
        place, _ = quarantine(model[0], raw, broken)
        raise DataRejected(
            what=f"{data.source}: {len(broken)} rules of the contract of {model[0]} are broken",
            why="; ".join(broken[:5]),
            fix=f"correct the data and land them again, or relax `contract` in the YAML; all findings: {place}",
        )
    labelled = frame[frame[target.column].notna()]
    coding = code_target(labelled[target.column], model[1], target.positive)
    until = pd.Timestamp(labelled[data.time].max()).isoformat() if data.time else None
    get_run_logger().info(
        "validate: %d rows keep the contract, %d have no label; a %s problem",
        len(frame),
        len(frame) - len(labelled),
        coding.problem,
    )
    return Clean(raw if len(labelled) == len(frame) else write_frame(labelled), coding, until)


def broken_rules(frame: pd.DataFrame, data: DataSpec, contract: ContractSpec, target: str | None) -> list[str]:
    """The rules of the contract that rows break, in words; a missing column or an empty table raises DataMissing."""
    from core.contract import check_columns, violations

    named = (*data.key, data.time, data.group, target)
    check_columns(frame, tuple(name for name in named if name), str(data.source))
    return [str(violation) for violation in violations(frame, contract)]


def quarantine(model: str, ref: DatasetRef, broken: list[str]) -> tuple[str, str]:
    """Keep the findings beside the data's address and say so with an event; returns the place and the event's id."""
    place = store_path("quarantine", model, f"{ref.sha256}.json")
    write_json(place, {"data": ref.uri, "violations": broken})
    return place, send(DataRejectedEvent(model=model, cause=ref.sha256))


@task(name="split", **STAGE)
def split(clean: DatasetRef, plan: SplitPlan) -> Splits:
    """Store train, validation and test rows; a row keeps its side when the table grows."""
    train, validation, test = (write_frame(part) for part in split_rows(read_frame(clean), plan))
    get_run_logger().info(
        "split by %s: %d train, %d validation, %d test rows", plan.by, train.n_rows, validation.n_rows, test.n_rows
    )
    return Splits(train, validation, test)

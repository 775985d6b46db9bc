"""Data that break the contract are set aside where they can be looked at: the batch, or the rows that break it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import pandas as pd

from adapters.storage import exists, parquet_bytes, read_bytes, store_path, write_bytes, write_json
from core.arrival import stale, unusual_volume
from core.columns import with_columns
from core.contract import Violation, broken_rows, violations
from core.contract_spec import ContractSpec
from core.events import DataRejected as DataRejectedEvent
from core.refs import DatasetRef
from tasks.announce import send

REASON = "quarantine_reason"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """What was set aside.

    Attributes:
        n_rows, share: How many rows, and what part of the batch, 0 to 1.
        rows: Address of the rows; where single rows were set aside each has its reason.
        findings: Address of the broken rules.
        violations: The broken rules in words.
    """

    n_rows: int
    share: float
    rows: str
    findings: str
    violations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sifted:
    """A batch after the contract: the rows that may be used, or what breaks it as a whole."""

    rows: pd.DataFrame
    broken: tuple[Violation, ...]
    quarantined: Quarantined | None


def sift(model: str, ref: DatasetRef, frame: pd.DataFrame, contract: ContractSpec) -> Sifted:
    """Hold rows against the contract; rows that break it are set aside where the YAML allows it and they are few."""
    found = violations(frame, contract)
    if not found or contract.quarantine == "batch" or any(violation.of_batch for violation in found):
        return Sifted(frame, tuple(found), None)
    reasons = broken_rows(frame, contract)
    broken = reasons != ""
    share = float(broken.mean())
    if share > contract.max_broken_share or broken.all():
        rule = f"max_broken_share {contract.max_broken_share:g}"
        return Sifted(frame, (*found, Violation("all columns", rule, int(broken.sum()), (), of_batch=True)), None)
    aside = with_columns(frame[broken], {REASON: reasons[broken]})
    name = f"{ref.sha256}-rows"
    quarantined = _keep(model, name, parquet_bytes(aside), (ref, found, int(broken.sum())))
    return Sifted(frame[~broken].reset_index(drop=True), (), quarantined)


def quarantine_batch(model: str, ref: DatasetRef, broken: Sequence[Violation]) -> tuple[Quarantined, str]:
    """Set a batch aside, whole, and say so with an event; returns where it is and the event's id."""
    kept = _keep(model, ref.sha256, read_bytes(ref.uri), (ref, broken, ref.n_rows))
    return kept, send(DataRejectedEvent(model=model, cause=ref.sha256))


def arrival(times: pd.Series | None, n_rows: int, earlier: Sequence[int], contract: ContractSpec) -> list[Violation]:
    """What breaks the contract by the clock, or against the batches before."""
    late = stale(times, contract, datetime.now(UTC)) if times is not None else []
    return late + unusual_volume(n_rows, earlier, contract)


def _keep(model: str, name: str, rows: bytes, told: tuple[DatasetRef, Sequence[Violation], int]) -> Quarantined:
    batch, broken, n_rows = told
    place = store_path("quarantine", model, f"{name}.parquet")
    if not exists(place):
        write_bytes(place, rows)
    quarantined = Quarantined(
        n_rows=n_rows,
        share=n_rows / max(1, batch.n_rows),
        rows=place,
        findings=store_path("quarantine", model, f"{name}.json"),
        violations=tuple(str(violation) for violation in broken),
    )
    document = {"data": batch.uri, "batch": asdict(batch), "rows": place, "n_rows": n_rows, "share": quarantined.share}
    document |= {"violations": list(quarantined.violations), "rules": [asdict(violation) for violation in broken]}
    write_json(quarantined.findings, document)
    return quarantined

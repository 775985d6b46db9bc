"""Score a table of any size with a registered version: read, score and write chunk by chunk."""

import os
import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from adapters import registry
from adapters.chunks import OpenTable, open_table, read_chunks
from adapters.growing_file import format_of, growing
from adapters.scored_table import schema_of, scored_table
from adapters.typed_files import column_types
from core.errors import DataMissing, SpecError
from core.records import Version
from core.repeats import KeysBefore
from core.scoring import REASON, ScoringPlan, check_key, check_scorable, score_rows
from core.source_spec import SqlSource
from core.spec import TrainingSpec


@dataclass(frozen=True, slots=True)
class Scored:
    """What a scoring has written."""

    rows: int
    predicted: int
    broken: int
    reasons: list[dict[str, Any]]
    seconds: float


def score_table(
    version: Version, spec: TrainingSpec, source: str | SqlSource, out: str, n_rows: int | None = None
) -> Scored:
    """Write a prediction, or the reason why there is none, for each row of a table, in its order.

    Args:
        version: Whose model predicts.
        spec: The model's YAML: its contract, key and format.
        source: Address, folder or glob, or a query.
        out: CSV or Parquet file, by its name; written whole or not at all.
        n_rows: Rows of a chunk; default what memory has room for. The answer is the same for any.

    Raises:
        SpecError: The place or the name of the answer, or of a key, cannot be used.
        DataMissing, DataRejected: The table is not there, lacks a feature, or cannot be read.
        StorageUnavailable: A place does not answer.
    """
    started = time.monotonic()
    kind = format_of(out)
    plan = plan_of(version, spec)
    check_key(plan)
    moments = tuple(name for name, each in plan.types.items() if each == "datetime")
    table = open_table(source, spec.data.format, moments)
    _check_apart(table, out)
    check_scorable(list(table.names), plan, str(source))
    plan = replace(plan, how=table.how)
    pipeline = registry.load_pipeline(version)
    counts, totals, before = Counter[tuple[str, str]](), Counter[str](), KeysBefore()
    schema = schema_of(plan, kind)
    with growing(out, schema) as append:
        for chunk in read_chunks(table, n_rows):
            frame = _complete(chunk, plan, table)
            scored = score_rows(frame, plan, pipeline, before)
            append(scored_table(scored.frame, frame, plan, schema, totals["rows"]))
            counts += scored.counts
            totals.update(rows=len(frame), broken=int(scored.frame[REASON].notna().sum()))
    reasons = [{"column": column, "rule": rule, "rows": n} for (column, rule), n in counts.most_common()]
    rows, broken = totals["rows"], totals["broken"]
    return Scored(rows, rows - broken, broken, reasons, time.monotonic() - started)


def plan_of(version: Version, spec: TrainingSpec) -> ScoringPlan:
    """What is known of the rows that a version scores, before the first of them is read."""
    try:
        held = column_types(version.record.data.uri)
    except DataMissing:
        # The snapshot was cleared away: the contract, and what the model reads, tell the types alone.
        held = {}
    return ScoringPlan(version.record, spec.contract.without(spec.target.column), spec.data.key, spec.data.format, held)


def _check_apart(table: OpenTable, out: str) -> None:
    if any(_place(uri) == _place(out) for uri in table.uris):
        raise SpecError(
            f"predictions cannot be written to {out}",
            f"it is read: {table.source} names it",
            "name a file that is no part of the source",
        )


def _place(uri: str) -> str:
    path = uri.removeprefix("file://")
    return path if "://" in path else os.path.realpath(path)


def _complete(chunk: pd.DataFrame, plan: ScoringPlan, table: OpenTable) -> pd.DataFrame:
    if table.kind == "json":
        # A row of JSON may leave out what it does not know.
        absent = [name for name in plan.types if name in table.names and name not in chunk.columns]
        return chunk.assign(**dict.fromkeys(absent)) if absent else chunk
    check_scorable(list(chunk.columns), plan, str(table.source))
    return chunk

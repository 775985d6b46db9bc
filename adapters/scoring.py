"""Score a table of any size with a registered version: read, score and write chunk by chunk."""

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pandas as pd

from adapters import registry
from adapters.chunks import OpenTable, kept, open_table, read_chunks
from adapters.growing_file import format_of, growing
from adapters.scored_table import schema_of, scored_table
from adapters.typed_files import column_types
from core.columns import with_columns
from core.errors import DataMissing, SpecError
from core.past import lags_of, wanted_lags
from core.records import Version
from core.repeats import KeysBefore
from core.scoring import REASON, ScoredRows, ScoringPlan, check_key, check_scorable, score_rows
from core.scoring_keys import read_columns, told_before
from core.source_spec import SqlSource
from core.spec import TrainingSpec

Rows = Callable[[], Iterator[pd.DataFrame]]


@dataclass(frozen=True, slots=True)
class Scored:
    """What a scoring has written; `without_past` rows have no earlier row in the table that a lag could read."""

    rows: int
    predicted: int
    broken: int
    reasons: list[dict[str, Any]]
    seconds: float
    without_past: int


@dataclass(frozen=True, slots=True)
class Way:
    """How a table is gone through; the answer is the same for any.

    Attributes:
        n_rows: Rows of a chunk; default what memory has room for.
        client: A Dask client that scores chunks at the same time; default one after the other, here.
        seen: Told each chunk's raw rows in the plan's types, and what was predicted, in the order of the table.
    """

    n_rows: int | None = None
    client: Any = None
    seen: Callable[[pd.DataFrame, pd.DataFrame], None] | None = None


AS_USUAL = Way()
# So many chunks a worker are in memory, so that none waits for the next to be read.
CHUNKS_A_WORKER = 2


def score_table(version: Version, spec: TrainingSpec, source: str | SqlSource, out: str, way: Way = AS_USUAL) -> Scored:
    """Write a prediction, or the reason why there is none, for each row of a table, in its order.

    Args:
        version: Whose model predicts.
        spec: The model's YAML: its contract, key and format.
        source: Address, folder or glob, or a query.
        out: CSV or Parquet file, by its name; written whole or not at all.
        way: In which chunks, where, and who else is told.

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
    counts, totals = Counter[tuple[str, str]](), Counter[str]()
    schema = schema_of(plan, kind)
    rows = _reader(table, plan, way.n_rows)
    with growing(out, schema) as append:
        for frame, scored in _scored_chunks(_with_lags(rows, plan, table, totals), plan, pipeline, way.client):
            if way.seen is not None:
                way.seen(read_columns(frame, plan), scored.frame)
            append(scored_table(scored.frame, frame, plan, schema, totals["rows"]))
            counts += scored.counts
            totals.update(rows=len(frame), broken=int(scored.frame[REASON].notna().sum()))
    reasons = [{"column": column, "rule": rule, "rows": n} for (column, rule), n in counts.most_common()]
    n_scored, broken = totals["rows"], totals["broken"]
    return Scored(n_scored, n_scored - broken, broken, reasons, time.monotonic() - started, totals["without_past"])


def _reader(table: OpenTable, plan: ScoringPlan, n_rows: int | None) -> Rows:
    read: Rows = partial(read_chunks, table, n_rows)
    if table.kind == "sql" and wanted_lags(plan, table.names):
        # Asked again, a query may give its rows in another order.
        read = kept(read())
    return lambda: (_complete(chunk, plan, table) for chunk in read())


def _with_lags(rows: Rows, plan: ScoringPlan, table: OpenTable, totals: Counter[str]) -> Iterator[pd.DataFrame]:
    wanted = wanted_lags(plan, table.names)
    lags = lags_of(rows(), plan, wanted) if wanted else None
    totals["without_past"] = 0 if lags is None else int(lags.isna().all(axis=1).sum())
    first = 0
    for frame in rows():
        some = None if lags is None else lags.iloc[first : first + len(frame)].reset_index(drop=True)
        yield frame if some is None else with_columns(frame, {name: some[name] for name in wanted})
        first += len(frame)


def _scored_chunks(
    chunks: Iterator[pd.DataFrame], plan: ScoringPlan, pipeline: Any, client: Any
) -> Iterator[tuple[pd.DataFrame, ScoredRows]]:
    before = KeysBefore()
    if client is None:
        for frame in chunks:
            yield frame, score_rows(frame, plan, pipeline, before)
        return
    sent = client.scatter(pipeline, broadcast=True, hash=False)
    most = CHUNKS_A_WORKER * max(1, len(client.ncores()))
    waiting = deque[tuple[pd.DataFrame, Any]]()
    for frame in chunks:
        # Which keys came before is known only here, where all chunks pass.
        told = told_before(frame, plan, before)
        waiting.append((frame, client.submit(score_rows, frame, plan, sent, told, pure=False)))
        if len(waiting) >= most:
            first, future = waiting.popleft()
            yield first, future.result()
    for frame, future in waiting:
        yield frame, future.result()


def plan_of(version: Version, spec: TrainingSpec) -> ScoringPlan:
    """What is known of the rows that a version scores, before the first of them is read."""
    try:
        held = column_types(version.record.data.uri)
    except DataMissing:
        if version.record.preparation.custom:
            raise
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
        return with_columns(chunk, dict.fromkeys(absent)) if absent else chunk
    check_scorable(list(chunk.columns), plan, str(table.source))
    return chunk

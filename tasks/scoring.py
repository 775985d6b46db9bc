"""Scoring a table on schedule: predictions into a file, and every predicted row into the prediction log."""

from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime

import pandas as pd
from prefect import get_run_logger, task

from adapters import journal
from adapters.cluster import cluster, threads
from adapters.prediction_log import write_scored
from adapters.scoring import Scored, Way, score_table
from adapters.settings import settings
from adapters.storage import remove
from core.batch_log import Batch, batch_rows
from core.outcomes import ScoringOutcome
from core.records import Version
from core.source_spec import SqlSource
from core.spec import TrainingSpec
from tasks.artifacts import show_scoring
from tasks.policies import WORLD


def conclude_scoring(outcome: ScoringOutcome) -> None:
    """Write a batch to the journal, where lineage finds it, and show it."""
    journal.append(outcome.model, "scoring", asdict(outcome))
    show_scoring(outcome)


class LogWriter:
    """Writes chunks into the prediction log, and takes them back where the whole is not finished."""

    def __init__(self, model: str, batch: Batch) -> None:
        self.model, self.batch = model, batch
        self.written: list[str] = []
        self.n_rows = 0

    def add(self, read: pd.DataFrame, scored: pd.DataFrame) -> None:
        """Log the rows of a chunk."""
        rows = batch_rows(read, scored, self.batch, self.n_rows)
        self.n_rows += len(read)
        if len(rows):
            self.written.append(write_scored(self.model, rows))

    def take_back(self) -> None:
        for uri in self.written:
            remove(uri)


@task(name="score_rows", **WORLD)
def score_rows(
    version: Version, spec: TrainingSpec, source: str | SqlSource, target: tuple[str, str], workers: int | None
) -> Scored:
    """Score a table chunk by chunk.

    Args:
        version: Whose model predicts.
        spec: The model's YAML.
        source: The table.
        target: Where the predictions go, and under which name the rows stand in the log.
        workers: Dask workers that score chunks at the same time; None scores them one after the other, unless
            `EVERFIT_DASK` names a cluster.
    """
    out, identity = target
    now = datetime.now(UTC).replace(tzinfo=None)
    writer = LogWriter(spec.name, Batch(version.number, identity, now, spec.data.time, spec.target.column))
    with ExitStack() as opened:
        client = opened.enter_context(cluster(threads(workers))) if workers or settings().dask else None
        try:
            scored = score_table(version, spec, source, out, Way(client=client, seen=writer.add))
        except BaseException:
            # Its retry writes them again: a row stands in the log once.
            writer.take_back()
            raise
    get_run_logger().info("score_rows: %d of %d rows have a prediction, in %s", scored.predicted, scored.rows, out)
    return scored

"""Rows that a batch has scored as rows of the prediction log, beside those that were answered one by one."""

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from core.columns import with_columns
from core.log_rows import ANSWERED_AT
from core.scoring import PREDICTION, REASON

BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Batch:
    """What all rows of a batch have in common; `at` is in UTC, and says no zone."""

    version: int
    identity: str
    at: datetime
    time: str | None
    target: str


def batch_rows(read: pd.DataFrame, scored: pd.DataFrame, batch: Batch, n_before: int) -> pd.DataFrame:
    """The rows of a chunk that have a prediction, as they stand in the log.

    Args:
        read: Raw rows in their types.
        scored: Predictions and reasons.
        batch: Of which they are.
        n_before: Rows of the chunks before.
    """
    good = (scored[REASON].isna() & scored[PREDICTION].notna()).to_numpy()
    # A label that is known already is no part of what was asked.
    asked = read[good].drop(columns=[batch.target], errors="ignore")
    if batch.time:
        given = asked[batch.time] if batch.time in asked else pd.Series(pd.NaT, index=asked.index)
        asked = with_columns(asked, {batch.time: given.fillna(pd.Timestamp(batch.at))})
    ours = scored.loc[good].drop(columns=[REASON]).infer_objects()
    ours = ours.assign(
        model_version=batch.version,
        served_as=BATCH,
        **{ANSWERED_AT: pd.Timestamp(batch.at).as_unit("us")},
        request_id=batch.identity,
        request_row=n_before + asked.index.to_numpy(),
    )
    return asked.join(ours.rename(columns={str(name): _free(str(name), asked) for name in ours}))


def _free(name: str, asked: pd.DataFrame) -> str:
    # What was asked keeps its name; ours makes way.
    while name in asked.columns:
        name += "_"
    return name

"""Stretches of a reference's time: how much neighbouring periods differ among themselves when nothing is wrong."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.metrics import Floats
from core.survey import Ints

UNITS_S = (60, 300, 900, 3600, 6 * 3600, 86400, 7 * 86400, 28 * 86400, 91 * 86400, 364 * 86400)
MOST_BLOCKS = 128
FEWEST_STRETCHES = 12
# 1970-01-01 was a Thursday; weeks begin on Monday.
MONDAY_S = 4 * 86400


@dataclass(frozen=True, slots=True)
class Clock:
    """How time is cut into blocks: by whole units since 1970; without a unit all rows are one block."""

    unit_s: int | None

    def block_of(self, seconds: Floats) -> Ints:
        """Number of the block of each moment, shape (n,); rows without a time are in block -1."""
        if self.unit_s is None:
            return np.zeros(len(seconds), dtype=np.int64)
        whole = np.floor((np.nan_to_num(seconds) - MONDAY_S) / self.unit_s).astype(np.int64)
        return np.where(np.isfinite(seconds), whole, -1)

    def start_of(self, block: int) -> pd.Timestamp:
        """When a block begins, UTC."""
        return pd.Timestamp(block * (self.unit_s or 0) + MONDAY_S, unit="s", tz="UTC")


def clock_for(first_s: float, last_s: float) -> Clock:
    """The finest unit that cuts a span of time into a bounded number of blocks."""
    if not np.isfinite(first_s) or not np.isfinite(last_s) or last_s <= first_s:
        return Clock(None)
    fitting = (unit for unit in UNITS_S if (last_s - first_s) / unit < MOST_BLOCKS - 1)
    return Clock(next(fitting, UNITS_S[-1]))


def seconds_of(column: pd.Series) -> Floats:
    """Moments as seconds since 1970, shape (n,); NaN where missing."""
    moments = pd.to_datetime(column, utc=True, errors="coerce")
    return np.asarray((moments - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1), dtype=np.float64)


def stretches(counts: Ints, unit_s: int, span_s: float) -> Ints:
    """Counts of stretches of neighbouring blocks, shape (n_stretches, n_cells).

    Stretches are as long as the span, in whole weeks or days where it is longer than these, but shorter where fewer
    than 12 would be left: what differs between short stretches differs no less between long ones than chance has it.
    """
    n_blocks = len(counts)
    length = max(1, min(round(span_s / unit_s), n_blocks // FEWEST_STRETCHES))
    # Whole weeks are like each other, and so are whole days; ten days are not like the ten days before.
    cycle = next((whole // unit_s for whole in (7 * 86400, 86400) if unit_s <= whole <= length * unit_s), 1)
    length -= length % cycle
    usable = n_blocks // length * length
    # What is left over at the oldest end is dropped: the newest blocks are the likest to what comes next.
    return np.asarray(counts[n_blocks - usable :].reshape(-1, length, counts.shape[1]).sum(axis=1))


def seasonal(starts: list[pd.Timestamp], now: tuple[pd.Timestamp, pd.Timestamp], season: str) -> list[bool]:
    """Which blocks belong to the season of a window: the same weekdays, or the same months, of any year."""
    if season == "training":
        return [True] * len(starts)
    days = pd.date_range(now[0].normalize(), now[1].normalize(), freq="D")
    attribute = "dayofweek" if season == "weekday" else "month"
    wanted = {getattr(day, attribute) for day in days}
    return [getattr(start, attribute) in wanted for start in starts]

"""What the contract says of a batch as a whole, against the clock and against the batches before it."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from core.contract import Violation
from core.contract_spec import ContractSpec
from core.durations import format_duration

# Older batches say less about how large the next one is.
N_EARLIER = 20


def stale(times: pd.Series, contract: ContractSpec, now: datetime) -> list[Violation]:
    """The newest row is older than `contract.freshness` allows.

    Args:
        times: The rows' times; without a zone they are read as UTC.
        contract: Names the oldest age, if any.
        now: With its zone.
    """
    if contract.freshness is None:
        return []
    newest = pd.to_datetime(times, utc=True).max()
    if not pd.isna(newest) and pd.Timestamp(now) - newest <= contract.freshness:
        return []
    told = "no row has a time" if pd.isna(newest) else f"{newest.isoformat()} as the newest"
    return [Violation(str(times.name), f"freshness {format_duration(contract.freshness)}", len(times), (told,), True)]


def unusual_volume(n_rows: int, earlier: Sequence[int], contract: ContractSpec) -> list[Violation]:
    """The batch has far fewer or far more rows than those before it, newest first; the first may have any number."""
    if contract.volume is None or not earlier:
        return []
    usual = float(np.median(earlier[:N_EARLIER]))
    low, high = contract.volume.min_share * usual, contract.volume.max_share * usual
    if low <= n_rows <= high:
        return []
    rule = f"volume {low:.0f} to {high:.0f} rows (the median of {len(earlier[:N_EARLIER])} before is {usual:.0f})"
    return [Violation("all columns", rule, n_rows, (), of_batch=True)]

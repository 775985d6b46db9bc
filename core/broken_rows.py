"""Rows that break a rule, and what each of them is told."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.contract import Mask


@dataclass(frozen=True, slots=True)
class Broken:
    """Rows that break one rule of one column, and the value that each of them has."""

    column: str
    rule: str
    rows: Mask
    told: Callable[[int], str]


def reasons_of(broken: list[Broken], n_rows: int) -> Any:
    """What each row breaks, in words, shape (n_rows,); None where it breaks nothing."""
    reasons: list[list[str]] = [[] for _ in range(n_rows)]
    for each in broken:
        for row in np.flatnonzero(each.rows):
            reasons[row].append(f"{each.column}: {each.rule} ({each.told(int(row))})")
    return pd.Series(["; ".join(told) if told else None for told in reasons], dtype=object)

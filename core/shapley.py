"""What each feature adds to single predictions: Shapley values by sampling (Strumbelj & Kononenko, 2014, section 3).

No library: one that walks trees takes longer to import than this takes to run, and knows trees only. Any model is
explained here, by the columns that people know: what an encoder makes of a column is replaced together.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.importance import EncodedModel
from core.metrics import Floats

# Rows that others are compared with, rows that are explained, and for each of these orders of the features, in pairs.
N_COMPARED, N_ROWS, FEWEST_ROWS, N_PAIRS = 1000, 200, 20, 10
# Features beyond these are exchanged as one; and values that are predicted from at a time.
N_PLAYERS, N_VALUES_AT_ONCE = 25, 10_000_000
Places = NDArray[np.int64]
Owned = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Explained:
    """Shapley values of some rows.

    Attributes:
        names: The features that stand for themselves.
        values: What each adds, shape (n, n_names, n_outputs); what all others add together comes last.
        base: What they are added to: the mean prediction of the rows that each was compared with, shape (n, n_outputs).
        places: Which rows were explained.
    """

    names: tuple[str, ...]
    values: Floats
    base: Floats
    places: Places

    @property
    def mean_sizes(self) -> dict[str, float]:
        """How much each feature moves a prediction, up or down, on average over rows and classes; largest first."""
        sizes = np.abs(self.values).mean(axis=(0, 2))
        told = dict(zip(self.names, map(float, sizes), strict=False))
        return dict(sorted(told.items(), key=lambda item: -item[1]))


def explain(model: EncodedModel, rows: pd.DataFrame, importance: dict[str, float], seed: int) -> Explained:
    """Shapley values of a sample of rows, against rows of the same table.

    Args:
        model: What predicts.
        rows: Feature rows, shape (n, n_features); a sample of at most 1,000 is used.
        importance: The share of each feature, the most important first: those of none are not looked at one by one.
        seed: Seed of sampling.
    """
    random = np.random.default_rng(seed)
    compared = np.sort(random.permutation(len(rows))[:N_COMPARED])
    rows = rows.iloc[compared].reset_index(drop=True)
    names = tuple(name for name, share in importance.items() if share > 0)[:N_PLAYERS]
    exchange = _Exchange(model, rows, names)
    fitting = N_VALUES_AT_ONCE // ((len(names) + 2) * max(1, len(model.sources)))
    n_rows = min(len(rows), N_ROWS, max(FEWEST_ROWS, fitting))
    places = np.sort(random.permutation(len(rows))[:n_rows])
    added, base = [], []
    for _ in range(N_PAIRS):
        order, others = random.permutation(len(names) + 1), random.integers(0, len(rows), n_rows)
        # An order and its reverse: what one counts too early the other counts too late.
        for each in (order, order[::-1]):
            steps = exchange.predictions(each, places, others)
            gains = np.empty((n_rows, len(each), steps.shape[2]))
            gains[:, each] = np.diff(steps, axis=0).transpose(1, 0, 2)
            added.append(gains)
            base.append(steps[0])
    return Explained(names, np.mean(added, axis=0), np.mean(base, axis=0), compared[places])


class _Exchange:
    """Rows whose features come from two rows each."""

    def __init__(self, model: EncodedModel, rows: pd.DataFrame, names: tuple[str, ...]) -> None:
        self.model, self.rows, self.n_players = model, rows, len(names) + 1
        self.player = {name: i for i, name in enumerate(names)}
        # A product of two features is neither's own: then rows are put together before they are encoded.
        self.is_mixed = any(len(sources) > 1 for sources in model.sources)
        self.encoded = None if self.is_mixed else model.encode(rows)
        self.of_column = [self._player(sources[0]) if sources else -1 for sources in model.sources]

    def _player(self, name: str) -> int:
        return self.player.get(name, self.n_players - 1)

    def predictions(self, order: Places, own: Places, other: Places) -> Floats:
        """Predictions while one feature after the other becomes the row's own, shape (n_players + 1, n, n_outputs)."""
        rank = np.empty(self.n_players, dtype=np.int64)
        rank[order] = np.arange(self.n_players)
        is_own = np.repeat(np.arange(self.n_players + 1)[:, None] > rank, len(own), axis=0)
        pairs = np.tile(own, self.n_players + 1), np.tile(other, self.n_players + 1)
        predicted = self.model.predict(self._put_together(is_own, *pairs))
        return np.asarray(predicted, dtype=np.float64).reshape(self.n_players + 1, len(own), -1)

    def _put_together(self, is_own: Owned, own: Places, other: Places) -> Floats:
        if self.encoded is not None:
            return np.where(is_own[:, self.of_column], self.encoded[own], self.encoded[other])
        columns = {
            name: self.rows[name].take(np.where(is_own[:, self._player(str(name))], own, other)).reset_index(drop=True)
            for name in self.rows.columns
        }
        return self.model.encode(pd.DataFrame(columns))

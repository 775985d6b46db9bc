"""Which features a model leans on: permutation importance (Breiman, Random Forests, 2001, section 10)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.columns import with_columns
from core.lineage import derived_features
from core.metrics import METRICS, Floats, score

N_ROWS, FEWEST_ROWS = 3000, 200
# Values that are predicted from in all, and at a time: a feature more costs a whole pass over all of them.
N_VALUES, N_VALUES_AT_ONCE = 400_000_000, 10_000_000
Order = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class EncodedModel:
    """A model behind its encoder, so that rows are encoded once for all features.

    Attributes:
        encode: From feature rows to what the model reads, shape (n, n_encoded).
        predict: From encoded rows to predictions.
        sources: Of each encoded column, the features that it is made of.
    """

    encode: Callable[[pd.DataFrame], Floats]
    predict: Callable[[Floats], Floats]
    sources: tuple[tuple[str, ...], ...]


def behind_encoder(pipeline: Any, predict: Callable[[Any, Floats], Floats]) -> EncodedModel:
    """The two parts of a fitted pipeline (`core.fitting.pack`); `predict` is given the model and encoded rows."""
    encoder, model = pipeline["prepare"], pipeline["model"]
    return EncodedModel(
        lambda rows: np.asarray(encoder.transform(rows), dtype=np.float64),
        lambda encoded: predict(model, encoded),
        tuple(derived.sources for derived in derived_features(encoder)),
    )


def permutation_shares(model: EncodedModel, rows: pd.DataFrame, y: Floats, metric: str, seed: int) -> dict[str, float]:
    """Each feature's share of what the metric loses when features are shuffled one by one.

    Args:
        model: What predicts.
        rows: Feature rows that the model was not fitted on, shape (n, n_features); at most 3,000 of them are used,
            fewer where there are many hundred features.
        y: Their target, shape (n,).
        metric: A key of `core.metrics.METRICS`.
        seed: Seed of sampling and shuffling.

    Returns:
        Shares that sum to 1 by feature, largest first; all 0 where shuffling costs nothing.
    """
    random = np.random.default_rng(seed)
    n_columns = max(1, rows.shape[1])
    n_rows = min(N_ROWS, max(FEWEST_ROWS, N_VALUES // n_columns**2))
    chosen = np.sort(random.permutation(len(rows))[:n_rows])
    rows, y = rows.iloc[chosen].reset_index(drop=True), y[chosen]
    shuffling = _Shuffling(model, rows)
    whole = score(metric, y, model.predict(shuffling.encoded))
    orders = {name: random.permutation(len(rows)) for name in rows.columns}
    losses = dict.fromkeys(orders, 0.0)
    read = [name for name in orders if name in shuffling.alone or name in shuffling.mixed]
    at_once = max(1, N_VALUES_AT_ONCE // max(1, shuffling.encoded.size))
    for start in range(0, len(read), at_once):
        names = read[start : start + at_once]
        # A prediction has costs of its own: shuffled rows go through it as one.
        predicted = model.predict(np.concatenate([shuffling.shuffled(name, orders[name]) for name in names]))
        for name, prediction in zip(names, np.split(predicted, len(names)), strict=True):
            losses[name] = max(METRICS[metric].gain(whole, score(metric, y, prediction)), 0.0)
    total = np.nansum(list(losses.values()))
    shares = {name: float(np.nan_to_num(loss) / total) if total > 0 else 0.0 for name, loss in losses.items()}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


class _Shuffling:
    """Encoded rows with one feature's values in another order."""

    def __init__(self, model: EncodedModel, rows: pd.DataFrame) -> None:
        self.encode, self.rows, self.encoded = model.encode, rows, model.encode(rows)
        self.alone: dict[str, list[int]] = {}
        for place, sources in enumerate(model.sources):
            if len(sources) == 1:
                self.alone.setdefault(sources[0], []).append(place)
        self.mixed = {name for sources in model.sources if len(sources) > 1 for name in sources}

    def shuffled(self, name: str, order: Order) -> Floats:
        if name in self.mixed:
            # A product with another feature is in no row yet.
            return self.encode(with_columns(self.rows, {name: self.rows[name].to_numpy()[order]}))
        encoded = self.encoded.copy()
        encoded[:, self.alone[name]] = self.encoded[:, self.alone[name]][order]
        return encoded

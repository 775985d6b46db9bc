"""Which features a model leans on: permutation importance (Breiman, Random Forests, 2001, section 10)."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from core.columns import with_columns
from core.metrics import METRICS, Floats, score

N_ROWS, FEWEST_ROWS = 3000, 200
# Values that are predicted from in all, and at a time: a column more costs a whole pass over all columns.
N_VALUES, N_VALUES_AT_ONCE = 400_000_000, 4_000_000


def permutation_shares(
    predict: Callable[[pd.DataFrame], Floats], rows: pd.DataFrame, y: Floats, metric: str, seed: int
) -> dict[str, float]:
    """Each feature's share of what the metric loses when features are shuffled one by one.

    Args:
        predict: From feature rows to predictions.
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
    whole = score(metric, y, predict(rows))
    at_once = max(1, N_VALUES_AT_ONCE // (n_columns * len(rows)))
    losses = {}
    for start in range(0, rows.shape[1], at_once):
        names = rows.columns[start : start + at_once]
        orders = [random.permutation(len(rows)) for _ in names]
        shuffled = [
            with_columns(rows, {name: rows[name].to_numpy()[order]}) for name, order in zip(names, orders, strict=True)
        ]
        # Encoding a frame costs by the column: frames go through it as one.
        predicted = np.split(predict(pd.concat(shuffled, ignore_index=True)), len(names))
        for name, prediction in zip(names, predicted, strict=True):
            losses[name] = max(METRICS[metric].gain(whole, score(metric, y, prediction)), 0.0)
    total = np.nansum(list(losses.values()))
    shares = {name: float(np.nan_to_num(loss) / total) if total > 0 else 0.0 for name, loss in losses.items()}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))

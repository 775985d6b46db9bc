"""Which features a model leans on: permutation importance (Breiman, Random Forests, 2001, section 10)."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from core.metrics import METRICS, Floats, score

N_ROWS = 3000


def permutation_shares(
    predict: Callable[[pd.DataFrame], Floats], rows: pd.DataFrame, y: Floats, metric: str, seed: int
) -> dict[str, float]:
    """Each feature's share of what the metric loses when features are shuffled one by one.

    Args:
        predict: From feature rows to predictions.
        rows: Feature rows that the model was not fitted on, shape (n, n_features); at most 3,000 of them are used.
        y: Their target, shape (n,).
        metric: A key of `core.metrics.METRICS`.
        seed: Seed of sampling and shuffling.

    Returns:
        Shares that sum to 1 by feature, largest first; all 0 where shuffling costs nothing.
    """
    random = np.random.default_rng(seed)
    chosen = np.sort(random.permutation(len(rows))[:N_ROWS])
    rows, y = rows.iloc[chosen].reset_index(drop=True), y[chosen]
    whole = score(metric, y, predict(rows))
    losses = {}
    for name in rows.columns:
        shuffled = rows.assign(**{name: rows[name].to_numpy()[random.permutation(len(rows))]})
        losses[name] = max(METRICS[metric].gain(whole, score(metric, y, predict(shuffled))), 0.0)
    total = np.nansum(list(losses.values()))
    shares = {name: float(np.nan_to_num(loss) / total) if total > 0 else 0.0 for name, loss in losses.items()}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))

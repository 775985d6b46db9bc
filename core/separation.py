"""Can old and new rows be told apart? A classifier that sees all columns together finds what no single column shows."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.drift import SMALLEST_SHIFT
from core.features import FeatureColumns, feature_frame
from core.metrics import Floats, score

N_ROWS = 2000
N_FOLDS = 2
N_STRETCHES = 5
# Below this nobody would call two tables different, however certain the difference is.
SMALLEST_AUC = 0.55


def separation(old: pd.DataFrame, new: pd.DataFrame, columns: FeatureColumns, seed: int) -> float:
    """Out-of-fold ROC AUC of a classifier between two tables: 0.5 where they are alike, 1 where each row shows its own.

    Args:
        old: Raw rows, shape (n_old, n_columns); at most 2,000 of each table are drawn.
        new: Raw rows, shape (n_new, n_columns).
        columns: What is looked at; moments and prose are left out.
        seed: Seed of drawing and folds.
    """
    random = np.random.default_rng(seed)
    tables = [_drawn(table, random) for table in (old, new)]
    read = [feature_frame(table, _known(columns)) for table in tables]
    x = _encoded(pd.concat(read, ignore_index=True), columns)
    x[:, : len(columns.numbers)] += _blur(x[: len(read[0]), : len(columns.numbers)], len(x), random)
    y = np.repeat([0.0, 1.0], [len(table) for table in tables])
    return score("roc_auc", y, _out_of_fold(x, y, (len(columns.numbers), random)))


def usual_separations(reference: pd.DataFrame, columns: FeatureColumns, seed: int) -> tuple[float, ...]:
    """How well each stretch of a reference in order of time is told from the rest of it."""
    stretch = np.arange(len(reference)) * N_STRETCHES // max(len(reference), 1)
    return tuple(
        separation(reference[stretch != k], reference[stretch == k], columns, seed) for k in range(N_STRETCHES)
    )


def separation_limit(usual: Sequence[float], n_old: int, n_new: int, alarm_rate: float) -> float:
    """From which ROC AUC on two tables are different, by what is usual between stretches of the reference."""
    from scipy import stats

    n_old, n_new = min(n_old, N_ROWS), min(n_new, N_ROWS)
    by_chance = np.sqrt((n_old + n_new + 1) / (12 * n_old * n_new))
    if len(usual) < 2:
        return max(SMALLEST_AUC, float(0.5 + stats.norm.isf(alarm_rate) * by_chance))
    spread = float(np.hypot(np.std(usual, ddof=1), by_chance)) * np.sqrt(1 + 1 / len(usual))
    limit = float(np.mean(usual) + stats.t.isf(alarm_rate, len(usual) - 1) * spread)
    return min(max(SMALLEST_AUC, limit), 1.0)


def _known(columns: FeatureColumns) -> FeatureColumns:
    return FeatureColumns(columns.numbers, columns.categories)


def _encoded(raw: pd.DataFrame, columns: FeatureColumns) -> Floats:
    # A level is its share of both tables: its share of one would tell rows of that one from the others by itself.
    shares = [raw[name].map(raw[name].value_counts(normalize=True)) for name in columns.categories]
    numbers = [raw[name] for name in columns.numbers]
    return np.column_stack([column.to_numpy(np.float64) for column in (*numbers, *shares)])


def _blur(old: Floats, n_rows: int, random: np.random.Generator) -> Floats:
    """Noise of the smallest shift that counts, shape (n_rows, n_columns).

    Without it the smallest change of a rounded column, in which no value stays where others are, would tell every row.
    """
    width = np.zeros(old.shape[1])
    for k, column in enumerate(old.T):
        values = column[np.isfinite(column)]
        if len(values):
            # As for columns one by one, far outliers do not widen it.
            width[k] = np.clip(values, *np.quantile(values, [0.005, 0.995])).std()
    return random.normal(scale=SMALLEST_SHIFT * width, size=(n_rows, len(width)))


def _drawn(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    return table.iloc[np.sort(random.permutation(len(table))[:N_ROWS])]


def _out_of_fold(x: Floats, y: Floats, how: tuple[int, np.random.Generator]) -> Floats:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    fold = how[1].permutation(len(y)) % N_FOLDS
    found = np.zeros(len(y))
    with threadpool_limits(limits=1):
        for k in range(N_FOLDS):
            model = HistGradientBoostingClassifier(max_iter=25, max_leaf_nodes=15, early_stopping=False, random_state=0)
            # A column without one value cannot be binned.
            seen = np.where(np.isnan(x[fold != k]).all(axis=0), 0.0, x)
            model.fit(seen[fold != k], y[fold != k])
            found[fold == k] = model.predict_proba(seen[fold == k])[:, 1]
    return found

"""How much of the target one column explains alone, and how much the other columns explain together.

One scale serves every problem: the explained share of the target's variance, where classes are columns of zeros and
ones (for a probability that is the Brier skill). It is 1 for a column that tells the target, 0 for one that does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.metrics import Floats, score

N_FOLDS = 5
# From so many validation rows on they are enough to score on; below, all rows take turns.
ENOUGH_VALIDATION_ROWS = 1000
N_LEAVES, LARGEST_LEAF = 64, 20
N_BINS = 32
LARGEST = 1e30
N_SCREENED = 2000
# What is worth a closer look after the screening: a leak is among the best, wherever it stands in the table.
N_CLOSER = 24
REST_ROWS, REST_COLUMNS = 3000, 40

Fold = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Rows on which columns are tried: columns as numbers or codes, the target, and which rows fit and which score.

    Attributes:
        numbers, codes: By column, shape (n,); NaN and -1 are missing values.
        y: Encoded target, shape (n,).
        sides: The target as columns of numbers, shape (n, n_outputs).
        folds: Positions of the rows to fit on, and of those to score.
        class_numbers: What each class is as a number, shape (n_classes,); empty for regression.
    """

    problem: str
    numbers: dict[str, Floats]
    codes: dict[str, NDArray[np.int64]]
    y: Floats
    sides: Floats
    folds: tuple[Fold, ...]
    class_numbers: Floats

    @property
    def scored(self) -> NDArray[np.int64]:
        """Positions of all rows that score, in the order of the losses."""
        return np.concatenate([fold[1] for fold in self.folds])


@dataclass(frozen=True, slots=True)
class Skill:
    """How well something predicts the target on rows that it was not fitted on.

    Attributes:
        explained: Share of the target's variance, at most 1.
        metric: ROC AUC for classes, R2 for numbers.
        losses: Squared error of each scored row, shape (n_scored,).
    """

    explained: float
    metric: float
    losses: Floats


def sides_of(problem: str, y: Floats, n_classes: int) -> Floats:
    """The target as columns: a number or a probability is one, several classes are one each."""
    if problem != "multiclass":
        return y.reshape(-1, 1)
    return np.asarray(y[:, None] == np.arange(n_classes)[None, :], dtype=np.float64)


def folds_of(n_train: int, n_validation: int, seed: int) -> tuple[Fold, ...]:
    """Training rows fit and validation rows score, where these are enough; else all rows in five turns."""
    rows = np.arange(n_train + n_validation)
    if n_validation >= ENOUGH_VALIDATION_ROWS:
        return ((rows[:n_train], rows[n_train:]),)
    turn = np.random.default_rng(seed).permutation(len(rows)) % N_FOLDS
    return tuple((rows[turn != k], rows[turn == k]) for k in range(N_FOLDS))


def most_telling(evidence: Evidence) -> list[str]:
    """The columns that explain most at a glance (means of bins, half of the rows against the other), best first."""
    rows = np.random.default_rng(0).permutation(len(evidence.y))[:N_SCREENED]
    half = len(rows) // 2
    sides = evidence.sides[rows]
    glance = {}
    for name, values in (evidence.codes | {name: _binned(x) for name, x in evidence.numbers.items()}).items():
        codes = values[rows]
        predicted = _means_of_codes(codes[:half], sides[:half], codes[half:])
        glance[name] = float(np.square(sides[half:] - predicted).sum())
    return sorted(glance, key=lambda name: (glance[name], name))[:N_CLOSER]


def skill_alone(evidence: Evidence, name: str) -> Skill:
    """What one column explains: target means of a category, a small tree of a number, or a line if that is better."""
    if name in evidence.codes:
        codes = evidence.codes[name]
        return _skill(evidence, [_means_of_codes(codes[f], evidence.sides[f], codes[s]) for f, s in evidence.folds])
    x = _without_missing(evidence.numbers[name])[:, None]
    tree = _skill(evidence, [_tree(x[f], evidence.sides[f], x[s]) for f, s in evidence.folds])
    if evidence.problem != "regression":
        return tree
    # A tree of twenty rows is coarse; a column that is the target plus noise lies on a line.
    line = _skill(evidence, [_line(x[f], evidence.sides[f], x[s]) for f, s in evidence.folds])
    return max(tree, line, key=lambda skill: skill.explained)


def skill_together(evidence: Evidence, names: Sequence[str]) -> Skill:
    """What columns explain together, by a small forest; nothing, where there is no column."""
    if not names:
        return _skill(evidence, [_repeat_mean(evidence.sides[f], len(s)) for f, s in evidence.folds])
    columns = [
        _without_missing(evidence.numbers[name]) if name in evidence.numbers else evidence.codes[name].astype(float)
        for name in names[:REST_COLUMNS]
    ]
    table = np.column_stack(columns)
    return _skill(evidence, [_forest(table[f], evidence.sides[f], table[s]) for f, s in evidence.folds])


def certainty(better: Skill, worse: Skill, problem: str) -> float:
    """By how many standard errors the losses of one are below those of the other, paired by row.

    Of numbers the share of rows that it wins counts too: in twenty rows the means are at the mercy of one.
    """
    difference = worse.losses - better.losses
    n_rows, mean = len(difference), float(difference.mean())
    spread = float(difference.std(ddof=1)) if n_rows > 1 else 0.0
    by_mean = mean / (spread / np.sqrt(n_rows)) if spread > 0 else float(np.sign(mean)) * np.inf
    by_wins = float((difference > 0).mean() - 0.5) * 2 * np.sqrt(n_rows)
    return max(by_mean, by_wins) if problem == "regression" else by_mean


def _skill(evidence: Evidence, predictions: list[Floats]) -> Skill:
    predicted, truth, y = np.concatenate(predictions), evidence.sides[evidence.scored], evidence.y[evidence.scored]
    losses = np.square(truth - predicted).sum(axis=1)
    spread = float(np.square(truth - truth.mean(axis=0)).sum())
    flat = predicted if evidence.problem == "multiclass" else predicted[:, 0]
    metric = "r2" if evidence.problem == "regression" else "roc_auc"
    return Skill(1 - float(losses.sum()) / spread if spread > 0 else 0.0, score(metric, y, flat), losses)


def _binned(values: Floats) -> NDArray[np.int64]:
    known = values[np.isfinite(values)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, N_BINS + 1)[1:-1])) if len(known) else np.array([])
    return np.where(np.isnan(values), -1, np.searchsorted(edges, values)).astype(np.int64)


def _means_of_codes(codes: NDArray[np.int64], sides: Floats, asked: NDArray[np.int64]) -> Floats:
    prior = sides.mean(axis=0)
    size = int(max(codes.max(initial=-1), asked.max(initial=-1))) + 2
    counts = np.bincount(codes + 1, minlength=size)
    sums = np.column_stack([np.bincount(codes + 1, weights=side, minlength=size) for side in sides.T])
    means: Floats = ((sums + prior) / (counts + 1)[:, None])[asked + 1]
    return means


def _without_missing(values: Floats) -> Floats:
    # Missing is a place of its own, far below all values: what is empty may tell as much as what is written.
    known = values[np.isfinite(values)]
    # Trees read float32, which ends at 3e38; what is larger is measured in a larger unit.
    if len(known) and float(np.abs(known).max()) > LARGEST:
        return _without_missing(values * (LARGEST / float(np.abs(known).max()) / 2))
    if len(known) == len(values):
        return values
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    far = high - low + 1.0
    return np.nan_to_num(values, nan=low - far, posinf=high + far, neginf=low - 2 * far)


def _tree(x: Floats, sides: Floats, asked: Floats) -> Floats:
    from sklearn.tree import DecisionTreeRegressor

    leaf = min(LARGEST_LEAF, max(1, len(x) // 100))
    tree = DecisionTreeRegressor(max_leaf_nodes=N_LEAVES, min_samples_leaf=leaf, random_state=0).fit(x, sides)
    return np.asarray(tree.predict(asked), dtype=np.float64).reshape(len(asked), -1)


def _line(x: Floats, sides: Floats, asked: Floats) -> Floats:
    centred = x - x.mean()
    spread = float(np.square(centred).sum())
    slope = float((centred * sides).sum()) / spread if spread > 0 else 0.0
    line: Floats = sides.mean() + slope * (asked - x.mean())
    return line


def _forest(table: Floats, sides: Floats, asked: Floats) -> Floats:
    from sklearn.ensemble import RandomForestRegressor

    rows = np.random.default_rng(0).permutation(len(table))[:REST_ROWS]
    forest = RandomForestRegressor(40, min_samples_leaf=2, max_features=0.5, random_state=0)
    forest.fit(table[rows], sides[rows] if sides.shape[1] > 1 else sides[rows, 0])
    return np.asarray(forest.predict(asked), dtype=np.float64).reshape(len(asked), -1)


def _repeat_mean(sides: Floats, n_rows: int) -> Floats:
    return np.repeat(sides.mean(axis=0, keepdims=True), n_rows, axis=0)


def column_values(frame: pd.DataFrame, name: str, time: str | None) -> tuple[str, Floats | NDArray[np.int64]]:
    """A column as `numbers` (numbers, truth values, and dates as seconds after the row's time) or as `codes`."""
    column = frame[name]
    if pd.api.types.is_datetime64_any_dtype(column):
        return "numbers", _seconds(column) - (_seconds(frame[time]) if time else 0.0)
    if pd.api.types.is_timedelta64_dtype(column):
        return "numbers", column.dt.total_seconds().to_numpy(np.float64)
    if pd.api.types.is_numeric_dtype(column):
        return "numbers", column.to_numpy(np.float64, na_value=np.nan)
    return "codes", pd.factorize(column.astype(str).where(column.notna(), None))[0].astype(np.int64)


def _seconds(column: pd.Series) -> Floats:
    plain = column.dt.tz_convert(None) if getattr(column.dt, "tz", None) is not None else column
    # Not in nanoseconds, in which a year such as 9999 has no number.
    ticks = plain.to_numpy("datetime64[us]")
    return np.where(np.isnat(ticks), np.nan, ticks.astype(np.int64) / 1e6)

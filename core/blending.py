"""A small ensemble of the best candidates, where their mean predicts better than the best alone."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.metrics import Floats

# The mean of more would cost time, and seldom gains.
POOL = 10
# Of each family in the pool at least, where there are so many: unlike models err apart, and their mean gains most.
OF_EACH_FAMILY = 3
Picks = NDArray[np.bool_]
# How good predictions are on the picked rows, greater is better.
Value = Callable[[Floats, Picks], float]


def contenders(families: Sequence[str]) -> list[int]:
    """Positions of the candidates that an ensemble is chosen from, the best first.

    Args:
        families: Of the candidates, the best candidate's first.
    """
    places = range(len(families))
    rank_in_family = [families[:place].count(families[place]) for place in places]
    first = sorted(places, key=lambda place: (rank_in_family[place] >= OF_EACH_FAMILY, place))
    return sorted(first[:POOL])


def choose_members(predictions: Sequence[Floats], most: int, value: Value) -> list[int]:
    """Positions of the candidates whose mean is taken; the first alone where the mean does not hold what it promises.

    It must win on each half of the rows with members that were chosen on the other half.

    Args:
        predictions: Of the validation rows, the best candidate's first.
        most: Members at most.
        value: Of predictions on some of the rows.
    """
    pool = list(predictions)
    if most < 2 or len(pool) < 2:
        return [0]
    first_half = np.arange(len(pool[0])) < len(pool[0]) // 2
    for chosen_on, judged_on in ((first_half, ~first_half), (~first_half, first_half)):
        members = _greedy(pool, most, value, chosen_on)
        if not value(_mean(pool, members), judged_on) > value(pool[members[0]], judged_on):
            return [0]
    return _greedy(pool, most, value, np.ones(len(pool[0]), dtype=bool))


def _greedy(pool: Sequence[Floats], most: int, value: Value, rows: Picks) -> list[int]:
    # Of all rows, that is the first.
    members = [0] if rows.all() else [int(np.argmax([value(prediction, rows) for prediction in pool]))]
    best = value(pool[members[0]], rows)
    while len(members) < most:
        rest = [i for i in range(len(pool)) if i not in members]
        values = [value(_mean(pool, [*members, i]), rows) for i in rest]
        if not values or not max(values) > best:
            break
        best = max(values)
        members.append(rest[int(np.argmax(values))])
    return members


def _mean(pool: Sequence[Floats], members: Sequence[int]) -> Floats:
    return np.asarray(np.mean([pool[i] for i in members], axis=0))


def vote(estimators: Sequence[Any], problem: str, x: Floats, y: Floats) -> Any:
    """One estimator whose prediction is the mean of fitted ones, of scikit-learn's own parts only.

    Args:
        estimators: Fitted on the same encoding.
        problem: binary, multiclass or regression.
        x: Encoded rows; a few are read, none is learned from.
        y: Their targets, with every class.
    """
    from sklearn.ensemble import VotingClassifier, VotingRegressor
    from sklearn.frozen import FrozenEstimator

    frozen = [(f"member_{i}", FrozenEstimator(estimator)) for i, estimator in enumerate(estimators)]
    if problem == "regression":
        return VotingRegressor(frozen).fit(x[:2], y[:2])
    _, first = np.unique(y, return_index=True)
    return VotingClassifier(frozen, voting="soft").fit(x[first], y[first])

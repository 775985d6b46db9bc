"""Fit one candidate on encoded rows, predict with it, and pack it into a pipeline that reads raw rows."""

import time
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from core.choices import BALANCED, LOG_TARGET, settled
from core.corrected import fit_balanced, fit_log, fit_plain
from core.estimators import fed
from core.families import DUMMY, FAMILIES, Family, Params
from core.metrics import METRICS, Floats, score
from core.networks import NETWORK
from core.rows import Rows
from core.rungs import thinned
from core.threshold import HALF, choose_threshold

N_TIMED = 21


@dataclass(frozen=True, slots=True)
class Candidate:
    """A family with its parameters, as name and value pairs in a fixed order."""

    family: str
    params: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Learning:
    """What is to be learned: target column, problem, metric of the search, and the seed of everything random.

    Attributes:
        weights: `auto` where a candidate says, `balanced` for every candidate, or `none`.
        log: Whether log(1 + y) is learned; `auto` where a candidate says.
        threshold: Above which probability a row is positive; None: chosen on the validation rows.
    """

    target: str
    problem: str
    metric: str
    seed: int
    weights: str = "none"
    log: bool | str = False
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class LastFit:
    """How the best candidates are fitted for good.

    Attributes:
        calibration: Whether probabilities may be put right.
        distributed: Whether all workers fit what they can fit together.
    """

    calibration: bool = False
    distributed: bool = False


def fit_candidate(candidate: Candidate, learning: Learning, train: Rows, validation: Rows) -> Any:
    """A fitted estimator; boosting stops early on the validation rows.

    One thread: the order of floating point sums, and so the model, must not depend on the machine's cores.
    """
    return fit_family(FAMILIES[candidate.family], decisions(candidate, learning), learning, (train, validation))


def decisions(candidate: Candidate, learning: Learning) -> dict[str, Any]:
    """The candidate's parameters, and what the YAML has decided for all of them."""
    return {**dict(candidate.params), **settled(learning.problem, learning.weights, learning.log)}


def fit_family(family: Family, params: Params, learning: Learning, rows: tuple[Rows, Rows]) -> Any:
    """A fitted estimator of a family, from training and validation rows."""
    from threadpoolctl import threadpool_limits

    if learning.problem != "regression":
        check_classes(rows[0].y, rows[1].y)
    if family.most_rows is not None:
        share = min(1.0, family.most_rows / len(rows[0].y))
        rows = thinned(rows[0], share, learning.seed, learning.problem != "regression"), rows[1]
    own = {name: value for name, value in params.items() if name not in (BALANCED, LOG_TARGET)}
    estimator = fed(family.build(own, learning.problem, learning.seed), len(rows[0].y))
    fit = fit_balanced if params.get(BALANCED) else fit_log if params.get(LOG_TARGET) else fit_plain
    with threadpool_limits(limits=1):
        return fit(family, estimator, rows)


def threshold_for(learning: Learning, y: Floats, prediction: Floats) -> float:
    """Above which probability of the positive class a row counts as positive; one half where there is no such class."""
    if learning.problem != "binary":
        return HALF
    return choose_threshold(learning.metric, y, prediction) if learning.threshold is None else learning.threshold


def check_classes(train: Floats, validation: Floats) -> None:
    """Make sure that each class has training rows; without them a probability would stand in another class's place.

    Raises:
        ValueError: A class has none.
    """
    n_classes = int(max(train.max(), validation.max(), 1)) + 1
    absent = sorted(set(range(n_classes)) - set(train.astype(int)))
    if absent:
        raise ValueError(f"the training rows hold no row of class number {absent[0]}")


def predict(estimator: Any, x: Any, problem: str) -> Floats:
    """Predictions in the form that `core.metrics` reads.

    Args:
        estimator: A fitted estimator or pipeline.
        x: What it reads: encoded or raw rows.
        problem: binary gives shape (n,), multiclass (n, n_classes), regression (n,).
    """
    if problem == "regression":
        return np.asarray(estimator.predict(x), dtype=np.float64)
    probabilities = np.asarray(estimator.predict_proba(x), dtype=np.float64)
    return probabilities[:, 1] if problem == "binary" else probabilities


def try_candidate(candidate: Candidate, learning: Learning, train: Rows, validation: Rows) -> tuple[Floats, float]:
    """Predictions of the validation rows, and the search metric on them."""
    fitted = fit_candidate(candidate, learning, train, validation)
    prediction = predict(fitted, validation.x, learning.problem)
    return prediction, search_value(learning, validation.y, prediction)


def search_value(learning: Learning, y: Floats, prediction: Floats) -> float:
    """The search metric, by the predictions' own threshold where it counts decisions.

    A threshold that was chosen on the rows that it is scored on flatters, all candidates alike: the best one is found,
    how good it is the test rows say.
    """
    threshold = threshold_for(learning, y, prediction) if METRICS[learning.metric].thresholded else HALF
    return score(learning.metric, y, prediction, threshold)


def score_candidate(candidate: Candidate, learning: Learning, train: Rows, validation: Rows) -> float:
    """The search metric on the validation rows."""
    return try_candidate(candidate, learning, train, validation)[1]


def loss_curve(estimator: Any) -> tuple[float, ...]:
    """Loss on the validation rows after each iteration, for what learns in iterations; else empty."""
    # What puts predictions right afterwards lies around the estimator that learned.
    for wrapper in ("estimator", "estimator", "regressor_", NETWORK, "regressor_"):
        estimator = getattr(estimator, wrapper, getattr(estimator, "named_steps", {}).get(wrapper, estimator))
    if hasattr(estimator, "validation_score_"):
        return tuple(-float(value) for value in estimator.validation_score_)
    if getattr(estimator, "evals_result_", None):
        return tuple(float(value) for value in next(iter(next(iter(estimator.evals_result_.values())).values())))
    return tuple(float(value) for value in getattr(estimator, "loss_curve_", ()))


def pack(encoder: Any, estimator: Any) -> Any:
    """One plain scikit-learn pipeline of a fitted encoder and a fitted estimator."""
    from sklearn.pipeline import Pipeline

    return Pipeline([("prepare", encoder), ("model", estimator)])


def recipe_of(family: str) -> str:
    """How rows are encoded for a family or a baseline."""
    return DUMMY.recipe if family == "dummy" else FAMILIES[family].recipe


def median_row_ms(pipeline: Any, rows: Any, problem: str) -> float:
    """The median time to predict one raw row, in milliseconds of one core: what else the machine does adds nothing."""
    from threadpoolctl import threadpool_limits

    took = []
    with threadpool_limits(limits=1):
        for i in range(min(len(rows), N_TIMED)):
            started = time.thread_time()
            predict(pipeline, rows.iloc[i : i + 1], problem)
            took.append((time.thread_time() - started) * 1000)
    return float(np.median(took))


def better_first(metric: str) -> Literal["maximize", "minimize"]:
    """Optuna's word for the direction of a metric."""
    return "maximize" if METRICS[metric].greater_is_better else "minimize"

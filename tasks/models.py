"""From encoded rows to a fitted, evaluated pipeline: tune, fit, evaluate."""

import hashlib
import time
from dataclasses import dataclass

import numpy as np
import pandas as pd
from prefect import get_run_logger, task
from prefect.cache_policies import INPUTS, TASK_SOURCE

from adapters.custom_code import load_step
from adapters.packaging import pack_bytes, unpack
from adapters.storage import read_array, read_bytes, read_frame, write_array, write_content
from core.families import baselines_for, families_for
from core.fitting import Candidate, Learning, Rows, fit_candidate, fit_family, pack, predict, recipe_of, score_candidate
from core.importance import permutation_shares
from core.learning_spec import SearchSpec
from core.lineage import ReadColumns, lineage
from core.metrics import Floats, score_all
from core.performance import scorecard
from core.preparation import feature_rows
from core.records import Report
from core.refs import FeaturesRef, ModelRef, Splits
from core.target import TargetCoding
from tasks.policies import CODE, STAGE


@dataclass(frozen=True, slots=True)
class Trials:
    """What a search has found."""

    best: Candidate
    value: float
    n_trials: int
    n_failed: int


def read_rows(features: FeaturesRef, recipe: str) -> tuple[Rows, Rows]:
    """Encoded training and validation rows, mapped into memory."""
    encoding = features.encoding(recipe)
    train = Rows(read_array(encoding.train), read_array(features.y_train), encoding.categorical)
    return train, Rows(read_array(encoding.validation), read_array(features.y_validation), encoding.categorical)


# The number of workers changes how long it takes, never the answer: it is no part of the key.
TUNE = STAGE | {"cache_policy": (INPUTS - "workers") + TASK_SOURCE + CODE}


@task(name="tune", **TUNE)
def tune(features: FeaturesRef, search: SearchSpec, learning: Learning, workers: int | None) -> Trials:
    """Search families and parameters with Optuna; candidates are fitted on Dask."""
    from adapters.cluster import cluster, in_parallel
    from core.search import Tried, best_trial
    from core.search import search as run_search

    def attempt(candidate: Candidate) -> Tried:
        started = time.perf_counter()
        try:
            value = score_candidate(candidate, learning, *read_rows(features, recipe_of(candidate.family)))
        except (ValueError, ArithmeticError, MemoryError) as error:
            # A candidate that cannot be fitted costs its trial, with its error on record; the search goes on.
            return Tried(None, time.perf_counter() - started, f"{candidate.family}: {error}")
        return Tried(value, time.perf_counter() - started)

    started = time.monotonic()
    late = lambda: search.timeout is not None and time.monotonic() - started > search.timeout.total_seconds()  # noqa: E731
    families = families_for(learning.problem, search.families)
    with cluster(workers) as client:
        trials = run_search(search, families, learning.seed, lambda batch: in_parallel(client, attempt, batch), late)
    best = best_trial(trials, learning.metric)
    get_run_logger().info(
        "tune: best of %d trials is %s with %s %.4f on validation rows",
        len(trials),
        best.candidate.family,
        learning.metric,
        best.value,
    )
    return Trials(best.candidate, float(best.value or 0.0), len(trials), sum(t.value is None for t in trials))


@task(name="fit", **STAGE)
def fit(features: FeaturesRef, best: Candidate, learning: Learning) -> ModelRef:
    """Fit the best candidate on training rows, stopped early on validation rows, as one pipeline for raw rows."""
    recipe = recipe_of(best.family)
    estimator = fit_candidate(best, learning, *read_rows(features, recipe))
    encoding = features.encoding(recipe)
    pipeline = pack(unpack(read_bytes(encoding.encoder), encoding.encoder), estimator)
    return ModelRef(write_content(pack_bytes(pipeline), "models", ".skops"), best.family)


@task(name="evaluate", **STAGE)
def evaluate(model: ModelRef, features: FeaturesRef, parts: Splits, coding: TargetCoding, learning: Learning) -> Report:
    """Score the model and its baselines on the test rows, which nothing has seen."""
    target, test = learning.target, read_frame(parts.test)
    pipeline = unpack(read_bytes(model.uri), model.uri)
    preparation = features.preparation
    step = load_step(preparation.custom)
    raw, y = feature_rows(test, features.columns, preparation, step), coding.encode(test[target])
    prediction = predict(pipeline, raw, coding.problem)
    validation = read_frame(parts.validation)
    shares = permutation_shares(
        lambda frame: predict(pipeline, frame, coding.problem),
        feature_rows(validation, features.columns, preparation, step),
        coding.encode(validation[target]),
        learning.metric,
        learning.seed,
    )
    report = Report(
        metrics=score_all(coding.problem, y, prediction),
        baselines=_baselines(features, learning, raw, y),
        holdout=scorecard(coding.problem, y, prediction),
        importance=shares,
        predictions=write_array(prediction),
        # A changed step is another model, even if it predicts the same for these rows.
        digest=hashlib.sha256(np.ascontiguousarray(prediction).tobytes() + preparation.code.encode()).hexdigest(),
        features=lineage(
            pipeline["prepare"], ReadColumns(features.columns, features.dropped), shares, preparation.origins
        ),
    )
    get_run_logger().info("evaluate: %s", ", ".join(f"{name} {value:.4f}" for name, value in report.metrics.items()))
    return report


def _baselines(features: FeaturesRef, learning: Learning, raw: pd.DataFrame, y: Floats) -> dict[str, dict[str, float]]:
    scores = {}
    for name, family in baselines_for(learning.problem).items():
        encoding = features.encoding(family.recipe)
        fitted = fit_family(family, family.start, learning, read_rows(features, family.recipe))
        encoded = np.asarray(unpack(read_bytes(encoding.encoder), encoding.encoder).transform(raw), dtype=np.float64)
        scores[name] = score_all(learning.problem, y, predict(fitted, encoded, learning.problem))
    return scores

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
from core.choices import BALANCED, LOG_TARGET, open_choices, with_choices
from core.families import baselines_for, families_for
from core.fitting import (
    Candidate,
    Learning,
    decisions,
    fit_candidate,
    fit_family,
    pack,
    predict,
    recipe_of,
    score_candidate,
    threshold_for,
)
from core.importance import permutation_shares
from core.learning_spec import SearchSpec
from core.lineage import ReadColumns, lineage
from core.metrics import Floats, as_read, score_all
from core.performance import scorecard
from core.preparation import feature_rows
from core.records import Report, class_shares
from core.refs import FeaturesRef, ModelRef, Splits
from core.rows import Rows
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
    y = np.asarray(read_array(features.y_train))
    choices = open_choices(learning.problem, learning.weights, learning.log, y)
    families = with_choices(families_for(learning.problem, search.families), choices)
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
    return ModelRef(write_content(pack_bytes(pipeline), "models", ".skops"), best.family, best.params)


@task(name="evaluate", **STAGE)
def evaluate(model: ModelRef, features: FeaturesRef, parts: Splits, coding: TargetCoding, learning: Learning) -> Report:
    """Score the model and its baselines on the test rows, which nothing has seen."""
    target, test, validation = learning.target, read_frame(parts.test), read_frame(parts.validation)
    pipeline = unpack(read_bytes(model.uri), model.uri)
    preparation = features.preparation
    step = load_step(preparation.custom)
    raw, y = feature_rows(test, features.columns, preparation, step), coding.encode(test[target])
    held, y_held = feature_rows(validation, features.columns, preparation, step), coding.encode(validation[target])
    prediction = predict(pipeline, raw, coding.problem)
    threshold = threshold_for(learning, y_held, predict(pipeline, held, coding.problem))
    shares = permutation_shares(
        lambda frame: as_read(learning.metric, predict(pipeline, frame, coding.problem), threshold),
        held,
        y_held,
        learning.metric,
        learning.seed,
    )
    decided = decisions(Candidate(model.family, model.params), learning)
    report = Report(
        metrics=score_all(coding.problem, y, prediction, threshold),
        baselines=_baselines(features, learning, raw, y),
        holdout=scorecard(coding.problem, y, prediction, threshold),
        importance=shares,
        predictions=write_array(prediction),
        # A changed step is another model, even if it predicts the same for these rows.
        digest=hashlib.sha256(np.ascontiguousarray(prediction).tobytes() + preparation.code.encode()).hexdigest(),
        threshold=threshold,
        weighted=bool(decided.get(BALANCED)),
        log=bool(decided.get(LOG_TARGET)),
        classes=class_shares(coding, (np.asarray(read_array(features.y_train)), y_held, y)),
        features=lineage(
            pipeline["prepare"], ReadColumns(features.columns, features.dropped), shares, preparation.origins
        ),
    )
    _tell(report)
    return report


def _tell(report: Report) -> None:
    log = get_run_logger()
    log.info("evaluate: %s", ", ".join(f"{name} {value:.4f}" for name, value in report.metrics.items()))
    if report.classes:
        told = ", ".join(f"{each.name!r} {each.share:.1%} ({each.n_test} test rows)" for each in report.classes[:10])
        weights = "balanced" if report.weighted else "none"
        log.info("evaluate: classes %s; weights: %s; threshold %.3f", told, weights, report.threshold)


def _baselines(features: FeaturesRef, learning: Learning, raw: pd.DataFrame, y: Floats) -> dict[str, dict[str, float]]:
    scores = {}
    for name, family in baselines_for(learning.problem).items():
        encoding = features.encoding(family.recipe)
        train, validation = read_rows(features, family.recipe)
        fitted = fit_family(family, family.start, learning, (train, validation))
        threshold = threshold_for(learning, validation.y, predict(fitted, validation.x, learning.problem))
        encoded = np.asarray(unpack(read_bytes(encoding.encoder), encoding.encoder).transform(raw), dtype=np.float64)
        scores[name] = score_all(learning.problem, y, predict(fitted, encoded, learning.problem), threshold)
    return scores

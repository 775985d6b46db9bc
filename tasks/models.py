"""From encoded rows to a fitted, evaluated pipeline: fit, evaluate."""

import hashlib

import numpy as np
import pandas as pd
from prefect import get_run_logger, task

from adapters.packaging import pack_bytes, unpack
from adapters.storage import read_bytes, read_frame, write_array, write_content
from adapters.trials import read_rows
from core.families import baselines_for
from core.features import feature_frame
from core.fitting import Candidate, Learning, fit_candidate, fit_family, pack, predict, recipe_of
from core.importance import permutation_shares
from core.metrics import Floats, score_all
from core.performance import scorecard
from core.records import Report
from core.refs import FeaturesRef, ModelRef, Splits
from core.target import TargetCoding
from tasks.policies import STAGE


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
    raw, y = feature_frame(test, features.columns), coding.encode(test[target])
    prediction = predict(pipeline, raw, coding.problem)
    validation = read_frame(parts.validation)
    shares = permutation_shares(
        lambda frame: predict(pipeline, frame, coding.problem),
        feature_frame(validation, features.columns),
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
        digest=hashlib.sha256(np.ascontiguousarray(prediction).tobytes()).hexdigest(),
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

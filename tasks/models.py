"""From encoded rows to a fitted, evaluated pipeline: fit, evaluate."""

import hashlib
from dataclasses import replace

import numpy as np
import pandas as pd
from prefect import get_run_logger, task

from adapters.custom_code import load_step
from adapters.packaging import pack_bytes, unpack
from adapters.storage import read_array, read_bytes, read_frame, write_array, write_content
from adapters.trials import fit_members, read_rows
from core.blending import vote
from core.calibration import calibrated
from core.choices import BALANCED, LOG_TARGET
from core.families import LINEAR, baselines_for
from core.fitting import (
    Candidate,
    LastFit,
    Learning,
    decisions,
    fit_family,
    loss_curve,
    median_row_ms,
    pack,
    predict,
    recipe_of,
    threshold_for,
)
from core.importance import behind_encoder, permutation_shares
from core.lineage import ReadColumns, lineage
from core.metrics import Floats, as_read, score_all
from core.performance import scorecard
from core.preparation import feature_rows
from core.records import Report, Simpler, class_shares
from core.refs import FeaturesRef, ModelRef, Splits
from core.shapley import explain
from core.target import TargetCoding
from tasks.policies import STAGE


@task(name="fit", **STAGE)
def fit(features: FeaturesRef, members: tuple[Candidate, ...], learning: Learning, last: LastFit) -> ModelRef:
    """Fit the best candidates on training rows, stopped early on validation rows, as one pipeline for raw rows.

    Args:
        features: Encoded rows.
        members: The best candidate, and those whose mean with it is better still; all read one encoding.
        learning: What is learned.
        last: What is done beyond the fits of the search.
    """
    best, recipe = members[0], recipe_of(members[0].family)
    rows = read_rows(features, recipe)
    fitted = fit_members(features, members, learning, last.distributed)
    model = fitted[0] if len(fitted) == 1 else vote(fitted, learning.problem, rows[0].x, rows[0].y)
    model, method = calibrated(model, rows[1], learning.problem, learning.metric) if last.calibration else (model, "")
    if method:
        get_run_logger().info("fit: probabilities are put right on validation rows by %s calibration", method)
    encoding = features.encoding(recipe)
    pipeline = pack(unpack(read_bytes(encoding.encoder), encoding.encoder), model)
    packed = write_content(pack_bytes(pipeline), "models", ".skops")
    return ModelRef(packed, best.family, best.params, members, method, tuple(map(loss_curve, fitted)))


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
    model_alone = behind_encoder(pipeline, lambda own, rows: predict(own, rows, coding.problem))
    as_scored = replace(
        model_alone, predict=lambda rows: as_read(learning.metric, model_alone.predict(rows), threshold)
    )
    shares = permutation_shares(as_scored, held, y_held, learning.metric, learning.seed)
    baselines = _baselines(features, learning, raw)
    decided = decisions(Candidate(model.family, model.params), learning)
    report = Report(
        metrics=score_all(coding.problem, y, prediction, threshold),
        baselines={name: score_all(coding.problem, y, *each) for name, each in baselines.items()},
        holdout=scorecard(coding.problem, y, prediction, threshold),
        importance=shares,
        shapley=explain(model_alone, raw, shares, learning.seed).mean_sizes,
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
        simpler=_simpler(model, baselines),
        row_ms=median_row_ms(pipeline, raw, coding.problem),
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


def _baselines(features: FeaturesRef, learning: Learning, raw: pd.DataFrame) -> dict[str, tuple[Floats, float]]:
    """Each baseline's predictions of raw rows, and the threshold that it decides by."""
    predicted = {}
    for name, family in baselines_for(learning.problem).items():
        encoding = features.encoding(family.recipe)
        train, validation = read_rows(features, family.recipe)
        fitted = fit_family(family, family.start, learning, (train, validation))
        threshold = threshold_for(learning, validation.y, predict(fitted, validation.x, learning.problem))
        encoded = np.asarray(unpack(read_bytes(encoding.encoder), encoding.encoder).transform(raw), dtype=np.float64)
        predicted[name] = predict(fitted, encoded, learning.problem), threshold
    return predicted


def _simpler(model: ModelRef, baselines: dict[str, tuple[Floats, float]]) -> dict[str, Simpler]:
    # A linear model is no simpler than one of its kind with better parameters.
    is_linear = all(member.family in LINEAR for member in model.members)
    return {
        name: Simpler(write_array(prediction), threshold)
        for name, (prediction, threshold) in baselines.items()
        if name == "dummy" or not is_linear
    }

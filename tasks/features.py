"""The common work of all trials, done once: encode the training and validation rows."""

from dataclasses import replace

import numpy as np
import pandas as pd
from prefect import get_run_logger, task

from adapters.custom_code import find_code, load_step
from adapters.packaging import pack_bytes
from adapters.storage import read_frame, write_array, write_content
from core.columns import with_columns
from core.encoding import categorical_positions, make_encoder
from core.feature_choice import chosen_columns
from core.features import FeaturePlan, feature_frame
from core.pairs import interacting
from core.plans import lag_plan
from core.preparation import AS_IT_IS, Preparation, Step, check_by_row, run_step
from core.preparation import prepare as prepare_rows
from core.refs import EncodedRef, FeaturesRef, Splits
from core.rows import Rows
from core.spec import TrainingSpec
from core.target import TargetCoding, check_sides
from tasks.policies import STAGE


def preparation_plan(spec: TrainingSpec) -> Preparation:
    """What is done to raw rows before features are chosen; the user's own step is found and imported."""
    roles, lags = (*spec.data.key, spec.data.time, spec.data.group), lag_plan(spec)
    return Preparation(
        lags=lags,
        custom=find_code(spec.features.custom),
        target=spec.target.column,
        kept=tuple(role for role in roles if role),
        made=tuple(lags.made) if lags else (),
    )


@task(name="prepare", **STAGE)
def prepare(parts: Splits, plan: Preparation) -> Preparation:
    """Try the user's step on training rows, and find out which columns it makes."""
    train, step = read_frame(parts.train), load_step(plan.custom)
    if step is None:
        return plan
    check_by_row(train, plan, step)
    made = tuple(str(name) for name in run_step(train, plan, step).columns if name not in train.columns)
    get_run_logger().info(
        "prepare: %s makes %s", plan.custom.reference if plan.custom else "", ", ".join(made) or "no new column"
    )
    return replace(plan, made=plan.made + made)


def read_prepared(parts: Splits, preparation: Preparation) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Train, validation and test rows after the user's step, with their target."""
    step = load_step(preparation.custom)
    train, validation, test = (
        with_target(read_frame(part), preparation, step) for part in (parts.train, parts.validation, parts.test)
    )
    return train, validation, test


def with_target(rows: pd.DataFrame, preparation: Preparation, step: Step | None) -> pd.DataFrame:
    """Rows after the user's step, with their target, which the step does not see."""
    made = prepare_rows(rows, preparation, step)
    return made if step is None else with_columns(made, {preparation.target: rows[preparation.target]})


@task(name="build_features", **STAGE)
def build_features(
    parts: Splits, plan: FeaturePlan, coding: TargetCoding, target: str, preparation: Preparation = AS_IT_IS
) -> FeaturesRef:
    """Fit an encoder a recipe on training rows only, and store what it makes of training and validation rows."""
    train, validation, test = read_prepared(parts, preparation)
    y = {"training": coding.encode(train[target]), "validation": coding.encode(validation[target])}
    check_sides(coding, y["training"], {"validation": y["validation"], "test": coding.encode(test[target])})
    columns, dropped = chosen_columns(train, (coding, y["training"]), plan)
    for name, _, why in dropped:
        get_run_logger().info("build_features: %s is dropped, %s", name, why)
    raw_train, raw_validation = feature_frame(train, columns), feature_frame(validation, columns)
    encodings = []
    for recipe in plan.recipes:
        encoder = make_encoder(recipe, columns, plan.rare_share, coding.problem)
        encoded = np.asarray(encoder.fit_transform(raw_train, y["training"]), dtype=np.float64)
        encodings.append(
            EncodedRef(
                recipe=recipe,
                encoder=write_content(pack_bytes(encoder), "encoders", ".skops"),
                train=write_array(encoded),
                validation=write_array(np.asarray(encoder.transform(raw_validation), dtype=np.float64)),
                categorical=(codes := categorical_positions(recipe, columns)),
                pairs=interacting(Rows(encoded, y["training"], codes), coding.problem, plan.seed)
                if recipe in plan.ranked
                else (),
            )
        )
    get_run_logger().info("build_features: %d numbers and %d categories", len(columns.numbers), len(columns.categories))
    return FeaturesRef(
        tuple(encodings), write_array(y["training"]), write_array(y["validation"]), columns, preparation, dropped
    )

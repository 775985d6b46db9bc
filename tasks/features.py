"""The common work of all trials, done once: encode the training and validation rows."""

import numpy as np
from prefect import get_run_logger, task

from adapters.packaging import pack_bytes
from adapters.storage import read_frame, write_array, write_content
from core.encoding import categorical_positions, make_encoder
from core.features import FeaturePlan, feature_columns, feature_frame
from core.refs import EncodedRef, FeaturesRef, Splits
from core.target import TargetCoding, check_sides
from tasks.policies import STAGE


@task(name="build_features", **STAGE)
def build_features(parts: Splits, plan: FeaturePlan, coding: TargetCoding, target: str) -> FeaturesRef:
    """Fit an encoder a recipe on training rows only, and store what it makes of training and validation rows."""
    train, validation, test = (read_frame(part) for part in (parts.train, parts.validation, parts.test))
    y = {"training": coding.encode(train[target]), "validation": coding.encode(validation[target])}
    check_sides(coding, y["training"], {"validation": y["validation"], "test": coding.encode(test[target])})
    columns = feature_columns(train, plan)
    raw_train, raw_validation = feature_frame(train, columns), feature_frame(validation, columns)
    encodings = []
    for recipe in plan.recipes:
        encoder = make_encoder(recipe, columns, plan.rare_share)
        encoded = np.asarray(encoder.fit_transform(raw_train), dtype=np.float64)
        encodings.append(
            EncodedRef(
                recipe=recipe,
                encoder=write_content(pack_bytes(encoder), "encoders", ".skops"),
                train=write_array(encoded),
                validation=write_array(np.asarray(encoder.transform(raw_validation), dtype=np.float64)),
                categorical=categorical_positions(recipe, columns),
            )
        )
    get_run_logger().info("build_features: %d numbers and %d categories", len(columns.numbers), len(columns.categories))
    return FeaturesRef(tuple(encodings), write_array(y["training"]), write_array(y["validation"]), columns)

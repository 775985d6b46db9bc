"""The history of a table, cut into windows, and the models that would have been trained at the end of each."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from core.blocks import seconds_of
from core.data_spec import WindowSpec
from core.encoding import categorical_positions, make_encoder
from core.estimate import error_model
from core.families import FAMILIES
from core.features import FeatureColumns, FeaturePlan, feature_columns, feature_frame
from core.fitting import Candidate, Learning, fit_candidate, pack, predict, recipe_of, threshold_for
from core.importance import behind_encoder, permutation_shares
from core.metrics import Floats
from core.pairs import interacting
from core.performance import Scorecard, scorecard
from core.profile import Part, profile_of
from core.reference import Reference
from core.rows import Rows
from core.splitting import SeenRows, SplitPlan, seen_rows, split_rows
from core.target import TargetCoding
from core.views import prediction_view, target_view, views_of
from core.windows import newest_rows

# Candidate of one training, from training and validation rows as a family reads them.
Choose = Callable[[Callable[[str], tuple[Rows, Rows]]], Candidate]


@dataclass(frozen=True, slots=True)
class History:
    """How history is replayed.

    Attributes:
        frame: All labelled rows, oldest first.
        time: The column of their time.
        coding: Of the target.
        learning, features, split: As in a training.
        window: Which rows a training takes.
        label_delay: How long after its time a row's label is known.
        choose: Which candidate is fitted: searched for, or always the same.
    """

    frame: pd.DataFrame
    time: str
    coding: TargetCoding
    learning: Learning
    features: FeaturePlan
    split: SplitPlan
    window: WindowSpec
    label_delay: timedelta
    choose: Choose

    def known(self, until: pd.Timestamp) -> pd.DataFrame:
        """Rows whose label is known at a moment."""
        return self.frame[self.frame[self.time] < until - self.label_delay]

    def between(self, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
        """Rows of a span, its start included."""
        moments = self.frame[self.time]
        return self.frame[(moments >= start) & (moments < end)]


class Trained:
    """A model that was trained at a moment of history, with all that a check asks of it.

    What only a champion needs, importance and reference, is computed when it is asked for.
    """

    def __init__(self, history: History, at: pd.Timestamp) -> None:
        started = time.perf_counter()
        self.history, self.at = history, at
        rows = newest_rows(history.known(at), history.window, history.time)
        self.rows = rows
        self.until = rows[history.time].max()
        train, self.validation, self.test = split_rows(rows, history.split)
        self.columns: FeatureColumns = feature_columns(train, history.features)
        self.seen: SeenRows = seen_rows(train, self.validation, history.split)
        # Once for all that looks at them: turning categories into text is what costs here.
        self.raw = feature_frame(rows, self.columns)
        self.pipeline = self._fit(train)
        self.test_y = history.coding.encode(self.test[history.learning.target])
        self.test_prediction = self.predict(self.raw.loc[self.test.index])
        y = history.coding.encode(self.validation[history.learning.target])
        self.threshold = threshold_for(history.learning, y, self.predict(self.raw.loc[self.validation.index]))
        self.holdout: Scorecard = scorecard(history.learning.problem, self.test_y, self.test_prediction, self.threshold)
        self.metrics = self.holdout.metrics
        self.seconds = time.perf_counter() - started

    def _fit(self, train: pd.DataFrame) -> Any:
        history, made, paired = self.history, dict[str, tuple[Any, Rows, Rows]](), set[str]()
        target, coding = history.learning.target, history.coding

        def encoded(family: str) -> tuple[Rows, Rows]:
            recipe = recipe_of(family)
            if recipe not in made:
                encoder = make_encoder(recipe, self.columns, history.features.rare_share, coding.problem)
                learned, held = coding.encode(train[target]), coding.encode(self.validation[target])
                # As in a training: where the target encodes a category, a row's own is not in its code.
                x = encoder.fit_transform(self.raw.loc[train.index], learned)
                x_held = encoder.transform(self.raw.loc[self.validation.index])
                codes = categorical_positions(recipe, self.columns)
                made[recipe] = (
                    encoder,
                    Rows(np.asarray(x, dtype=np.float64), learned, codes),
                    Rows(np.asarray(x_held, dtype=np.float64), held, codes),
                )
            encoder, rows, validation = made[recipe]
            if FAMILIES[family].asks_pairs and recipe not in paired:
                rows = replace(rows, pairs=interacting(rows, coding.problem, history.features.seed))
                made[recipe] = encoder, rows, validation
                paired.add(recipe)
            return rows, validation

        chosen = history.choose(encoded)
        fitted = fit_candidate(chosen, history.learning, *encoded(chosen.family))
        return pack(made[recipe_of(chosen.family)][0], fitted)

    def predict(self, features: pd.DataFrame) -> Floats:
        """Predictions for feature rows."""
        return predict(self.pipeline, features, self.history.learning.problem)

    @cached_property
    def importance(self) -> dict[str, float]:
        """Each feature's share."""
        history = self.history
        return permutation_shares(
            behind_encoder(self.pipeline, lambda model, rows: predict(model, rows, history.learning.problem)),
            self.raw.loc[self.validation.index],
            history.coding.encode(self.validation[history.learning.target]),
            history.learning.metric,
            history.learning.seed,
        )

    @cached_property
    def reference(self) -> Reference:
        """What windows are compared with."""
        scores = Part([prediction_view(self.test_prediction)], seconds_of(self.test[self.history.time]))
        profile = profile_of([lambda: self.look(self.rows), lambda: self.labels(self.rows), lambda: scores])
        errors = error_model(self.history.learning.problem, self.test_y, self.test_prediction)
        return Reference(profile, errors, (), self.metrics)

    def look(self, rows: pd.DataFrame) -> Part:
        """Features of some rows."""
        return Part(views_of(rows, self.columns, self.history.time), seconds_of(rows[self.history.time]))

    def labels(self, rows: pd.DataFrame) -> Part:
        """Target of some rows."""
        history = self.history
        y = history.coding.encode(rows[history.learning.target])
        views = [target_view(history.learning.target, y, len(history.coding.classes))]
        return Part(views, seconds_of(rows[history.time]))

"""The reference of a version: made of its training's rows at registration, read back by every check."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import pandas as pd

from adapters.cluster import cluster, in_parallel, threads
from adapters.partitions import n_parts, read_part
from adapters.storage import read_array, read_bytes, read_frame, write_content
from core.blocks import seconds_of
from core.columns import with_columns
from core.errors import DataMissing
from core.estimate import error_model
from core.features import FeatureColumns
from core.metrics import Floats
from core.preparation import AS_IT_IS, Preparation, Step, prepare
from core.profile import Layout, Part, Profile, Survey, count, layout, profile_of, survey, total
from core.records import Report, Version
from core.reference import Reference, from_bytes, to_bytes
from core.refs import DatasetRef
from core.separation import usual_separations
from core.target import TargetCoding
from core.views import prediction_view, target_view, views_of

# From so many parts on, a cluster that counts them at the same time is worth its start.
WORTH_A_CLUSTER = 3
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Looked:
    """How a model looks at a table: its features, the row's time, and its target."""

    columns: FeatureColumns
    time: str | None
    target: str
    coding: TargetCoding
    preparation: Preparation = AS_IT_IS
    step: Step | None = None

    @property
    def names(self) -> list[str] | None:
        """The columns that are read; None for all of them, since nobody knows what a user's own step reads."""
        if self.preparation.custom or self.preparation.lags:
            return None
        return [*self.columns.names, *([self.time] if self.time else []), self.target]

    def features(self, frame: pd.DataFrame) -> Part:
        """The features of some rows."""
        made = prepare(frame, self.preparation, self.step)
        if self.time in frame and self.time not in made:
            made = with_columns(made, {str(self.time): frame[self.time]})
        return Part(views_of(made, self.columns, self.time), self._seconds(frame))

    def labels(self, frame: pd.DataFrame) -> Part:
        """The target of the rows whose label is known."""
        if self.target not in frame:
            return Part([])
        y = self.coding.encode(frame[self.target])
        known = ~np.isnan(y)
        return Part(
            [target_view(self.target, y[known], len(self.coding.classes))] if known.any() else [],
            self._seconds(frame[known]),
        )

    def scores(self, frame: pd.DataFrame, prediction: Floats) -> Part:
        """The predictions of some rows."""
        return Part([prediction_view(prediction)], self._seconds(frame))

    def _seconds(self, frame: pd.DataFrame) -> Floats | None:
        return seconds_of(frame[self.time]) if self.time in frame else None


def write_reference(looked: Looked, data: DatasetRef, test: pd.DataFrame, report: Report, sample: pd.DataFrame) -> str:
    """Make a version's reference and store it; returns its address.

    Args:
        looked: How the model looks at a table.
        data: All rows of the training, which are read part by part.
        test: Its test rows, in the order of the report's predictions.
        report: The evaluation.
        sample: Some training rows, oldest first where there is a time.
    """
    prediction = np.asarray(read_array(report.predictions))
    problem = looked.coding.problem
    reference = Reference(
        profile=_profile(looked, data, looked.scores(test, prediction)),
        errors=error_model(problem, looked.coding.encode(test[looked.target]), prediction),
        separations=usual_separations(sample, looked.columns, 0) if looked.time else (),
        metrics=report.metrics,
    )
    return write_content(to_bytes(reference), "references", ".json.gz")


def read_reference(champion: Version) -> Reference:
    """A version's reference; of one that was registered without, the profile of its sample of training rows."""
    record = champion.record
    if record.profile:
        return from_bytes(read_bytes(record.profile))
    rows = read_frame(record.reference)
    if rows.empty:
        raise DataMissing(
            f"version {champion.number} of {record.model} has no reference",
            "it was registered without a profile, and its sample of training rows is empty",
            f"train it again: everfit train {record.model}",
        )
    return Reference(profile_of([lambda: Part(views_of(rows, record.columns, None))]), None, (), record.report.metrics)


def _profile(looked: Looked, data: DatasetRef, scores: Part) -> Profile:
    numbers = range(n_parts(data))
    seen = total([*_each(partial(_survey, looked, data), numbers), survey(scores)])
    frozen = layout(seen)
    counted = _each(lambda number: _count(looked, data, number, frozen), numbers)
    return total([*counted, count(scores, frozen)])


def _each(function: Callable[[int], Made], numbers: Sequence[int]) -> list[Made]:
    if len(numbers) < WORTH_A_CLUSTER:
        return [function(number) for number in numbers]
    with cluster(threads()) as client:
        return in_parallel(client, function, numbers)


def _survey(looked: Looked, data: DatasetRef, number: int) -> Survey:
    rows = read_part(data, number, looked.names)
    return survey(looked.features(rows)) + survey(looked.labels(rows))


def _count(looked: Looked, data: DatasetRef, number: int, frozen: Layout) -> Profile:
    rows = read_part(data, number, looked.names)
    return count(looked.features(rows), frozen) + count(looked.labels(rows), frozen)

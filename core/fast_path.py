"""A pipeline without a data frame: compiled from what it has learned, and used only where it answers the same.

What is not known here stays with the pipeline itself: an encoder as a whole, a part of it, or the estimator.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.fast_encoding import UNSEEN, Encoding, compile_encoder
from core.fast_models import compile_model
from core.features import LARGEST, FeatureColumns
from core.fitting import predict
from core.metrics import Floats
from core.records import ModelRecord
from core.request_columns import Values
from core.request_contract import as_frame

TOLERANCE = 1e-9
# Known categories that are tried for each column; beyond them lie only rare ones.
MOST_TRIED = 300


@dataclass(frozen=True, slots=True)
class FastPath:
    """A compiled pipeline; reads typed columns as `RequestContract.read` gives them."""

    encode: Encoding
    model: Any
    problem: str

    def predict(self, typed: Mapping[str, Values], n_rows: int) -> Floats:
        """Predictions in the form of `core.metrics`."""
        return predict(self.model, self.encode(typed, n_rows), self.problem)


def compile_path(record: ModelRecord, pipeline: Any, golden: pd.DataFrame) -> tuple[FastPath | None, str]:
    """The compiled pipeline, if it gives the pipeline's own answers; and in words why, or why not.

    Args:
        record: What is known of the version.
        pipeline: Its fitted pipeline.
        golden: Feature rows, from which rows are made that try every category, missing and extreme values.
    """
    from sklearn.pipeline import Pipeline

    try:
        if type(pipeline) is not Pipeline or [name for name, _ in pipeline.steps] != ["prepare", "model"]:
            return None, f"{type(pipeline).__name__} is not compiled"
        encode = compile_encoder(pipeline.steps[0][1])
        path = FastPath(encode, compile_model(pipeline.steps[1][1], record.coding.problem), record.coding.problem)
        away = _distance(path, record, pipeline, probes(golden, record.columns, pipeline.steps[0][1]))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        return None, f"not compiled: {type(error).__name__}: {error}"
    if not away <= TOLERANCE:
        return None, f"compiled, but {away:.1e} away from the pipeline"
    return path, f"compiled, at most {away:.1e} away from the pipeline"


def _distance(path: FastPath, record: ModelRecord, pipeline: Any, typed: Mapping[str, Values]) -> float:
    n_rows = len(next(iter(typed.values())))
    expected = record.predict(pipeline, as_frame(typed, record.columns))
    together = path.predict(typed, n_rows)
    # One by one too: a single row takes other steps than many.
    alone = [path.predict({name: [values[i]] for name, values in typed.items()}, 1)[0] for i in range(n_rows)]
    if together.shape != expected.shape or not np.isfinite(expected).all():
        return float("nan")
    # Relative where predictions are large: sums of large numbers are not exact to begin with.
    size = np.maximum(1.0, np.abs(expected))
    return float(max((np.abs(found - expected) / size).max() for found in (together, np.array(alone))))


def probes(golden: pd.DataFrame, columns: FeatureColumns, encoder: Any) -> dict[str, Values]:
    """Golden rows, and beside them rows with each known category, an unseen one, and missing and extreme values."""
    base = typed_of(golden, columns)
    rows = [{name: values[i] for name, values in base.items()} for i in range(len(golden))]
    known = _known_categories(encoder)
    tried: list[dict[str, Any]] = []
    for name in columns.names:
        for k, value in enumerate(_tried(name, columns, known, base[name])):
            tried.append({**rows[k % len(rows)], name: value})
    everything = [*rows, *tried, {name: _missing(name, columns) for name in columns.names}]
    return {name: [row[name] for row in everything] for name in columns.names}


def typed_of(rows: pd.DataFrame, columns: FeatureColumns) -> dict[str, Values]:
    """Feature rows as `RequestContract.read` gives them."""
    typed = {name: rows[name].tolist() for name in columns.names}
    return typed | {name: rows[name].where(rows[name].notna(), None).tolist() for name in columns.categories}


def _tried(name: str, columns: FeatureColumns, known: Mapping[str, list[str]], seen: Values) -> Values:
    if name in columns.categories:
        return [None, UNSEEN, "", *known.get(name, [])[:MOST_TRIED]]
    if name in columns.texts:
        return ["", "some words that nobody has seen"]
    numbers = [value for value in seen if not math.isnan(value)] or [0.0]
    extreme = [min(numbers) - 1, max(numbers) + 1, 0.5 * (min(numbers) + max(numbers))]
    return [float("nan"), *extreme] if name in columns.dates else [float("nan"), -LARGEST, LARGEST, 0.0, *extreme]


def _missing(name: str, columns: FeatureColumns) -> Any:
    return None if name in columns.categories else "" if name in columns.texts else float("nan")


def _known_categories(encoder: Any) -> dict[str, list[str]]:
    known: dict[str, list[str]] = {}
    for _, part, names in encoder.transformers_:
        for name, values in zip(names, getattr(part, "categories_", ()), strict=False):
            known[str(name)] = [value for value in values if isinstance(value, str)]
    return known

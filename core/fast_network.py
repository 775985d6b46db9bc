"""The network of `core.networks` as direct numpy steps: holes filled, codes looked up, two layers and an end."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.crosses import n_codes
from core.fast_links import answers
from core.metrics import Floats


@dataclass(frozen=True, slots=True)
class Numbers:
    """Columns of numbers: a median for each hole, which columns tell that they had one, mean and scale."""

    columns: NDArray[np.intp]
    medians: Floats
    telling: NDArray[np.intp]
    mean: Floats
    scale: Floats

    def __call__(self, x: Floats) -> Floats:
        values = x[:, self.columns]
        holes = np.isnan(values)
        known = np.where(holes, self.medians, values)
        return np.asarray((np.concatenate([known, holes[:, self.telling]], axis=1) - self.mean) / self.scale)


@dataclass(frozen=True, slots=True)
class Codes:
    """A column of codes: a row of 0 and 1 for a hole, one for each code, and one for all others."""

    column: int
    table: Floats

    def __call__(self, x: Floats) -> Floats:
        codes = x[:, self.column]
        places = np.where(np.isnan(codes), 0, np.minimum(codes + 1, len(self.table) - 1))
        return np.asarray(self.table[places.astype(np.intp)])


@dataclass(frozen=True, slots=True)
class Layers:
    """Weights and biases from layer to layer; each but the last keeps what is positive."""

    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]
    problem: str

    def __call__(self, x: Floats) -> Floats:
        for weights, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            x = np.maximum(x @ weights + bias, 0)
        return answers(x @ self.weights[-1] + self.biases[-1], self.problem)


@dataclass(frozen=True, slots=True)
class Columns:
    """What the parts make of a row, side by side."""

    parts: tuple[Numbers | Codes, ...]

    def __call__(self, x: Floats) -> Floats:
        return np.concatenate([part(x) for part in self.parts], axis=1)


def layers_of(model: Any, problem: str) -> Layers:
    """A fitted MLPClassifier or MLPRegressor."""
    return Layers(tuple(model.coefs_), tuple(model.intercepts_), problem)


def columns_of(transformer: Any) -> Columns:
    """The fitted ColumnTransformer of `core.networks`."""
    parts: list[Numbers | Codes] = []
    for name, fitted, columns in transformer.transformers_:
        if name == "numbers":
            parts.append(numbers_of(fitted[0], fitted[1], columns))
        elif name == "codes":
            parts += _codes(fitted, columns)
    return Columns(tuple(parts))


def numbers_of(imputer: Any, scaler: Any, columns: list[int]) -> Numbers:
    """A fitted SimpleImputer that tells holes, and the scaler behind it."""
    telling = np.asarray(imputer.indicator_.features_, dtype=np.intp)
    return Numbers(np.asarray(columns, dtype=np.intp), imputer.statistics_, telling, scaler.mean_, scaler.scale_)


def _codes(encoder: Any, columns: list[int]) -> list[Codes]:
    # Asked column by column for a hole, each code, and one above all, which it cannot know.
    highest = max(int(np.nanmax(known, initial=0)) for known in encoder.categories_) + 1
    asked = np.concatenate([[np.nan], np.arange(0.0, highest + 1)])
    ends = np.cumsum([n_codes(encoder, place) for place in range(len(columns))])
    found = []
    for place, column in enumerate(columns):
        rows = np.full((len(asked), len(columns)), np.nan)
        rows[:, place] = asked
        made = np.asarray(encoder.transform(rows))
        found.append(Codes(column, made[:, ends[place - 1] if place else 0 : ends[place]]))
    return found

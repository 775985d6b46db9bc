"""A fitted encoder of `core.encoding` as direct numpy steps: the same numbers without a data frame.

Categories are looked up in tables that the fitted encoder itself has filled, so that its rules for rare, missing and
unseen ones are never written a second time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.metrics import Floats
from core.request_columns import Values

# No category of a table is so named.
UNSEEN = "\0unseen"
Typed = Mapping[str, Values]
Step = Callable[[Typed, int], Floats]


def compile_encoder(encoder: Any) -> "Encoding":
    """The steps of a fitted ColumnTransformer; from typed columns and their length to shape (n, n_encoded).

    Raises:
        TypeError: It is something else, or set otherwise.
    """
    from sklearn.compose import ColumnTransformer

    if type(encoder) is not ColumnTransformer or encoder.sparse_output_ or encoder.transformer_weights:
        raise TypeError(f"{type(encoder).__name__} is not compiled")
    steps: list[tuple[slice, Step]] = []
    width = 0
    for name, part, columns in encoder.transformers_:
        place = encoder.output_indices_[name]
        if part == "drop" or place.stop == place.start:
            continue
        steps.append((place, _step(part, columns)))
        width = max(width, place.stop)
    return Encoding(tuple(steps), width)


@dataclass(frozen=True, slots=True)
class Encoding:
    """All steps, each with the columns of the result that it fills."""

    steps: tuple[tuple[slice, Step], ...]
    width: int

    def __call__(self, typed: Typed, n_rows: int) -> Floats:
        encoded = np.empty((n_rows, self.width))
        for place, step in self.steps:
            encoded[:, place] = step(typed, n_rows)
        return encoded


def _step(part: Any, columns: Any) -> Step:
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder

    names = [columns] if isinstance(columns, str) else [str(name) for name in columns]
    kind = type(part)
    if kind is FunctionTransformer and part.func is None:
        return Numbers(tuple(names))
    if kind in (OrdinalEncoder, OneHotEncoder):
        return Lookups(tuple(names), _tables(part, names))
    if kind is Pipeline and (scaled := _scaled(part, names)):
        return scaled
    return Delegate(part, tuple(names), isinstance(columns, str))


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers as they are."""

    names: tuple[str, ...]

    def __call__(self, typed: Typed, n_rows: int) -> Floats:
        return np.array([typed[name] for name in self.names], dtype=np.float64).T


@dataclass(frozen=True, slots=True)
class Scaled:
    """Missing numbers filled, columns that tell where they were, and all of it scaled."""

    names: tuple[str, ...]
    fill: Floats
    told: tuple[int, ...]
    mean: Floats
    scale: Floats

    def __call__(self, typed: Typed, n_rows: int) -> Floats:
        raw = np.array([typed[name] for name in self.names], dtype=np.float64).T
        missing = np.isnan(raw)
        whole = np.where(missing, self.fill, raw)
        if self.told:
            whole = np.hstack([whole, missing[:, self.told]])
        return np.asarray((whole - self.mean) / self.scale)


@dataclass(frozen=True, slots=True)
class Lookups:
    """Each category's encoded values, by column; None is a missing one."""

    names: tuple[str, ...]
    tables: tuple[Mapping[str | None, Floats], ...]

    def __call__(self, typed: Typed, n_rows: int) -> Floats:
        if n_rows == 1:
            row = [
                table.get(typed[name][0], table[UNSEEN]) for name, table in zip(self.names, self.tables, strict=True)
            ]
            return np.concatenate(row)
        parts = []
        for name, table in zip(self.names, self.tables, strict=True):
            unseen = table[UNSEEN]
            parts.append(np.array([table.get(value, unseen) for value in typed[name]]))
        return np.hstack(parts)


@dataclass(frozen=True, slots=True)
class Delegate:
    """A fitted transformer as it is, on its own columns alone."""

    part: Any
    names: tuple[str, ...]
    one: bool

    def __call__(self, typed: Typed, n_rows: int) -> Floats:
        kinds = {
            name: np.array(typed[name], dtype=object if self._is_text(typed[name]) else float) for name in self.names
        }
        frame = pd.DataFrame(kinds)
        encoded = self.part.transform(frame[self.names[0]] if self.one else frame)
        return np.asarray(encoded.toarray() if hasattr(encoded, "toarray") else encoded, dtype=np.float64)

    def _is_text(self, values: Sequence[Any]) -> bool:
        return any(isinstance(value, str) for value in values)


def _scaled(part: Any, names: list[str]) -> Scaled | None:
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import StandardScaler

    steps = [step for _, step in part.steps]
    if [type(step) for step in steps] != [SimpleImputer, StandardScaler]:
        return None
    imputer, scaler = steps
    fill = np.asarray(imputer.statistics_, dtype=np.float64)
    if np.isnan(fill).any() or not (scaler.with_mean and scaler.with_std):
        return None
    told = tuple(int(i) for i in imputer.indicator_.features_) if imputer.add_indicator else ()
    return Scaled(tuple(names), fill, told, scaler.mean_, scaler.scale_)


def _tables(encoder: Any, names: list[str]) -> tuple[Mapping[str | None, Floats], ...]:
    known = [[str(value) if isinstance(value, str) else None for value in each] for each in encoder.categories_]
    # One column each for codes; for one-hot columns only the encoder knows how many are left of the rare ones.
    widths = getattr(encoder, "_n_features_outs", [1] * len(names))
    starts = np.concatenate(([0], np.cumsum(widths)))
    tables = []
    for i, values in enumerate(known):
        asked = list(dict.fromkeys([*values, None, UNSEEN]))
        probe = {name: [known[j][0]] * len(asked) for j, name in enumerate(names)} | {names[i]: asked}
        frame = pd.DataFrame(probe, dtype=object)
        encoded = np.asarray(encoder.transform(frame.where(frame.notna(), np.nan)), dtype=np.float64)
        tables.append(dict(zip(asked, encoded[:, starts[i] : starts[i + 1]], strict=True)))
    return tuple(tables)

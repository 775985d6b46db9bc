"""From raw columns to what an encoder makes of them, and how much the model leans on each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from core.encoding import CYCLES, TEXT_DIMENSIONS
from core.features import FeatureColumns

# A category of 200 levels becomes 200 columns: the record keeps the first few names, and their number.
N_NAMES = 5
CYCLE_NAMES = ("day", "week", "year")


@dataclass(frozen=True, slots=True)
class Derived:
    """One column of the encoded matrix, and the raw columns that it is made of."""

    name: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Feature:
    """A raw column on its way through the model.

    Attributes:
        column: The raw column.
        kind: number, category, date or text.
        origin: source, or what made the column: a lag, the custom step.
        derived: Names of the first encoded columns that are made of it.
        n_derived: How many there are.
        importance: Share of the model's importance, 0 to 1.
        dropped: Why the selection dropped it; empty where the model reads it.
    """

    column: str
    kind: str
    origin: str
    derived: tuple[str, ...]
    n_derived: int
    importance: float
    dropped: str = ""


@dataclass(frozen=True, slots=True)
class ReadColumns:
    """The columns that a model reads, and those that were dropped: name, kind, and why."""

    columns: FeatureColumns
    dropped: tuple[tuple[str, str, str], ...] = ()


def lineage(
    encoder: Any, read: ReadColumns, importance: Mapping[str, float], origins: Mapping[str, str]
) -> tuple[Feature, ...]:
    """What became of each raw column, the most important first.

    Args:
        encoder: Fitted, of `core.encoding.make_encoder`.
        read: What it reads, and what was dropped.
        importance: Share by raw column.
        origins: Of columns that are not in the source: what made them.
    """
    columns, derived = read.columns, derived_features(encoder)
    made: dict[str, list[str]] = {name: [] for name in columns.names}
    for feature in derived:
        for source in feature.sources:
            made[source].append(feature.name)
    rows = [
        Feature(
            name,
            columns.kind_of(name),
            origins.get(name, "source"),
            tuple(made[name][:N_NAMES]),
            len(made[name]),
            importance.get(name, 0.0),
        )
        for name in columns.names
    ]
    rows += [Feature(name, kind, origins.get(name, "source"), (), 0, 0.0, why) for name, kind, why in read.dropped]
    return tuple(sorted(rows, key=lambda row: (-row.importance, row.column)))


def derived_features(encoder: Any) -> tuple[Derived, ...]:
    """The columns of the encoded matrix, in their order."""
    return tuple(
        derived
        for part, fitted, read in encoder.transformers_
        if part != "remainder"
        for derived in _of_part(part, fitted, [read] if isinstance(read, str) else list(read))
    )


def _of_part(part: str, fitted: Any, columns: list[str]) -> Iterator[Derived]:
    if part.startswith("text "):
        yield from (Derived(f"{columns[0]}: topic {k + 1}", (columns[0],)) for k in range(TEXT_DIMENSIONS))
    elif part == "numbers":
        yield from _of_numbers(fitted, columns)
    elif part == "categories":
        yield from _of_categories(fitted, columns)
    elif part == "levels":
        yield from _of_levels(fitted[0], columns)
    elif part == "products":
        every = list(combinations(columns, 2))
        places = fitted[3].transformers_[0][2]
        yield from (Derived(" * ".join(every[i - len(columns)]), every[i - len(columns)]) for i in places)
    elif part == "dates":
        yield from _of_dates(columns)
    else:
        yield from (Derived(f"{name} is missing", (name,)) for name in columns)


def _of_numbers(fitted: Any, columns: list[str]) -> Iterator[Derived]:
    yield from (Derived(name, (name,)) for name in columns)
    imputer = fitted[0] if hasattr(fitted, "steps") else None
    if imputer is not None and imputer.indicator_ is not None:
        yield from (Derived(f"{columns[i]} is missing", (columns[i],)) for i in imputer.indicator_.features_)


def _of_categories(fitted: Any, columns: list[str]) -> Iterator[Derived]:
    if not hasattr(fitted, "drop_idx_"):
        yield from (Derived(f"{name}: code", (name,)) for name in columns)
        return
    rare = fitted.infrequent_categories_ if hasattr(fitted, "infrequent_categories_") else [None] * len(columns)
    for name, levels, folded in zip(columns, fitted.categories_, rare, strict=True):
        apart = set() if folded is None else set(folded)
        yield from (Derived(f"{name} = {level}", (name,)) for level in levels if level not in apart)
        if apart:
            yield Derived(f"{name} is rare", (name,))


def _of_levels(fitted: Any, columns: list[str]) -> Iterator[Derived]:
    if fitted.target_type_ != "multiclass":
        yield from (Derived(f"{name}: mean target", (name,)) for name in columns)
        return
    for name in columns:
        yield from (Derived(f"{name}: share of class {int(code) + 1}", (name,)) for code in fitted.classes_)


def _of_dates(columns: list[str]) -> Iterator[Derived]:
    yield from (Derived(f"{name}: elapsed days", (name,)) for name in columns)
    for (_, n_points), cycle in zip(CYCLES, CYCLE_NAMES, strict=True):
        yield from (
            Derived(f"{name}: place {k + 1} of {n_points} in the {cycle}", (name,))
            for name in columns
            for k in range(n_points)
        )

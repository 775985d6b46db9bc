"""All that is kept of a model's training for later checks, and how it is written: one compressed JSON document."""

import gzip
import json
import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.bins import CategoryCells, Cells, NumberCells
from core.blocks import Clock
from core.estimate import ErrorModel
from core.profile import ColumnProfile, Profile
from core.sketch import Sketch
from core.survey import Ints


@dataclass(frozen=True, slots=True)
class Reference:
    """What a window is compared with.

    Attributes:
        profile: Features and target of the rows of the training, and the scores of its test rows.
        errors: The loss by prediction on the test rows; None where it is not known.
        separations: How well stretches of the training rows are told from the rest; empty without time.
        metrics: On the test rows.
    """

    profile: Profile
    errors: ErrorModel | None
    separations: tuple[float, ...]
    metrics: dict[str, float]


def to_bytes(reference: Reference) -> bytes:
    """The document, the same bytes for the same reference."""
    document = {
        "unit_s": reference.profile.clock.unit_s,
        "columns": [_column_document(column) for _, column in sorted(reference.profile.columns.items())],
        "errors": asdict(reference.errors) if reference.errors else None,
        "separations": reference.separations,
        "metrics": reference.metrics,
    }
    return gzip.compress(json.dumps(document, separators=(",", ":")).encode(), mtime=0)


def from_bytes(content: bytes) -> Reference:
    """The reference that a document holds."""
    document = json.loads(gzip.decompress(content))
    columns = [_column(known) for known in document["columns"]]
    errors = document["errors"]
    return Reference(
        profile=Profile(Clock(document["unit_s"]), {f"{c.kind}:{c.column}": c for c in columns}),
        errors=ErrorModel(**errors | {"cells": _number(errors["cells"]), "losses": tuple(errors["losses"])})
        if errors
        else None,
        separations=tuple(document["separations"]),
        metrics=document["metrics"],
    )


def _column_document(column: ColumnProfile) -> dict[str, Any]:
    sketch = column.sketch
    return {
        "column": column.column,
        "kind": column.kind,
        "cells": asdict(column.cells),
        "sums": sketch.sums.tolist(),
        "squares": sketch.squares,
        "range": [end if math.isfinite(end) else None for end in (sketch.low, sketch.high)],
        "blocks": column.blocks.tolist(),
        # Most cells of most blocks are empty where a column has many levels: runs of zeros cost nothing when packed.
        "counts": column.counts.tolist(),
    }


def _column(known: dict[str, Any]) -> ColumnProfile:
    cells: Cells = _number(known["cells"]) if known["cells"]["kind"] == "number" else _category(known["cells"])
    counts = _ints(known["counts"]).reshape(-1, cells.n_cells)
    low, high = (
        end if value is None else value for value, end in zip(known["range"], (math.inf, -math.inf), strict=True)
    )
    sketch = Sketch(counts.sum(axis=0), _ints(known["sums"]), int(known["squares"]), low, high)
    return ColumnProfile(known["column"], known["kind"], cells, sketch, _ints(known["blocks"]), counts)


def _ints(values: list[Any]) -> Ints:
    return np.asarray(values, dtype=np.int64)


def _number(known: dict[str, Any]) -> NumberCells:
    return NumberCells(**known | {"edges": tuple(known["edges"])})


def _category(known: dict[str, Any]) -> CategoryCells:
    return CategoryCells(**known | {"levels": tuple(known["levels"]), "rare": tuple(known["rare"])})

"""The contract that a table keeps today, with some room for tomorrow."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from core.column_reading import is_text
from core.kinds import ColumnFinding

MOST_LISTED, ROWS_A_CATEGORY = 20, 20
USUAL_NULL_SHARE = 0.3


def first_contract(
    frame: pd.DataFrame, found: Sequence[ColumnFinding], key: tuple[str, ...], target: str, *, whole: bool
) -> dict[str, Any]:
    """Types, ranges, categories, nulls and uniqueness, as the `contract` of a YAML.

    Args:
        frame: The rows that were looked at.
        found: The kinds of the columns.
        key: Columns that together may not repeat.
        target: May be missing: labels come late.
        whole: Whether these are all rows; if not, only types are frozen, since the rest may hold anything else.
    """
    columns = {}
    for column in found:
        values = frame[column.name]
        if values.isna().all():
            continue
        rules = column_rules(values, column.kind, whole=whole)
        if column.name == target and whole:
            rules = {"type": rules["type"], "nullable": True}
        columns[column.name] = rules
    nulls = frame[list(columns)].isna().mean().max() if columns else 0.0
    return {
        "columns": columns,
        "max_null_share": min(1.0, max(USUAL_NULL_SHARE, math.ceil(nulls * 10 + 1) / 10)) if whole else 1.0,
        "unique": key if whole else (),
    }


def column_rules(values: pd.Series, kind: str, *, whole: bool) -> dict[str, Any]:
    """What a contract says of one column: type, range or categories, and whether values may be missing.

    Args:
        values: The column, not all of it missing.
        kind: As `find_kind` tells it.
        whole: Whether these are all rows; if not, only the type is frozen.
    """
    rules: dict[str, Any] = {"type": _type(values, kind, whole=whole)}
    if whole:
        rules |= _limits(values.dropna(), kind, rules["type"])
        rules["nullable"] = bool(values.isna().any())
    return rules


def positive_of(values: pd.Series) -> Any:
    """The class that is predicted: yes, true or 1 where there is one, else the rarer."""
    counts = values.dropna().value_counts()
    said = [
        value for value in counts.index if str(value).strip().lower() in ("yes", "y", "true", "t", "1", "1.0", "ja")
    ]
    rarest = [value for value in counts.index if counts[value] == counts.min()]
    chosen = said[0] if said else sorted(rarest, key=str)[-1]
    return chosen.item() if hasattr(chosen, "item") else chosen


def _type(values: pd.Series, kind: str, *, whole: bool) -> str:
    known = values.dropna()
    if kind == "datetime":
        return "datetime"
    if pd.api.types.is_bool_dtype(known) or (kind == "boolean" and not is_text(known)):
        return "boolean"
    if pd.api.types.is_numeric_dtype(known):
        # Whole numbers in a part of the rows need not be whole in the others.
        return "int" if whole and bool((known % 1 == 0).all()) else "float"
    return "category" if kind in ("category", "boolean") else "text"


def _limits(values: pd.Series, kind: str, type_: str) -> Mapping[str, Any]:
    if kind == "number" and values.nunique() > 1:
        low, high = float(values.min()), float(values.max())
        room = (high - low) * (0.5 if len(values) >= 1000 else 1.0)
        if math.isfinite(room):
            return {"min": 0.0 if low >= 0 else _outward(low - room), "max": _outward(high + room)}
    categories = sorted(values.unique().tolist(), key=str) if type_ == "category" else []
    # Every category must have had its chance to be seen, or the next batch brings a new one.
    if 0 < len(categories) <= MOST_LISTED and len(values) >= ROWS_A_CATEGORY * len(categories):
        return {"values": tuple(categories)}
    return {}


def _outward(limit: float) -> float:
    if limit == 0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(abs(limit))) - 1)
    rounded = math.floor(limit / step) if limit < 0 else math.ceil(limit / step)
    # 0.30000000000000004 is 0.3.
    return float(f"{rounded * step:.6g}")

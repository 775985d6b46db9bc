"""What kind of values a column holds, and why: number, category, text, datetime, boolean or id."""

import re
from dataclasses import dataclass

import pandas as pd

from core.column_reading import is_text

ID_NAME = re.compile(r"(?i)(^|[_\W])(id|uuid|guid|key|no|nr|number|code|index|idx)$")
CAMEL_ID = re.compile(r"[a-z](Id|ID|Key|No|Nr)$")
YES_AND_NO = tuple(
    frozenset(pair.split())
    for pair in ("no yes", "n y", "false true", "f t", "off on", "nein ja", "n j", "non oui", "0 1")
)
FEWEST_FOR_ID = 20


@dataclass(frozen=True, slots=True)
class ColumnFinding:
    """A column's kind, and what it was told by."""

    name: str
    kind: str
    why: str


def sounds_like_id(name: str) -> bool:
    """Whether a name is that of an identifier: `id`, `customer_id`, `PassengerId`, `order no`."""
    return bool(ID_NAME.search(name.strip()) or CAMEL_ID.search(name.strip()))


def find_kind(column: pd.Series) -> ColumnFinding:
    """The kind of a column."""
    values = column.dropna()
    kind, why = _kind(values, str(column.name)) if len(values) else ("number", f"all {len(column)} rows are empty")
    n_missing = len(column) - len(values)
    return ColumnFinding(str(column.name), kind, why + (f"; {n_missing} missing" if n_missing and len(values) else ""))


def _kind(values: pd.Series, name: str) -> tuple[str, str]:
    if pd.api.types.is_bool_dtype(values) or set(values.head(100).map(type)) == {bool}:
        return "boolean", "true or false"
    if pd.api.types.is_datetime64_any_dtype(values):
        return "datetime", f"moments from {values.min():%Y-%m-%d} to {values.max():%Y-%m-%d}"
    if pd.api.types.is_numeric_dtype(values):
        return _kind_of_numbers(values, name)
    return _kind_of_texts(values.astype(str) if not is_text(values) else values, name)


def _kind_of_numbers(values: pd.Series, name: str) -> tuple[str, str]:
    n_values = values.nunique()
    if n_values == 2 and set(values.unique()) == {0, 1}:
        return "boolean", "0 or 1"
    whole = bool((values % 1 == 0).all())
    if whole and n_values == len(values) >= FEWEST_FOR_ID:
        if sounds_like_id(name):
            return "id", f"every row has its own whole number, and the name '{name}' says so"
        if values.is_monotonic_increasing and values.max() - values.min() == len(values) - 1:
            return "id", f"it counts the rows from {values.min():g} to {values.max():g}"
    return "number", f"{n_values} {'whole ' * whole}numbers from {values.min():g} to {values.max():g}"


def _kind_of_texts(values: pd.Series, name: str) -> tuple[str, str]:
    n_values = values.nunique()
    if n_values == 2 and frozenset(values.str.strip().str.lower().unique()) in YES_AND_NO:
        return "boolean", " or ".join(sorted(values.unique()))
    n_words = float(values.head(5000).str.count(r"\S+").mean())
    own = n_values / len(values)
    if n_words < 2 and len(values) >= FEWEST_FOR_ID and (own > 0.98 or (own > 0.9 and sounds_like_id(name))):
        return "id", f"{n_values} different values in {len(values)} rows"
    if n_words >= 3 and own > 0.3 and n_values > FEWEST_FOR_ID:
        return "text", f"{n_words:.0f} words a row, {n_values} of {len(values)} rows differ"
    shown = ", ".join(values.value_counts().head(3).index.astype(str).str.slice(0, 20))
    return "category", f"{n_values} different values, most often {shown}"

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
NEARLY_UNIQUE = 0.99
# Strings of several words are text, which may teach; names and codes have one or two.
MOST_ID_WORDS = 2.5
# Numbers given one after another leave few holes; sorted measurements leave many.
WIDEST_COUNT = 10
COUNT_ROWS = "count the rows"
NAMES_ROWS = "names rows instead of describing them"
N_WORDS_COUNTED = 1000


@dataclass(frozen=True, slots=True)
class ColumnFinding:
    """A column's kind, and what it was told by."""

    name: str
    kind: str
    why: str


def sounds_like_id(name: str) -> bool:
    """Whether a name is that of an identifier: `id`, `customer_id`, `PassengerId`, `order no`."""
    return bool(ID_NAME.search(name.strip()) or CAMEL_ID.search(name.strip()))


def names_rows(values: pd.Series, name: str) -> str | None:
    """How a column's values tell rows apart instead of describing them; None where they do not.

    Args:
        values: None of them missing.
        name: The column's.
    """
    types = pd.api.types
    if len(values) < FEWEST_FOR_ID or types.is_bool_dtype(values) or types.is_datetime64_any_dtype(values):
        return None
    n_values = values.nunique()
    if n_values < NEARLY_UNIQUE * len(values):
        return None
    told = f"{n_values:,} values in {len(values):,} rows"
    if types.is_numeric_dtype(values):
        counted = _counted(values, name)
        return None if counted is None else told + counted
    n_words = values.head(N_WORDS_COUNTED).astype(str).str.count(r"\s+").mean() + 1
    return told if n_words <= MOST_ID_WORDS else None


def _counted(values: pd.Series, name: str) -> str | None:
    if bool((values % 1 != 0).any()):
        return None
    span = float(values.max()) - float(values.min()) + 1
    if sounds_like_id(name) or span <= 1.01 * len(values):
        return "" if sounds_like_id(name) else f", which {COUNT_ROWS}"
    return ", counted up" if bool(values.is_monotonic_increasing) and span <= WIDEST_COUNT * len(values) else None


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
    if (told := names_rows(values, name)) is not None:
        return "id", told
    if n_values == 1:
        return "number", f"always {values.iloc[0]:g}"
    whole = bool((values % 1 == 0).all())
    return "number", f"{n_values} {'whole ' * whole}numbers from {values.min():g} to {values.max():g}"


def _kind_of_texts(values: pd.Series, name: str) -> tuple[str, str]:
    n_values = values.nunique()
    if n_values == 2 and frozenset(values.str.strip().str.lower().unique()) in YES_AND_NO:
        return "boolean", " or ".join(sorted(values.unique()))
    n_words = float(values.head(5000).str.count(r"\S+").mean())
    if (told := names_rows(values, name)) is not None:
        return "id", told
    if n_words >= 3 and n_values > 0.3 * len(values) and n_values > FEWEST_FOR_ID:
        return "text", f"{n_words:.0f} words a row, {n_values} of {len(values)} rows differ"
    shown = ", ".join(values.value_counts().head(3).index.astype(str).str.slice(0, 20))
    return "category", f"{n_values} different values, most often {shown}"

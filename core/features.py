"""Which raw columns are features, and their values in the types that encoders expect."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import DataRejected
from core.metrics import Floats
from core.values import text_of

MOST_CATEGORIES = 200
# A text that stands in so many rows on average is a category, however many there are.
ROWS_A_LEVEL = 4
# Fewer levels of a category are nowhere many.
FEW_LEVELS = 100
KINDS = ("number", "category", "date", "text")
DECLARED_KINDS = {"float": "number", "int": "number", "boolean": "number", "category": "category", "datetime": "date"}
# Prose has more different words than this; fewer cannot be told apart in `core.encoding.TEXT_DIMENSIONS` dimensions.
FEWEST_WORDS = 40
N_LOOKED_AT = 2000
LARGEST = 1e30
# What pandas.api.types.infer_dtype says of a column of objects.
HELD_NUMBERS = frozenset({"decimal", "integer", "floating", "mixed-integer-float", "boolean"})
HELD_CATEGORIES = frozenset({"string", "categorical", "mixed-integer"})


@dataclass(frozen=True, slots=True)
class FeaturePlan:
    """What decides which columns are features and how they are encoded.

    Attributes:
        excluded: Columns that are never features: target, key, time, group, dropped ones.
        declared: Column types of the contract, as name and type pairs.
        rare_share: Categories rarer than this share of the training rows are folded into one.
        recipes: The encodings that the searched families and the baselines need.
        dates, text: Whether moments and free texts become features.
        interactions: At most so many products of two numbers; the most telling ones are chosen.
        pairs: These products instead.
        selection: Whether columns that tell nothing are dropped.
        seed: Of what selection and interactions look at.
        ranked: Recipes whose families ask which encoded columns interact.
    """

    excluded: tuple[str, ...]
    declared: tuple[tuple[str, str], ...]
    rare_share: float
    recipes: tuple[str, ...]
    dates: bool = True
    text: bool = True
    interactions: int = 0
    pairs: tuple[tuple[str, str], ...] = ()
    selection: bool = False
    seed: int = 0
    ranked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FeatureColumns:
    """The raw columns that a model reads, by how they are encoded.

    Attributes:
        pairs: Numbers whose product is read too.
        levels: Of categories that have more than FEW_LEVELS: how many there are in the training rows.
    """

    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    dates: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    levels: tuple[tuple[str, int], ...] = ()

    def with_levels(self, most: int, *, more: bool) -> list[str]:
        """Categories of up to so many levels, or those that have more."""
        n_levels = dict(self.levels)
        return [name for name in self.categories if (n_levels.get(name, 0) > most) == more]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, in the order of the encoded columns."""
        return self.numbers + self.categories + self.dates + self.texts

    def kind_of(self, name: str) -> str:
        """number, category, date or text."""
        by_kind = zip(KINDS, (self.numbers, self.categories, self.dates, self.texts), strict=True)
        return next(kind for kind, names in by_kind if name in names)


def feature_columns(train: pd.DataFrame, plan: FeaturePlan) -> FeatureColumns:
    """Choose features: every column that the plan does not exclude.

    Columns without a value, and text that is all different without being prose (names, codes), are left out.

    Raises:
        DataRejected: Nothing is left.
    """
    declared, names = dict(plan.declared), [name for name in train.columns if str(name) not in plan.excluded]
    kinds = {str(name): _kind(train[name], declared.get(str(name))) for name in names}
    of_kind = {wanted: tuple(sorted(name for name, kind in kinds.items() if kind == wanted)) for wanted in KINDS}
    chosen = FeatureColumns(
        numbers=of_kind["number"],
        categories=of_kind["category"],
        dates=of_kind["date"] if plan.dates else (),
        texts=of_kind["text"] if plan.text else (),
        levels=tuple((name, n) for name in of_kind["category"] if (n := _n_levels(train[name])) > FEW_LEVELS),
    )
    if not chosen.names:
        raise DataRejected(
            "no column is left to learn from",
            f"of {len(train.columns)} columns all are target, key, time, group, dropped, empty or all different",
            "drop fewer columns in `features.drop`",
        )
    return chosen


def _kind(column: pd.Series, declared: str | None) -> str:
    if column.isna().all():
        return "none"
    if declared is not None and declared != "text":
        return DECLARED_KINDS[declared]
    held = pd.api.types.infer_dtype(column, skipna=True)
    if pd.api.types.is_numeric_dtype(column) or held in HELD_NUMBERS:
        return "number"
    if pd.api.types.is_datetime64_any_dtype(column):
        return "date"
    return _kind_of_text(column, declared) if held in HELD_CATEGORIES else "none"


def _kind_of_text(column: pd.Series, declared: str | None) -> str:
    if declared is None and column.nunique() <= max(MOST_CATEGORIES, len(column) // ROWS_A_LEVEL):
        return "category"
    return "text" if _is_prose(column) else "none"


def _n_levels(column: pd.Series) -> int:
    plain = pd.api.types.infer_dtype(column, skipna=True) == "string"
    return int((column if plain else _as_text(column)).nunique())


def _is_prose(column: pd.Series) -> bool:
    # Mostly different single words are names or codes: they teach nothing, and neither would their pieces.
    texts = column.dropna().astype(str).head(N_LOOKED_AT)
    words = [re.findall(r"\w\w+", text.lower()) for text in texts]
    return sum(map(len, words)) > 2 * len(words) and len({word for row in words for word in row}) >= FEWEST_WORDS


def feature_frame(frame: pd.DataFrame, columns: FeatureColumns) -> pd.DataFrame:
    """The feature columns in the types that encoders expect: numbers as float64, categories and prose as text.

    A moment is its days since 1970 (UTC). Missing and infinite numbers, missing moments and categories become NaN,
    missing prose an empty text. What a row becomes depends on that row alone.

    Raises:
        DataRejected: A column is not there, or holds text where numbers are expected.
    """
    by_text = {str(name): frame[name] for name in frame.columns}
    absent = [name for name in columns.names if name not in by_text]
    if absent:
        raise DataRejected(
            f"the feature '{absent[0]}' is missing",
            f"the columns are {', '.join(list(by_text)[:20])}",
            "give all columns that the model was trained on",
        )
    ready: dict[str, Floats | pd.Series] = {name: _as_numbers(by_text[name]) for name in columns.numbers}
    ready |= {name: _as_text(by_text[name]) for name in columns.categories}
    ready |= {name: _as_days(by_text[name]) for name in columns.dates}
    ready |= {name: _as_text(by_text[name]).fillna("") for name in columns.texts}
    return pd.DataFrame(ready, index=frame.index)


def _as_numbers(column: pd.Series) -> Floats:
    try:
        numbers = column.to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise DataRejected(
            f"the column '{column.name}' does not hold numbers",
            " ".join(str(error).split())[:200],
            "correct the values, or drop the column in `features.drop`",
        ) from error
    # Forests reckon in single precision, where a larger number is infinite and refused.
    return np.where(np.isfinite(numbers), np.clip(numbers, -LARGEST, LARGEST), np.nan)


def _as_days(column: pd.Series) -> Floats:
    try:
        # In microseconds: in nanoseconds time ends in 2262.
        moments = pd.to_datetime(column, utc=True).dt.as_unit("us")
        days = (moments - pd.Timestamp(0, tz="UTC").as_unit("us")) / pd.Timedelta(days=1).as_unit("us")
    except (TypeError, ValueError, ArithmeticError) as error:
        raise DataRejected(
            f"the column '{column.name}' does not hold moments",
            " ".join(str(error).split())[:200],
            "correct the values, or drop the column in `features.drop`",
        ) from error
    return np.asarray(days, dtype=np.float64)


def _as_text(column: pd.Series) -> pd.Series:
    texts = [np.nan if missing else text_of(value) for value, missing in zip(column, column.isna(), strict=True)]
    return pd.Series(texts, index=column.index, dtype=object)

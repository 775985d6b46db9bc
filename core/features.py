"""From raw columns to what estimators read: which columns are features, and one encoder a recipe."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from core.errors import DataRejected
from core.metrics import Floats
from core.values import text_of

MOST_CATEGORIES = 200
DECLARED_KINDS = {"float": "number", "int": "number", "boolean": "number", "category": "category"}
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
    """

    excluded: tuple[str, ...]
    declared: tuple[tuple[str, str], ...]
    rare_share: float
    recipes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FeatureColumns:
    """The raw columns that a model reads, by how they are encoded."""

    numbers: tuple[str, ...]
    categories: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, in the order of the encoded columns."""
        return self.numbers + self.categories


def feature_columns(train: pd.DataFrame, plan: FeaturePlan) -> FeatureColumns:
    """Choose features: every column that the plan does not exclude.

    Dates, free text and columns without a value are left out.

    Raises:
        DataRejected: Nothing is left.
    """
    declared, names = dict(plan.declared), [name for name in train.columns if str(name) not in plan.excluded]
    kinds = {str(name): _kind(train[name], declared.get(str(name))) for name in names}
    chosen = FeatureColumns(
        numbers=tuple(sorted(name for name, kind in kinds.items() if kind == "number")),
        categories=tuple(sorted(name for name, kind in kinds.items() if kind == "category")),
    )
    if not chosen.names:
        raise DataRejected(
            "no column is left to learn from",
            f"of {len(train.columns)} columns all are target, key, time, group, dropped, dates, text or empty",
            "drop fewer columns in `features.drop`",
        )
    return chosen


def _kind(column: pd.Series, declared: str | None) -> str:
    if column.isna().all():
        return "none"
    if declared is not None:
        return DECLARED_KINDS.get(declared, "none")
    if pd.api.types.is_numeric_dtype(column):
        return "number"
    held = pd.api.types.infer_dtype(column, skipna=True)
    if held in HELD_NUMBERS:
        return "number"
    # Mostly different values are names or free text: a category of one row teaches nothing.
    few = held in HELD_CATEGORIES and column.nunique() <= max(MOST_CATEGORIES, len(column) // 20)
    return "category" if few else "none"


def make_encoder(recipe: str, columns: FeatureColumns, rare_share: float) -> Any:
    """An unfitted scikit-learn transformer from raw rows to a dense float array.

    Args:
        recipe: A key of RECIPES.
        columns: What it reads; other columns are ignored, their order does not matter.
        rare_share: Categories rarer than this share of the training rows are folded into one.
    """
    from sklearn.compose import ColumnTransformer

    numbers, categories = RECIPES[recipe](rare_share)
    parts = [("numbers", numbers, list(columns.numbers)), ("categories", categories, list(columns.categories))]
    return ColumnTransformer([part for part in parts if part[2]], sparse_threshold=0)


def categorical_positions(recipe: str, columns: FeatureColumns) -> tuple[int, ...]:
    """Which encoded columns hold category codes."""
    return tuple(range(len(columns.numbers), len(columns.names))) if recipe == "trees" else ()


def feature_frame(frame: pd.DataFrame, columns: FeatureColumns) -> pd.DataFrame:
    """The feature columns in the types that encoders expect: numbers as float64, categories as text.

    Missing and infinite numbers and missing categories become NaN. What a row becomes depends on that row alone.

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
    numbers = {name: _as_numbers(by_text[name]) for name in columns.numbers}
    return pd.DataFrame(numbers | {name: _as_text(by_text[name]) for name in columns.categories}, index=frame.index)


def _as_numbers(column: pd.Series) -> Floats:
    try:
        numbers = column.to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise DataRejected(
            f"the column '{column.name}' does not hold numbers",
            " ".join(str(error).split())[:200],
            "correct the values, or drop the column in `features.drop`",
        ) from error
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _as_text(column: pd.Series) -> pd.Series:
    texts = [np.nan if missing else text_of(value) for value, missing in zip(column, column.isna(), strict=True)]
    return pd.Series(texts, index=column.index, dtype=object)


def _for_trees(rare_share: float) -> tuple[Any, Any]:
    from sklearn.preprocessing import OrdinalEncoder

    # Trees read missing values as they are; -1 is read as missing too, so an unseen category is no surprise.
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=-1,
        encoded_missing_value=-1,
        min_frequency=rare_share or None,
        max_categories=MOST_CATEGORIES,
    )
    return "passthrough", codes


def _for_linear(rare_share: float) -> tuple[Any, Any]:
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    one_hot = OneHotEncoder(
        handle_unknown="infrequent_if_exist",
        min_frequency=rare_share or None,
        max_categories=MOST_CATEGORIES,
        sparse_output=False,
    )
    return numbers, one_hot


RECIPES: Mapping[str, Callable[[float], tuple[Any, Any]]] = MappingProxyType(
    {
        "trees": _for_trees,
        "linear": _for_linear,
    }
)

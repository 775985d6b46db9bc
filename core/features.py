"""From raw columns to what estimators read: which columns are features, and one encoder a recipe."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from core.errors import DataRejected

MOST_CATEGORIES = 200


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
    declared = dict(plan.declared)
    kinds = {str(name): _kind(train[name], declared.get(name)) for name in train.columns if name not in plan.excluded}
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
        return {"float": "number", "int": "number", "boolean": "number", "category": "category"}.get(declared, "none")
    if pd.api.types.is_numeric_dtype(column):
        return "number"
    if pd.api.types.is_datetime64_any_dtype(column) or pd.api.types.is_timedelta64_dtype(column):
        return "none"
    # Mostly different values are names or free text: a category of one row teaches nothing.
    return "category" if column.nunique() <= max(MOST_CATEGORIES, len(column) // 20) else "none"


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
    """The feature columns in the types that encoders expect: numbers as float64, categories as text or None."""
    numbers = {name: frame[name].to_numpy(np.float64, na_value=np.nan) for name in columns.numbers}
    return pd.DataFrame(numbers | {name: _as_text(frame[name]) for name in columns.categories}, index=frame.index)


def _as_text(column: pd.Series) -> pd.Series:
    return column.astype(object).where(column.notna(), None).map(str, na_action="ignore")


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

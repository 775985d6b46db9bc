"""One encoder a recipe: from feature rows to the dense array that a family reads, of scikit-learn's own parts only."""

from collections.abc import Callable, Mapping
from itertools import combinations
from types import MappingProxyType
from typing import Any

import numpy as np

from core.features import FEW_LEVELS, MOST_CATEGORIES, FeatureColumns

# Days in a cycle, and how many points of it are told apart.
CYCLES = ((1.0, 6), (7.0, 7), (365.25, 6))
TEXT_DIMENSIONS = 16
MOST_WORDS = 5000
N_FOLDS = 5
# A category of more levels is read as a mean of the target. Columns of 0 and 1 do as well up to here, and codes up to
# what gradient boosting tells apart.
MOST_LEVELS: Mapping[str, int] = MappingProxyType({"trees": MOST_CATEGORIES, "linear": FEW_LEVELS})


def make_encoder(recipe: str, columns: FeatureColumns, rare_share: float, problem: str = "binary") -> Any:
    """An unfitted scikit-learn transformer from feature rows to a dense float array.

    Fitted with `fit_transform(rows, y)`, y as `core.target` codes it: a category of many levels becomes its rows' mean
    of y, and for the training rows themselves the mean of other rows, so that no row is told its own target.

    Args:
        recipe: A key of RECIPES.
        columns: What it reads; other columns are ignored, their order does not matter.
        rare_share: Categories rarer than this share of the training rows are folded into one.
        problem: Of several classes, each has a mean of its own.
    """
    from sklearn.compose import ColumnTransformer

    numbers, categories = RECIPES[recipe](rare_share)
    parts: list[tuple[str, Any, str | list[str]]] = [
        ("numbers", numbers, list(columns.numbers)),
        ("categories", categories, columns.with_levels(MOST_LEVELS[recipe], more=False)),
        ("levels", _means(problem), columns.with_levels(MOST_LEVELS[recipe], more=True)),
    ]
    parts += _date_parts(columns.dates)
    if columns.pairs:
        parts.append(("products", *_products(columns.pairs)))
    parts += [(f"text {name}", _text(), name) for name in columns.texts]
    return ColumnTransformer([part for part in parts if part[2]], sparse_threshold=0)


def categorical_positions(recipe: str, columns: FeatureColumns) -> tuple[int, ...]:
    """Which encoded columns hold category codes."""
    first, n_codes = len(columns.numbers), len(columns.with_levels(MOST_LEVELS[recipe], more=False))
    return tuple(range(first, first + n_codes)) if recipe == "trees" else ()


def _means(problem: str) -> Any:
    """Levels that training did not know, missing ones among them, become the mean of all rows."""
    from sklearn.model_selection import KFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler, TargetEncoder

    # The mean of 0 and 1 is the share of the positive class.
    kind = "multiclass" if problem == "multiclass" else "continuous"
    others = KFold(N_FOLDS, shuffle=True, random_state=0)
    return make_pipeline(TargetEncoder(target_type=kind, cv=others), StandardScaler())


def _date_parts(dates: tuple[str, ...]) -> list[tuple[str, Any, str | list[str]]]:
    """A moment as elapsed days, and its place in the day, the week and the year.

    A place in a cycle is a few triangle waves, a periodic spline of degree 1: midnight lies beside 23 h for linear
    models, and trees can cut any stretch of the cycle.
    """
    from sklearn.impute import MissingIndicator, SimpleImputer
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.preprocessing import SplineTransformer, StandardScaler

    waves = [
        SplineTransformer(degree=1, extrapolation="periodic", knots=_knots(length, n_points, len(dates)))
        for length, n_points in CYCLES
    ]
    known = make_pipeline(SimpleImputer(strategy="median"), make_union(StandardScaler(), *waves))
    return [("dates", known, list(dates)), ("dates missing", MissingIndicator(features="all"), list(dates))]


def _knots(length: float, n_points: int, n_columns: int) -> Any:
    return np.repeat(np.linspace(0, length, n_points + 1)[:, np.newaxis], n_columns, axis=1)


def _products(pairs: tuple[tuple[str, str], ...]) -> tuple[Any, list[str]]:
    """Products of centred numbers, so that a product says what its factors do not, and the columns they read."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    names = sorted({name for pair in pairs for name in pair})
    every = list(combinations(names, 2))
    wanted = [len(names) + every.index((min(pair), max(pair))) for pair in pairs]
    return make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True),
        StandardScaler(),
        PolynomialFeatures(2, interaction_only=True, include_bias=False),
        ColumnTransformer([("wanted", "passthrough", wanted)]),
        StandardScaler(),
    ), names


def _text() -> Any:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline

    return make_pipeline(
        TfidfVectorizer(max_features=MOST_WORDS, sublinear_tf=True), TruncatedSVD(TEXT_DIMENSIONS, random_state=0)
    )


def _for_trees(rare_share: float) -> tuple[Any, Any]:
    from sklearn.preprocessing import OrdinalEncoder

    # Trees read missing values as they are, of numbers and of codes; an unseen category is a missing one.
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
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
    {"trees": _for_trees, "linear": _for_linear}
)

"""A linear model of cells: each column cut into bins, and the crosses of the pairs that interact, each with a weight.

The wide part of Cheng et al. (Wide and deep learning for recommender systems, 2016, section 3.1), which is told what to
cross by the ranking of `core.pairs`. Where categories have effects of their own, and so have some of their pairs, it is
the model of the table itself: the race's shops in `benchmarks/tuning`. Of scikit-learn's own parts only.
"""

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from core.hist_boosting import PAIRS
from core.metrics import Floats

if TYPE_CHECKING:
    from core.families import Params
    from core.rows import Watched

# Into how many bins a column of numbers is cut at most; one of few values, as hours or weekdays are, is not cut.
BINS = "bins"
FEW_VALUES = 32
# Rarer categories share a cell.
MOST_LEVELS = 128
# Below all numbers: a hole falls into the lowest bin; what a hole means by itself has a column of its own.
BELOW = -1e300
# The steps of the pipeline, and the parts of its first.
CELLS, CROSSES, LINEAR = "cells", "crosses", "linear"
SCALED, CUT, CODES, ALONE = "scaled", "cut", "codes", "alone"
# That a column of many equal values has fewer bins is as it should be.
warnings.filterwarnings("ignore", "Bins whose width are too small", UserWarning)


def build_crossed(params: "Params", problem: str, seed: int) -> Any:
    """An unfitted pipeline; which columns are cut and crossed is told by `watch_crossed`."""
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import KBinsDiscretizer

    if problem == "regression":
        linear = Ridge(alpha=1 / params["C"], solver="sparse_cg", random_state=seed)
    else:
        # Cells differ much in how many rows they hold: L-BFGS stops before it has found their weights, or needs long.
        linear = LogisticRegression(C=params["C"], solver="newton-cg", random_state=seed)
    cut = KBinsDiscretizer(params[BINS], quantile_method="averaged_inverted_cdf", random_state=seed)
    # Until then, as many empty parts as pairs are wanted.
    empty = ColumnTransformer([(_name(place), "drop", []) for place in range(params[PAIRS])])
    return Pipeline([(CELLS, cut), (CROSSES, empty), (LINEAR, linear)])


def watch_crossed(estimator: Any, rows: "Watched") -> dict[str, Any]:
    """Fit the cells, and lay out the crosses of the most telling pairs over them."""
    from sklearn.compose import ColumnTransformer
    from sklearn.frozen import FrozenEstimator
    from sklearn.preprocessing import PolynomialFeatures

    cells = _cells(estimator[CELLS], rows).fit(rows.train.x)
    places, n_cells = places_of(cells)
    products = PolynomialFeatures((2, 2), interaction_only=True, include_bias=False)
    pairs = rows.train.pairs[: len(estimator[CROSSES].transformers)]
    crossed = [(_name(n), products, [*places[i], *places[j]]) for n, (i, j) in enumerate(pairs)]
    crosses = ColumnTransformer([(ALONE, "passthrough", list(range(n_cells))), *crossed], sparse_threshold=1.0)
    estimator.set_params(**{CELLS: FrozenEstimator(cells), CROSSES: crosses})
    return {}


def _cells(cut: Any, rows: "Watched") -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = [column for column in range(rows.x.shape[1]) if column not in rows.categorical]
    levels = [column for column in numbers if _n_values(rows.train.x[:, column]) <= FEW_VALUES]
    scaled = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), StandardScaler()
    )
    cut = make_pipeline(SimpleImputer(strategy="constant", fill_value=BELOW), cut)
    codes = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MOST_LEVELS)
    parts = [
        (SCALED, scaled, numbers),
        (CUT, cut, [column for column in numbers if column not in levels]),
        (CODES, codes, sorted([*rows.categorical, *levels])),
    ]
    return ColumnTransformer([part for part in parts if part[2]], sparse_threshold=1.0)


def _n_values(values: Floats) -> int:
    # Most columns of many values tell so by their first rows, without a sort of all.
    first = np.unique(values[: 32 * FEW_VALUES])
    return len(first if len(first) > FEW_VALUES else np.unique(values))


def places_of(cells: Any) -> tuple[dict[int, list[int]], int]:
    """Which cells of the fitted first step each column is cut into, and how many there are of all columns."""
    places: dict[int, list[int]] = {}
    for name, fitted, columns in cells.transformers_:
        start = cells.output_indices_[name].start
        if name == SCALED:
            continue
        widths = fitted[-1].n_bins_ if name == CUT else [n_codes(fitted, place) for place in range(len(columns))]
        for column, width in zip(columns, widths, strict=True):
            places[column] = list(range(start, start + int(width)))
            start += int(width)
    return places, max(each.stop for each in cells.output_indices_.values())


def n_codes(encoder: Any, place: int) -> int:
    """How many columns of 0 and 1 a fitted OneHotEncoder makes of one."""
    rare = encoder.infrequent_categories_[place]
    return len(encoder.categories_[place]) - (len(rare) - 1 if rare is not None else 0)


def _name(place: int) -> str:
    return f"pair {place}"

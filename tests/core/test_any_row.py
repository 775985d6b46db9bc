"""Whatever stands in a column when a model predicts, the answer is a number or a refusal in words."""

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.encoding import categorical_positions, make_encoder
from core.errors import DataRejected
from core.families import FAMILIES
from core.features import FeaturePlan, feature_columns, feature_frame
from core.fitting import Learning, Rows, fit_family, pack, predict

N = 240
TRAIN = pd.DataFrame(
    {
        "n": np.linspace(0, 1, N),
        "m": np.where(np.arange(N) % 4 == 0, np.nan, np.arange(N)),
        "plan": [["basic", "plus", "pro"][i % 3] for i in range(N)],
        "holes": [["a", None][i % 2] for i in range(N)],
        "at": pd.date_range("2026-01-01", periods=N, freq="7h"),
        "said": [f"the {'abcde'[i % 5]}x cat sat on {i % 60}u mats w{i % 50} x{i}" for i in range(N)],
    }
)
COLUMNS = feature_columns(TRAIN, FeaturePlan((), (), 0.01, ()))
MODELS = ("hist_gradient_boosting", "random_forest", "logistic_regression", "nearest_neighbors", "crossed_linear")


@lru_cache
def pipeline(family: str) -> object:
    kind, y = FAMILIES[family], (np.arange(N) % 3 == 0).astype(float)
    encoder = make_encoder(kind.recipe, COLUMNS, 0.01)
    x = np.asarray(encoder.fit_transform(feature_frame(TRAIN, COLUMNS)))
    rows = Rows(x, y, categorical_positions(kind.recipe, COLUMNS))
    return pack(encoder, fit_family(kind, kind.start, Learning("y", "binary", "roc_auc", 0), (rows, rows)))


ANYTHING = st.one_of(
    st.none(),
    st.just(pd.NaT),
    st.just(pd.NA),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=12),
    st.decimals(allow_nan=False),
    st.dates(),
    st.datetimes(),
    st.binary(max_size=4),
    st.lists(st.integers(), max_size=2),
)


@pytest.mark.parametrize("family", MODELS)
@given(
    name=st.sampled_from(COLUMNS.names),
    values=st.lists(ANYTHING, min_size=1, max_size=3),
    order=st.permutations(range(6)),
)
@settings(deadline=None, max_examples=25)
def test_no_value_of_any_column_crashes_a_model(family, name, values, order):
    rows = TRAIN.head(len(values)).astype({name: object})
    rows[name] = pd.Series(values, dtype=object)
    rows = rows[[TRAIN.columns[i] for i in order]]
    try:
        found = predict(pipeline(family), feature_frame(rows, COLUMNS), "binary")
    except DataRejected:
        # Only a number and a moment can be wrong; every other value is a category or a text that was not seen before.
        assert name in ("n", "m", "at")
        return
    assert ((found >= 0) & (found <= 1)).all()


@pytest.mark.parametrize("family", MODELS)
@pytest.mark.parametrize("name", COLUMNS.names)
def test_column_that_is_empty_in_all_rows_is_predicted_from_the_others(family, name):
    rows = TRAIN.head(5).assign(**{name: None})
    assert np.isfinite(predict(pipeline(family), feature_frame(rows, COLUMNS), "binary")).all()

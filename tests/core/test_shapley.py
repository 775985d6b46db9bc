from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from core.encoding import make_encoder
from core.features import FeaturePlan, feature_columns, feature_frame
from core.fitting import pack
from core.importance import EncodedModel, behind_encoder
from core.shapley import N_PLAYERS, N_ROWS, explain

N = 400
RANDOM = np.random.default_rng(0)
ROWS = pd.DataFrame({"strong": RANDOM.normal(size=N), "weak": RANDOM.normal(size=N), "none": RANDOM.normal(size=N)})
SHARES = {"strong": 0.9, "weak": 0.1, "none": 0.0}
NAMES = tuple((name,) for name in ROWS)
LINEAR = EncodedModel(lambda rows: rows.to_numpy(float), lambda x: 3 * x[:, 0] - x[:, 1], NAMES)
CROSSED = EncodedModel(lambda rows: rows.to_numpy(float), lambda x: x[:, 0] * x[:, 1], NAMES)


def test_linear_model_gives_what_its_formula_says():
    told = explain(LINEAR, ROWS, SHARES, 0)
    own = ROWS.iloc[told.places]
    assert np.corrcoef(told.values[:, 0, 0], 3 * own["strong"])[0, 1] > 0.9
    assert np.corrcoef(told.values[:, 1, 0], -own["weak"])[0, 1] > 0.9
    assert np.abs(told.values[:, 2]).max() == 0
    # The mean of |N(0, 1)| is 0.8.
    assert told.mean_sizes["strong"] == pytest.approx(3 * 0.8, rel=0.15)
    assert list(told.mean_sizes) == ["strong", "weak"]


@pytest.mark.parametrize("model", [LINEAR, CROSSED], ids=["linear", "crossed"])
def test_what_features_add_and_the_base_are_the_prediction(model: EncodedModel):
    told = explain(model, ROWS, SHARES, 1)
    predicted = model.predict(model.encode(ROWS.iloc[told.places]))
    np.testing.assert_allclose(told.base[:, 0] + told.values[:, :, 0].sum(axis=1), predicted, atol=1e-12)


def test_two_features_that_act_only_together_share_what_they_add():
    told = explain(CROSSED, ROWS, SHARES, 0).mean_sizes
    assert told["strong"] == pytest.approx(told["weak"], rel=0.3)


def test_same_seed_gives_the_same_values():
    first, again = explain(CROSSED, ROWS, SHARES, 3), explain(CROSSED, ROWS, SHARES, 3)
    np.testing.assert_array_equal(first.values, again.values)
    assert len(first.places) == N_ROWS


def test_features_beyond_the_first_are_exchanged_as_one():
    wide = pd.DataFrame(RANDOM.normal(size=(50, 60)), columns=[f"c{i}" for i in range(60)])
    model = EncodedModel(lambda rows: rows.to_numpy(float), lambda x: x.sum(axis=1), tuple((name,) for name in wide))
    told = explain(model, wide, dict.fromkeys(wide, 1 / 60), 0)
    assert told.values.shape == (50, N_PLAYERS + 1, 1)
    np.testing.assert_allclose(told.base[:, 0] + told.values[:, :, 0].sum(axis=1), wide.iloc[told.places].sum(axis=1))


@pytest.mark.parametrize("interacting", [(), (("age", "income"),)], ids=["columns", "products"])
def test_columns_that_an_encoder_makes_of_one_are_told_as_one(interacting: tuple[tuple[str, str], ...]):
    table = pd.DataFrame(
        {
            "age": RANDOM.normal(40, 10, N),
            "income": RANDOM.gamma(2, 10, N),
            "plan": RANDOM.choice(["basic", "plus", "pro"], N),
        }
    )
    columns = replace(feature_columns(table, FeaturePlan((), (), 0.001, ())), pairs=interacting)
    rows = feature_frame(table, columns)
    encoder = make_encoder("linear", columns, 0.001)
    classes = np.array([0, 1, 2])[pd.factorize(table["plan"], sort=True)[0]]
    fitted = LogisticRegression(max_iter=50).fit(encoder.fit_transform(rows), classes)
    model = behind_encoder(pack(encoder, fitted), lambda own, x: own.predict_proba(x))
    told = explain(model, rows, {"plan": 0.9, "age": 0.05, "income": 0.05}, 0)
    assert told.values.shape[2] == 3
    assert next(iter(told.mean_sizes)) == "plan"
    predicted = model.predict(model.encode(rows.iloc[told.places]))
    np.testing.assert_allclose(told.base + told.values.sum(axis=1), predicted, atol=1e-9)

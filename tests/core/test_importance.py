from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from core.encoding import RECIPES, make_encoder
from core.features import FeaturePlan, feature_columns, feature_frame
from core.fitting import pack
from core.importance import EncodedModel, behind_encoder, permutation_shares
from core.metrics import METRICS, score

N = 500
ROWS = pd.DataFrame(
    {"strong": np.linspace(-3, 3, N), "weak": np.tile([0.0, 1.0], N // 2), "none": "x", "noise": np.arange(N)}
)
Y = 3 * ROWS["strong"].to_numpy() + ROWS["weak"].to_numpy()


READ = ["strong", "weak", "noise"]
MODEL = EncodedModel(lambda rows: rows[READ].to_numpy(float), lambda x: 3 * x[:, 0] + x[:, 1], (*zip(READ),))


def shares(seed: int = 0, metric: str = "rmse", y: np.ndarray = Y, model: EncodedModel = MODEL) -> dict[str, float]:
    return permutation_shares(model, ROWS, y, metric, seed)


def test_shares_sum_to_one():
    assert sum(shares().values()) == pytest.approx(1)


def test_feature_that_matters_more_comes_first():
    assert list(shares())[:2] == ["strong", "weak"]


def test_feature_that_is_not_read_has_no_share():
    assert (shares()["none"], shares()["noise"]) == (0, 0)


def test_same_seed_gives_the_same_shares():
    assert shares(4) == shares(4)


def test_rows_are_left_as_they_were():
    before = ROWS.copy(deep=True)
    shares()
    pd.testing.assert_frame_equal(ROWS, before)


def test_model_that_reads_nothing_gives_no_shares():
    assert set(shares(model=replace(MODEL, predict=lambda x: np.zeros(len(x)))).values()) == {0.0}


def test_undefined_metric_gives_no_shares():
    assert set(shares(metric="roc_auc", y=np.zeros(N)).values()) == {0.0}


MIXED = pd.DataFrame(
    {
        "whole": np.arange(N) % 17,
        "holes": np.where(np.arange(N) % 5 == 0, np.nan, np.arange(N) * 1.5),
        "plan": [["basic", "plus", None][i % 3] for i in range(N)],
        "seen": [pd.NaT if i % 9 == 0 else pd.Timestamp("2026-01-01") + pd.Timedelta(i, "D") for i in range(N)],
    }
)


@pytest.mark.parametrize("recipe", RECIPES)
def test_shuffling_what_is_encoded_equals_encoding_what_is_shuffled(recipe):
    columns = replace(feature_columns(MIXED, FeaturePlan((), (), 0.01, ())), pairs=(("whole", "holes"),))
    rows = feature_frame(MIXED, columns)
    encoder = make_encoder(recipe, columns, 0.01).fit(rows, Y)
    pipeline = pack(encoder, LinearRegression().fit(np.nan_to_num(encoder.transform(rows)), Y))
    found = permutation_shares(
        behind_encoder(pipeline, lambda model, x: model.predict(np.nan_to_num(x))), rows, Y, "rmse", 3
    )

    def predict(frame: pd.DataFrame) -> np.ndarray:
        return pipeline["model"].predict(np.nan_to_num(encoder.transform(frame)))

    random = np.random.default_rng(3)
    chosen = np.sort(random.permutation(N))
    whole, losses = score("rmse", Y[chosen], predict(rows.iloc[chosen])), {}
    for name in rows.columns:
        shuffled = rows.iloc[chosen].assign(**{name: rows[name].to_numpy()[chosen][random.permutation(N)]})
        losses[name] = max(METRICS["rmse"].gain(whole, score("rmse", Y[chosen], predict(shuffled))), 0.0)
    assert found == pytest.approx({name: loss / sum(losses.values()) for name, loss in losses.items()}, abs=1e-9)

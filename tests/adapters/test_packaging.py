from functools import partial

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from adapters.packaging import pack_bytes, unpack
from core.blending import vote
from core.errors import DataRejected
from core.fitting import pack, predict
from tests.adapters.conftest import EVERY_MODEL, ROWS, pipeline_of


@pytest.mark.parametrize(("family", "problem"), EVERY_MODEL)
def test_model_predicts_the_same_after_packing(family, problem):
    pipeline = pipeline_of(family, problem)
    again = unpack(pack_bytes(pipeline), "a model")
    np.testing.assert_array_equal(predict(again, ROWS, problem), predict(pipeline, ROWS, problem))


@pytest.mark.parametrize(("family", "problem"), EVERY_MODEL)
def test_model_whose_predictions_are_put_right_predicts_the_same_after_packing(family, problem):
    choice = {"log_target": 1} if problem == "regression" else {"balanced": 1}
    pipeline = pipeline_of(family, problem, **choice)
    again = unpack(pack_bytes(pipeline), "a model")
    np.testing.assert_array_equal(predict(again, ROWS, problem), predict(pipeline, ROWS, problem))


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_mean_of_several_models_predicts_the_same_after_packing(problem):
    first, second = (pipeline_of(family, problem) for family in ("random_forest", "hist_gradient_boosting"))
    encoded = np.asarray(first["prepare"].transform(ROWS))
    y = np.arange(len(ROWS)) % (3 if problem == "multiclass" else 2) * 1.0
    joined = pack(first["prepare"], vote([first["model"], second["model"]], problem, encoded, y))
    again = unpack(pack_bytes(joined), "a model")
    np.testing.assert_array_equal(predict(again, ROWS, problem), predict(joined, ROWS, problem))


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_calibrated_model_predicts_the_same_after_packing(method):
    model = pipeline_of("hist_gradient_boosting", "binary")
    encoded, y = np.asarray(model["prepare"].transform(ROWS)), np.arange(len(ROWS)) % 2 * 1.0
    right = CalibratedClassifierCV(FrozenEstimator(model["model"]), method=method).fit(encoded, y)
    joined = pack(model["prepare"], right)
    again = unpack(pack_bytes(joined), "a model")
    np.testing.assert_array_equal(predict(again, ROWS, "binary"), predict(joined, ROWS, "binary"))


def test_encoder_does_the_same_after_packing():
    encoder = pipeline_of("logistic_regression", "binary").named_steps["prepare"]
    np.testing.assert_array_equal(unpack(pack_bytes(encoder), "an encoder").transform(ROWS), encoder.transform(ROWS))


class Stranger:
    """A type that nobody has vouched for."""


@pytest.mark.parametrize(
    ("step", "name"),
    [(Stranger(), "Stranger"), (FunctionTransformer(eval), "eval"), (partial(Stranger), "Stranger")],
    ids=["class", "function", "partial"],
)
def test_model_of_an_untrusted_type_is_refused_by_its_name(step, name):
    content = pack_bytes(Pipeline([("step", step)]))
    with pytest.raises(DataRejected, match=rf"(?s)the model m\.skops is refused.*{name}"):
        unpack(content, "m.skops")


def test_file_that_is_no_model_is_rejected_data():
    with pytest.raises(DataRejected, match=r"m\.skops"):
        unpack(b"no model", "m.skops")

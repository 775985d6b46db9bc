from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from core.answers import answering
from core.blending import vote
from core.encoding import categorical_positions, make_encoder
from core.families import DUMMY, FAMILIES, families_for
from core.fast_models import FastModel, compile_model
from core.fast_path import compile_path
from core.features import FeaturePlan, feature_columns, feature_frame
from core.fitting import Learning, fit_family, pack
from core.records import prediction_columns
from core.request_contract import as_frame, request_contract
from core.rows import Rows
from core.target import TargetCoding
from tests.adapters.conftest import pipeline_of, record_of

N = 240
RANDOM = np.random.default_rng(0)
WORDS = [f"word{i}" for i in range(60)]
TABLE = pd.DataFrame(
    {
        "number": np.where(RANDOM.uniform(size=N) < 0.2, np.nan, RANDOM.normal(size=N)),
        "count": RANDOM.poisson(3, N),
        "plan": RANDOM.choice(["a", "b", "c", None], N),
        "size": RANDOM.choice(["s", "m", "l"], N),
        "at": pd.Timestamp("2026-01-01") + pd.to_timedelta(RANDOM.uniform(0, 90, N), unit="D"),
        "note": [" ".join(RANDOM.choice(WORDS, 6)) for _ in range(N)],
    }
)
PLAIN = FeaturePlan((), (), 0.001, ("trees", "linear"), dates=False, text=False)
ALL = FeaturePlan((), (("note", "text"),), 0.001, ("trees", "linear"))
TARGETS = {
    "binary": (TABLE["count"] > 3).to_numpy(float),
    "multiclass": np.minimum(TABLE["count"], 2).to_numpy(float),
    "regression": TABLE["count"].to_numpy(float),
}
CODINGS = {
    "binary": TargetCoding("binary", (False, True)),
    "multiclass": TargetCoding("multiclass", ("few", "some", "many")),
    "regression": TargetCoding("regression", ()),
}


def fitted(family, problem, plan=PLAIN, **params):
    columns = feature_columns(TABLE, plan)
    rows, y = feature_frame(TABLE, columns), TARGETS[problem]
    kind = DUMMY if family == "dummy" else FAMILIES[family]
    encoder = make_encoder(kind.recipe, columns, 0.001)
    x, codes = np.asarray(encoder.fit_transform(rows), dtype=float), categorical_positions(kind.recipe, columns)
    parts = Rows(x[:160], y[:160], codes), Rows(x[160:], y[160:], codes)
    pipeline = pack(encoder, fit_family(kind, {**kind.start, **params}, Learning("y", problem, "roc_auc", 0), parts))
    record = record_of(pipeline_of("logistic_regression", "binary"))
    return replace(record, columns=columns, coding=CODINGS[problem], spec={}), pipeline, rows


EVERY = [(f, p) for p in TARGETS for f in (*families_for(p, ()), "extra_trees", "neural_network", "dummy")]


@pytest.mark.parametrize(("family", "problem"), EVERY)
def test_every_family_is_compiled_to_the_same_answers(family, problem):
    record, pipeline, rows = fitted(family, problem)
    path, reason = compile_path(record, pipeline, rows.head(20))
    assert path is not None, reason


@pytest.mark.parametrize("family", ["hist_gradient_boosting", "logistic_regression"])
def test_moments_and_prose_are_compiled_too(family):
    record, pipeline, rows = fitted(family, "binary", ALL)
    assert record.columns.dates == ("at",)
    assert record.columns.texts == ("note",)
    path, reason = compile_path(record, pipeline, rows.head(20))
    assert path is not None, reason


@pytest.mark.parametrize(("family", "problem"), [("hist_gradient_boosting", "binary"), ("random_forest", "regression")])
def test_compiled_pipeline_answers_rows_that_it_was_not_tried_on(family, problem):
    record, pipeline, rows = fitted(family, problem)
    path, _ = compile_path(record, pipeline, rows.head(5))
    contract = request_contract(record)
    typed = {
        name: contract.needed[name].read(TABLE[name].astype(object).where(TABLE[name].notna(), None).tolist())
        for name in contract.needed
    }
    expected = record.predict(pipeline, TABLE)
    np.testing.assert_array_equal(path.predict(typed, N), expected)
    np.testing.assert_array_equal(record.predict(pipeline, as_frame(typed, record.columns)), expected)


def of_several(problem):
    """The mean of a tree of each kind and a network, as an ensemble is packed."""
    columns = feature_columns(TABLE, PLAIN)
    rows, y = feature_frame(TABLE, columns), TARGETS[problem]
    encoder = make_encoder("trees", columns, 0.001)
    x, codes = np.asarray(encoder.fit_transform(rows), dtype=float), categorical_positions("trees", columns)
    parts = Rows(x[:160], y[:160], codes), Rows(x[160:], y[160:], codes)
    names = ("hist_gradient_boosting", "extra_trees", "neural_network")
    learning = Learning("y", problem, "roc_auc", 0)
    members = [fit_family(FAMILIES[name], FAMILIES[name].start, learning, parts) for name in names]
    record = record_of(pipeline_of("logistic_regression", "binary"))
    record = replace(record, columns=columns, coding=CODINGS[problem], spec={})
    return record, pack(encoder, vote(members, problem, x, y)), rows


@pytest.mark.parametrize("problem", TARGETS)
def test_ensemble_is_compiled_to_the_same_answers(problem):
    record, pipeline, rows = of_several(problem)
    path, reason = compile_path(record, pipeline, rows.head(20))
    assert path is not None, reason
    compiled = compile_model(pipeline.steps[1][1], problem)
    assert isinstance(compiled, FastModel)
    assert all(not isinstance(getattr(member, "__self__", None), BaseEstimator) for member in compiled.answer.members)


def test_corrected_fits_answer_the_same():
    for family, problem, params in (
        ("hist_gradient_boosting", "binary", {"balanced": True}),
        ("logistic_regression", "binary", {"balanced": True}),
        ("hist_gradient_boosting", "regression", {"log_target": True}),
    ):
        record, pipeline, rows = fitted(family, problem, **params)
        path, reason = compile_path(record, pipeline, rows.head(20))
        assert path is not None, reason


def test_pipeline_that_compiles_to_something_else_is_left_alone(monkeypatch):
    from core import fast_path

    record, pipeline, rows = fitted("hist_gradient_boosting", "binary")
    other = fitted("hist_gradient_boosting", "binary", learning_rate=0.3)[1].steps[1][1]
    monkeypatch.setattr(fast_path, "compile_model", lambda *_: other)
    path, reason = compile_path(record, pipeline, rows.head(20))
    assert path is None
    assert "away from the pipeline" in reason


def test_pipeline_of_unknown_parts_is_left_alone():
    from sklearn.pipeline import Pipeline

    record, pipeline, rows = fitted("hist_gradient_boosting", "binary")
    nested = Pipeline([("prepare", pipeline.steps[0][1]), ("more", "passthrough"), ("model", pipeline.steps[1][1])])
    assert compile_path(record, nested, rows.head(20))[0] is None
    assert compile_path(record, pipeline.steps[1][1], rows.head(20))[0] is None


@pytest.mark.parametrize(("problem", "threshold"), [("binary", 0.5), ("binary", 0.31), ("regression", 0.5)])
def test_answers_are_those_of_predict(problem, threshold):
    prediction = RANDOM.uniform(size=200)
    expected = prediction_columns(CODINGS[problem], prediction, threshold).to_dict("records")
    assert answering(CODINGS[problem], threshold)(prediction) == expected


def test_answers_of_classes_are_those_of_predict():
    prediction = RANDOM.dirichlet([1, 1, 1], 100)
    expected = prediction_columns(CODINGS["multiclass"], prediction).to_dict("records")
    assert answering(CODINGS["multiclass"], 0.5)(prediction) == expected


def test_answers_of_a_rule_that_is_not_known_here_follow_it(monkeypatch):
    from core import answers

    monkeypatch.setattr(answers, "prediction_columns", lambda c, p, t: pd.DataFrame({"prediction": p > 0.9}))
    assert answering(CODINGS["binary"], 0.5)(np.array([0.8, 0.95])) == [{"prediction": False}, {"prediction": True}]

import numpy as np

from core.records import ClassShare, class_shares, prediction_columns
from core.target import TargetCoding


def test_binary_prediction_is_a_class_and_the_probability_of_the_positive_one():
    found = prediction_columns(TargetCoding("binary", ("no", "yes")), np.array([0.2, 0.7]))
    assert found.to_dict("list") == {"prediction": ["no", "yes"], "probability": [0.2, 0.7]}


def test_prediction_of_many_classes_has_a_probability_each():
    found = prediction_columns(TargetCoding("multiclass", ("a", "b", 3)), np.array([[0.1, 0.2, 0.7]]))
    assert found.to_dict("list") == {
        "prediction": [3],
        "probability_a": [0.1],
        "probability_b": [0.2],
        "probability_3": [0.7],
    }


def test_number_is_its_own_prediction():
    assert prediction_columns(TargetCoding("regression", ()), np.array([1.5])).to_dict("list") == {"prediction": [1.5]}


def test_class_is_decided_by_the_models_threshold():
    found = prediction_columns(TargetCoding("binary", ("no", "yes")), np.array([0.2, 0.7]), threshold=0.1)
    assert found["prediction"].tolist() == ["yes", "yes"]


def test_shares_of_classes_are_of_all_parts():
    parts = np.array([0.0, 0.0, 1.0]), np.array([0.0]), np.array([1.0])
    assert class_shares(TargetCoding("binary", ("no", "yes")), parts) == (
        ClassShare("no", 0.6, 2, 1, 0),
        ClassShare("yes", 0.4, 1, 0, 1),
    )
    assert class_shares(TargetCoding("regression", ()), parts) == ()

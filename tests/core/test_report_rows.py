import numpy as np
import pandas as pd
import pytest

from core.features import FeatureColumns
from core.report_rows import column_kinds, comparable, with_prediction

REFERENCE = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": ["x", "y", None, "x"]})


def test_infinite_values_are_not_compared():
    assert comparable(REFERENCE, REFERENCE.assign(a=[np.inf, 1, -np.inf, 2]))[1]["a"].isna().sum() == 2


def test_column_that_is_empty_in_one_frame_is_not_compared():
    assert [list(frame) for frame in comparable(REFERENCE, REFERENCE.assign(a=np.nan))] == [["b"], ["b"]]


def test_column_of_infinite_values_only_is_not_compared():
    assert list(comparable(REFERENCE, REFERENCE.assign(a=np.inf))[0]) == ["b"]


@pytest.mark.parametrize(
    ("prediction", "told"),
    [(np.array([0.1, 0.2, 0.3, 0.4]), [0.1, 0.2, 0.3, 0.4]), (np.eye(4), ["0", "1", "2", "3"])],
    ids=["number", "classes"],
)
def test_prediction_is_a_column_beside_the_features(prediction, told):
    assert with_prediction(REFERENCE, prediction, 0)["prediction"].tolist() == told


def test_predictions_of_other_rows_are_drawn_by_the_seed():
    one, two = (with_prediction(REFERENCE, np.arange(100.0), 3)["prediction"].tolist() for _ in range(2))
    assert one == two


def test_kept_columns_are_told_by_kind():
    columns = FeatureColumns(("a", "gone"), ("b",))
    assert column_kinds(columns, ["a", "b", "prediction"], n_classes=3) == (["a"], ["b", "prediction"])


def test_prediction_of_two_classes_is_compared_as_a_number():
    assert column_kinds(FeatureColumns((), ()), ["prediction"], n_classes=2) == (["prediction"], [])

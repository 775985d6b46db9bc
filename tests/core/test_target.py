import numpy as np
import pandas as pd
import pytest

from core.errors import DataRejected
from core.learning_spec import TargetSpec
from core.target import TargetCoding, check_logarithm, code_target, infer_problem


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ([True, False, True], "binary"),
        ([0, 1, 1], "binary"),
        ([0.5, 1.5, 0.5], "binary"),
        (["a", "b", None], "binary"),
        ([0, 1, 2], "multiclass"),
        ([0.0, 1.0, 2.0, None], "multiclass"),
        (["a", "b", "c"], "multiclass"),
        ([0.1, 0.2, 0.3], "regression"),
        (range(31), "regression"),
        (pd.array([1, 2, 3, None], dtype="Int64"), "multiclass"),
        (pd.array([0.5, 2, 3, None], dtype="Float64"), "regression"),
    ],
    ids=str,
)
def test_problem_is_inferred_from_the_values(values, problem):
    assert infer_problem(pd.Series(values)) == problem


@pytest.mark.parametrize(
    "values",
    [
        pd.Series(["yes", "no", None]),
        pd.Series(["yes", "no", None], dtype=object),
        pd.Series(["yes", "no", None], dtype="category"),
        pd.Series(["yes", "no", None], dtype="string"),
    ],
    ids=lambda values: str(values.dtype),
)
def test_words_become_0_and_1_and_missing_labels_nan(values):
    np.testing.assert_array_equal(code_target(values, None, "yes").encode(values), [1, 0, np.nan])


@pytest.mark.parametrize("kind", ["bool", "boolean", "object"])
def test_true_is_read_from_every_kind_of_boolean_column(kind):
    values = pd.Series([True, False, True, False], dtype=kind)
    assert code_target(values, None, True).encode(values).tolist() == [1, 0, 1, 0]


def test_positive_value_is_the_last_class():
    assert code_target(pd.Series(["a", "b"]), "binary", "a").classes == ("b", "a")


def test_positive_value_is_the_rarer_one_when_nobody_says():
    assert code_target(pd.Series(["b", "b", "a"]), "binary").classes == ("b", "a")


def test_of_equally_frequent_values_the_larger_one_is_positive():
    assert code_target(pd.Series([1, 0, 0, 1]), "binary").classes == (0, 1)


def test_classes_are_told_as_the_column_holds_them():
    positive = TargetSpec(column="late", positive=True).positive
    assert [type(each) for each in code_target(pd.Series([True, False]), "binary", positive).classes] == [bool, bool]


def test_unknown_label_is_read_as_missing():
    assert np.isnan(TargetCoding("binary", ("a", "b")).encode(pd.Series(["c"]))).all()


def test_classes_of_mixed_types_have_an_order():
    assert code_target(pd.Series([1, "b", 2, "a"], dtype=object), None).classes == (1, 2, "a", "b")


def test_number_is_its_own_code():
    values = pd.Series(["1.5", "2", None])
    np.testing.assert_array_equal(code_target(values, "regression").encode(values), [1.5, 2, np.nan])


def test_coding_does_not_depend_on_the_order_of_rows():
    values = pd.Series(["a", "b", "c", "b"])
    assert code_target(values[::-1], None) == code_target(values, None)


@pytest.mark.parametrize(
    ("values", "problem", "positive", "told"),
    [
        ([None, None], None, None, "has 0 classes"),
        ([], None, None, "has 0 classes"),
        ([True], None, None, "has 1 class"),
        (["a", "a"], "multiclass", None, "has 1 class"),
        ([1, 2, 3], "binary", None, "is not binary"),
        (["a", "b"], "binary", "c", "never takes its positive value"),
        (["a", "2", "3"], "regression", None, "cannot be predicted as a number"),
        ([2.0, 2.0, None], "regression", None, "never changes"),
        ([1.0, 2.0, np.inf], "regression", None, "inf"),
        ([[1], [2]], None, None, "target"),
    ],
    ids=str,
)
def test_column_that_poses_no_such_problem_is_refused(values, problem, positive, told):
    with pytest.raises(DataRejected, match=told):
        code_target(pd.Series(values, name="late"), problem, positive)


def test_target_without_a_logarithm_is_refused_with_its_smallest_value():
    with pytest.raises(DataRejected, match=r"2 of 4 values are -1 or below, the smallest is -3\.5"):
        check_logarithm(pd.Series([-3.5, -1.0, -0.9, 2.0], name="y"))
    check_logarithm(pd.Series([-0.9, 0.0, 2.0], name="y"))


def test_what_is_wrong_with_a_target_is_told_as_a_person_would():
    with pytest.raises(DataRejected, match="no row holds a value"):
        code_target(pd.Series([], name="y", dtype=object), "binary", None)
    with pytest.raises(DataRejected, match="such as 'inf'"):
        code_target(pd.Series([1.0, 2.5, np.inf], name="y"), "regression", None)

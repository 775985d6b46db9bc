import pytest

from core.effort import EFFORTS, effort
from core.families import FAMILIES
from core.fitting import Candidate


def start_of(family: str, **changed: float) -> Candidate:
    return Candidate(family, tuple({**FAMILIES[family].start, **changed}.items()))


def test_every_family_has_an_effort():
    assert set(EFFORTS) == set(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_more_rows_and_columns_take_longer(family):
    small, more_rows, more_columns = (effort(start_of(family), *size) for size in ((10**4, 9), (10**5, 9), (10**4, 90)))
    assert 0 < small < more_rows
    assert small < more_columns


@pytest.mark.parametrize(
    ("family", "longer"),
    [
        ("hist_gradient_boosting", {"max_leaf_nodes": 300}),
        ("hist_gradient_boosting", {"learning_rate": 0.05}),
        ("pairwise_boosting", {"max_leaf_nodes": 60}),
        ("lightgbm", {"num_leaves": 300}),
        ("xgboost", {"max_depth": 9}),
        ("random_forest", {"max_samples": 0.4}),
        ("extra_trees", {"max_features": 0.9}),
        ("crossed_linear", {"pairs": 30}),
        ("neural_network", {"width": 100}),
    ],
)
def test_larger_models_take_longer(family, longer):
    assert effort(start_of(family, **longer), 10**5, 20) > effort(start_of(family), 10**5, 20)

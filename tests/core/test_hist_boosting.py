import numpy as np
import pytest

from core.choices import with_choices
from core.families import FAMILIES
from core.fitting import Candidate, Learning, fit_candidate
from core.rows import Rows

PLAIN = {"learning_rate": 0.3, "max_leaf_nodes": 8}


def rows(n_columns: int = 4) -> Rows:
    random = np.random.default_rng(0)
    x = random.normal(size=(600, n_columns))
    x[:, 3] = random.integers(0, 5, 600)
    return Rows(x, (x[:, 0] * x[:, 1] + np.isin(x[:, 3], (1, 3)) > 0.5).astype(float), (3,))


def fitted(n_columns: int = 4, **choices: int):
    candidate = Candidate("hist_gradient_boosting", tuple({**PLAIN, **choices}.items()))
    return fit_candidate(candidate, Learning("y", "binary", "roc_auc", 0), rows(n_columns), rows(n_columns))


@pytest.mark.parametrize(("choices", "categorical"), [({}, True), ({"ordered": 0}, True), ({"ordered": 1}, False)])
def test_codes_are_categories_or_numbers(choices, categorical):
    known = fitted(**choices).is_categorical_
    assert (known is not None and bool(known[3])) == categorical


def test_how_codes_are_read_is_no_parameter_where_there_are_none():
    name = "hist_gradient_boosting"
    family = with_choices((name,), (), codes=False)[name]
    assert "ordered" in FAMILIES[name].space
    assert "ordered" not in family.space
    assert set(family.start) == set(family.space)


def test_champion_of_before_with_a_choice_that_is_gone_is_fitted_again():
    x = rows().x
    np.testing.assert_array_equal(fitted(pairwise=1).predict_proba(x), fitted().predict_proba(x))

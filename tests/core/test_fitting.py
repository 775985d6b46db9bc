import numpy as np
import pytest

from core.estimators import fed
from core.families import FAMILIES, baselines_for, families_for
from core.fitting import (
    Candidate,
    Learning,
    Rows,
    better_first,
    fit_candidate,
    fit_family,
    loss_curve,
    predict,
    recipe_of,
    score_candidate,
)
from core.hist_boosting import ORDERED, PAIRS
from core.metrics import METRICS, score
from tests.core.conftest import installed, installed_pairs

N = 240
RANDOM = np.random.default_rng(0)
X = np.column_stack([RANDOM.normal(size=(N, 2)), RANDOM.integers(0, 3, N)])
SIGNAL = X[:, 0] + 0.5 * (X[:, 2] == 1) + 0.3 * RANDOM.normal(size=N)
TARGETS = {
    "binary": (SIGNAL > 0).astype(float),
    "multiclass": np.digitize(SIGNAL, [-0.5, 0.5]).astype(float),
    "regression": SIGNAL,
}
METRIC = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}
EVERY = installed_pairs((family, problem) for problem in TARGETS for family in families_for(problem, tuple(FAMILIES)))


def rows_for(problem: str, family: str = "random_forest") -> tuple[Rows, Rows]:
    categorical = (2,) if recipe_of(family) == "trees" else ()
    y = TARGETS[problem]
    return Rows(X[:160], y[:160], categorical), Rows(X[160:], y[160:], categorical)


def learning(problem: str, seed: int = 0) -> Learning:
    return Learning("y", problem, METRIC[problem], seed)


def first_of(family: str) -> Candidate:
    return Candidate(family, tuple(FAMILIES[family].start.items()))


@pytest.mark.parametrize(("family", "problem"), EVERY)
def test_same_seed_gives_the_same_model(family, problem):
    train, validation = rows_for(problem, family)
    one, two = (
        predict(fit_candidate(first_of(family), learning(problem), train, validation), X, problem) for _ in range(2)
    )
    np.testing.assert_array_equal(one, two)


# The network stops by a tenth of these few training rows: on so small a table it may be no better.
@pytest.mark.parametrize(("family", "problem"), [each for each in EVERY if "neural_network" not in each.values])
def test_every_family_is_better_than_a_constant(family, problem):
    train, validation = rows_for(problem, family)
    found = score_candidate(first_of(family), learning(problem), train, validation)
    dummy = fit_family(baselines_for(problem)["dummy"], {}, learning(problem), (train, validation))
    constant = score(METRIC[problem], validation.y, predict(dummy, validation.x, problem))
    assert METRICS[METRIC[problem]].gain(found, constant) > 0


@pytest.mark.parametrize(("problem", "shape"), [("binary", (N,)), ("multiclass", (N, 3)), ("regression", (N,))])
def test_predictions_have_the_shape_that_metrics_read(problem, shape):
    fitted = fit_candidate(first_of("random_forest"), learning(problem), *rows_for(problem))
    assert predict(fitted, X, problem).shape == shape


def test_another_seed_gives_another_forest():
    one, two = (
        predict(fit_candidate(first_of("random_forest"), learning("binary", seed), *rows_for("binary")), X, "binary")
        for seed in (0, 1)
    )
    assert (one != two).any()


def test_boosting_stops_early():
    fitted = fit_candidate(first_of("hist_gradient_boosting"), learning("binary"), *rows_for("binary"))
    assert fitted.n_iter_ < 400


def test_boosting_stops_by_the_validation_rows():
    train, validation = rows_for("binary")
    noise = Rows(validation.x, 1 - validation.y, validation.categorical)
    by_truth, by_noise = (
        fit_candidate(first_of("hist_gradient_boosting"), learning("binary"), train, rows).n_iter_
        for rows in (validation, noise)
    )
    assert by_noise < by_truth


@pytest.mark.parametrize("family", installed(families_for("multiclass", tuple(FAMILIES))))
def test_class_that_is_in_no_training_row_is_a_fault_that_a_trial_records(family):
    train, validation = rows_for("multiclass", family)
    kept = train.y != 1
    without = Rows(train.x[kept], train.y[kept], train.categorical)
    with pytest.raises(ValueError, match=r"class|label"):
        score_candidate(first_of(family), learning("multiclass"), without, validation)


def test_candidate_of_one_class_is_a_fault_that_a_trial_records():
    train, validation = rows_for("binary")
    one_class = Rows(train.x, np.zeros(len(train.y)), train.categorical)
    with pytest.raises(ValueError, match="class"):
        score_candidate(first_of("random_forest"), learning("binary"), one_class, validation)


def test_families_that_do_not_suit_the_problem_are_left_out():
    assert families_for("regression", ("logistic_regression", "random_forest")) == ("random_forest",)


@pytest.mark.parametrize("problem", TARGETS)
def test_baselines_are_a_constant_and_a_linear_model(problem):
    assert list(baselines_for(problem)) == ["dummy", "linear"]


@pytest.mark.parametrize("family", FAMILIES)
def test_first_parameters_lie_in_the_space(family):
    space, start = FAMILIES[family].space, FAMILIES[family].start
    assert [name for name in space if not space[name].low <= start[name] <= space[name].high] == []


# Of a pipeline, parameters are told to its steps.
@pytest.mark.parametrize(
    ("family", "problem"), [each for each in EVERY if not {"neural_network", "crossed_linear"} & {*each.values}]
)
def test_parameters_of_the_space_are_the_estimators_own(family, problem):
    own = set(FAMILIES[family].space) - {ORDERED, PAIRS}
    assert own <= set(FAMILIES[family].build(FAMILIES[family].start, problem, 0).get_params())


@pytest.mark.parametrize(("metric", "word"), [("roc_auc", "maximize"), ("rmse", "minimize")])
def test_direction_of_a_metric_is_told_in_optunas_word(metric, word):
    assert better_first(metric) == word


@pytest.mark.parametrize("n_rows", [8, 40, 4000])
def test_a_tree_of_a_forest_never_sees_less_than_ten_rows_of_a_tiny_table(n_rows: int):
    x = np.arange(n_rows, dtype=float)
    rows = Rows(x[:, None], x % 2)
    family = FAMILIES["random_forest"]
    fitted = fit_family(family, family.start, Learning("y", "binary", "roc_auc", 0), (rows, rows))
    n_seen = fitted.max_samples if n_rows < 50 else round(fitted.max_samples * n_rows)
    assert n_seen == {8: 8, 40: 10, 4000: 800}[n_rows]


@pytest.mark.parametrize(("n_rows", "drawn"), [(400_000, 0.2), (1_600_000, 100_000)])
def test_a_tree_of_a_forest_never_sees_more_than_a_hundred_thousand_rows_of_a_huge_table(n_rows: int, drawn: float):
    family = FAMILIES["extra_trees"]
    assert fed(family.build(family.start, "binary", 0), n_rows).max_samples == drawn


@pytest.mark.parametrize(
    ("problem", "choice"), [("binary", {}), ("binary", {"balanced": 1}), ("regression", {"log_target": 1})]
)
def test_loss_after_each_iteration_falls_and_is_known_whatever_lies_around_the_estimator(problem, choice):
    train, validation = rows_for(problem, "hist_gradient_boosting")
    shifted = [
        Rows(rows.x, rows.y - SIGNAL.min() if problem == "regression" else rows.y, rows.categorical)
        for rows in (train, validation)
    ]
    start = Candidate("hist_gradient_boosting", tuple({**FAMILIES["hist_gradient_boosting"].start, **choice}.items()))
    losses = loss_curve(fit_candidate(start, learning(problem), *shifted))
    assert len(losses) > 5
    assert min(losses) < 0.9 * losses[0]


def test_what_does_not_learn_in_iterations_has_no_curve():
    assert loss_curve(fit_candidate(first_of("random_forest"), learning("binary"), *rows_for("binary"))) == ()

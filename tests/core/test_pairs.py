import numpy as np
import pytest

from core.fitting import Candidate, Learning, fit_candidate
from core.pairs import MOST_COLUMNS, interacting
from core.rows import Rows

PARAMS = {"learning_rate": 0.3, "max_leaf_nodes": 8, "min_samples_leaf": 10, "l2_regularization": 1.0}


def table(problem: str, n: int = 4000, seed: int = 0) -> Rows:
    """Columns 1 and 4 matter together, 4 is a code; 0 and 2 matter alone; there are holes."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, 6))
    x[:, 4] = random.integers(0, 6, n)
    score = x[:, 0] + np.abs(x[:, 2]) + 2 * x[:, 1] * np.isin(x[:, 4], (1, 3)) + 0.3 * random.normal(size=n)
    x[random.uniform(size=n) < 0.1, 1] = np.nan
    score = np.nan_to_num(score)
    y = {
        "binary": (score > 1).astype(float),
        "multiclass": np.digitize(score, [0.0, 1.5]).astype(float),
        "regression": score,
    }
    return Rows(x, y[problem], (4,))


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_pair_that_matters_is_the_first(problem):
    assert interacting(table(problem), problem, 0)[0] == (1, 4)


def test_of_noise_hardly_a_pair_is_told():
    random = np.random.default_rng(0)
    noise = Rows(random.normal(size=(4000, 8)), random.integers(0, 2, 4000).astype(float))
    assert len(interacting(noise, "binary", 0)) <= 2


def test_what_matters_alone_is_no_pair():
    random = np.random.default_rng(0)
    x = random.normal(size=(4000, 4))
    additive = Rows(x, np.sin(3 * x[:, 0]) + x[:, 1] ** 2 + 0.1 * random.normal(size=4000))
    assert (0, 1) not in interacting(additive, "regression", 0)[:1]


def test_same_seed_tells_the_same_pairs():
    assert interacting(table("binary"), "binary", 3) == interacting(table("binary"), "binary", 3)


def test_one_column_has_no_pairs():
    x = np.arange(100.0)[:, np.newaxis]
    assert interacting(Rows(x, (x[:, 0] > 50).astype(float)), "binary", 0) == ()


def test_very_wide_tables_pair_the_columns_that_tell():
    random = np.random.default_rng(0)
    x = random.normal(size=(3000, MOST_COLUMNS + 40))
    y = 3 * x[:, 90] * x[:, 100] + x[:, 90] + x[:, 100]
    assert interacting(Rows(x, y), "regression", 0)[0] == (90, 100)


def branches(model) -> set[frozenset[int]]:
    """The columns that each branch of each tree reads."""

    def below(nodes, place, seen):
        node = nodes[place]
        if node["is_leaf"]:
            return {seen}
        seen = seen | {int(node["feature_idx"])}
        return below(nodes, node["left"], seen) | below(nodes, node["right"], seen)

    return set().union(*(below(tree.nodes, 0, frozenset()) for trees in model._predictors for tree in trees))


def fitted(pairs: tuple[tuple[int, int], ...], most: int):
    rows = table("binary")
    candidate = Candidate("pairwise_boosting", (*PARAMS.items(), ("max_features", 1.0), ("pairs", most)))
    learned = Rows(rows.x, rows.y, rows.categorical, pairs)
    return fit_candidate(candidate, Learning("y", "binary", "roc_auc", 0), learned, table("binary", 500, 1))


def test_only_chosen_pairs_interact():
    assert {len(each) for each in branches(fitted((), 5))} <= {0, 1}
    two = {each for each in branches(fitted(((1, 4), (0, 2)), 5)) if len(each) == 2}
    assert two == {frozenset({1, 4}), frozenset({0, 2})}
    assert {each for each in branches(fitted(((1, 4), (0, 2)), 1)) if len(each) == 2} == {frozenset({1, 4})}


def test_codes_are_cut_like_numbers():
    assert fitted((), 1).is_categorical_ is None

from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.metrics import roc_auc_score

from adapters.packaging import pack_bytes, unpack
from core.families import FAMILIES
from core.fast_models import compile_model
from core.fitting import Learning, fit_family, predict
from core.rows import Rows

PROBLEMS = ("binary", "multiclass", "regression")
CROSSED = FAMILIES["crossed_linear"]
N = 3000
SHOP, DAY, PRICE, STOCK, SAME = range(5)


def table(problem: str, n: int = N, seed: int = 0) -> tuple[Rows, Rows]:
    """What sells depends on shop and day together, on the price alone, and where there is a hole, on the hole."""
    random = np.random.default_rng(seed)
    shop, day = random.integers(0, 12, n), random.integers(0, 7, n)
    price, stock = random.lognormal(1, 0.5, n), random.normal(size=n)
    stock[random.uniform(size=n) < 0.2] = np.nan
    effect = np.random.default_rng(1).normal(size=(12, 7))
    score = 2 * effect[shop, day] - 0.3 * price + np.isnan(stock) + 0.3 * random.normal(size=n)
    y = {"binary": score > 0, "multiclass": np.digitize(score, [-2, 1]), "regression": score}[problem].astype(float)
    x = np.column_stack([shop, day, price, stock, np.ones(n)]).astype(float)
    # Some never name their shop.
    x[random.uniform(size=n) < 0.05, SHOP] = np.nan
    rows = Rows(x, y, (SHOP,), ((SHOP, DAY), (PRICE, STOCK)))
    half = n // 2
    return replace(rows, x=x[:half], y=y[:half]), replace(rows, x=x[half:], y=y[half:], pairs=())


def fitted(problem: str, rows: tuple[Rows, Rows], **params: float):
    return fit_family(CROSSED, {**CROSSED.start, **params}, Learning("y", problem, "roc_auc", 0), rows)


def test_pairs_are_crossed_and_bring_what_no_column_tells_alone():
    train, held = table("binary")
    alone = roc_auc_score(held.y, predict(fitted("binary", (replace(train, pairs=()), held)), held.x, "binary"))
    crossed = roc_auc_score(held.y, predict(fitted("binary", (train, held)), held.x, "binary"))
    assert alone < 0.8
    assert crossed > 0.94


def test_only_so_many_pairs_are_crossed_the_most_telling_first():
    model = fitted("binary", table("binary"), pairs=1)
    crosses = model.named_steps["crosses"].transformers_
    assert [name for name, _, _ in crosses] == ["alone", "pair 0"]
    shop, day = 13, 7
    assert len(crosses[1][2]) == shop + day


@pytest.mark.parametrize("problem", PROBLEMS)
def test_compiled_it_answers_the_same_to_holes_unknown_codes_and_extremes(problem):
    train, held = table(problem)
    model = fitted(problem, (train, held))
    odd = np.tile(held.x[:6], (4, 1))
    odd[0:6, SHOP], odd[6:12, DAY], odd[12:18, PRICE] = np.nan, -1e9, 1e9
    odd[18], odd[19, SHOP], odd[20, SHOP], odd[21, DAY] = np.nan, 12, 99, 2.5
    x = np.concatenate([held.x, odd])
    compiled = compile_model(model, problem)
    assert not isinstance(compiled, BaseEstimator)
    np.testing.assert_allclose(predict(compiled, x, problem), predict(model, x, problem), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_it_is_packed_and_loaded_like_any_other(problem):
    train, held = table(problem)
    model = fitted(problem, (train, held))
    loaded = unpack(pack_bytes(model), "here")
    np.testing.assert_array_equal(predict(loaded, held.x, problem), predict(model, held.x, problem))


@pytest.mark.parametrize("columns", [(SHOP,), (PRICE,), (SAME,), (SHOP, SAME), (STOCK, PRICE)])
def test_tables_without_numbers_without_codes_and_without_anything_to_tell(columns):
    train, held = table("binary")
    codes = tuple(place for place, column in enumerate(columns) if column == SHOP)
    few = [Rows(part.x[:, columns], part.y, codes) for part in (train, held)]
    model = fitted("binary", (few[0], few[1]))
    x = few[1].x
    compiled = compile_model(model, "binary")
    np.testing.assert_allclose(predict(compiled, x, "binary"), predict(model, x, "binary"), rtol=1e-9)


def test_rows_beyond_enough_are_not_read():
    train, held = table("binary")
    few = replace(CROSSED, most_rows=500)
    model = fit_family(few, CROSSED.start, Learning("y", "binary", "roc_auc", 0), (train, held))
    assert model.named_steps["cells"].estimator.named_transformers_["scaled"][-1].n_samples_seen_ == 500


def test_rare_levels_share_a_cell():
    random = np.random.default_rng(0)
    x = random.integers(0, 200, (N, 1)).astype(float)
    rows = Rows(x, (x[:, 0] % 2).astype(float), (0,))
    model = fitted("binary", (rows, rows))
    assert model.named_steps["linear"].coef_.shape == (1, 128)
    np.testing.assert_allclose(
        predict(compile_model(model, "binary"), x, "binary"), predict(model, x, "binary"), rtol=1e-9
    )

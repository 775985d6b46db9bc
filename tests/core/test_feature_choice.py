from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from adapters.packaging import pack_bytes, unpack
from core.encoding import RECIPES, make_encoder
from core.errors import SpecError
from core.families import FAMILIES
from core.feature_choice import chosen_columns
from core.features import FeaturePlan, feature_frame
from core.fitting import Learning, Rows, fit_family, predict
from core.lineage import derived_features
from core.metrics import score
from core.target import TargetCoding

NUMBER = TargetCoding("regression", ())
PLAN = FeaturePlan((), (), 0.001, ())
N = 800


def table(seed: int, n_noise: int = 50) -> tuple[pd.DataFrame, np.ndarray]:
    """Five columns that matter: a line, a fold, a step, a category and a product; the rest is noise."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(N, 4))
    plan = random.choice(["a", "b", "c"], N)
    y = 1.5 * x[:, 0] + 1.5 * np.abs(x[:, 1]) + np.sign(x[:, 2]) + 1.2 * (plan == "c") + x[:, 3]
    real = pd.DataFrame({"line": x[:, 0], "fold": x[:, 1], "step": x[:, 2], "other": x[:, 3], "plan": plan})
    noise = pd.DataFrame(random.normal(size=(N, n_noise)), columns=[f"noise {i}" for i in range(n_noise)])
    return pd.concat([real, noise], axis=1), y + random.normal(size=N)


def test_selection_keeps_the_five_columns_that_matter_and_drops_noise_with_its_numbers():
    rows, y = table(0)
    columns, dropped = chosen_columns(rows, (NUMBER, y), replace(PLAN, selection=True))
    assert {"line", "fold", "step", "other", "plan"} <= set(columns.names)
    assert len(columns.names) <= 5 + 3
    assert len(dropped) + len(columns.names) == 55
    assert all("of 15 rounds" in why for _, _, why in dropped)


def test_selection_is_the_same_for_the_same_seed():
    rows, y = table(0, 3)
    plan = replace(PLAN, selection=True, seed=7)
    assert chosen_columns(rows, (NUMBER, y), plan) == chosen_columns(rows, (NUMBER, y), plan)


def test_selection_of_a_table_that_says_nothing_leaves_a_column():
    rows, _ = table(0, 5)
    columns, _ = chosen_columns(rows, (NUMBER, np.random.default_rng(1).normal(size=N)), replace(PLAN, selection=True))
    assert columns.names


def test_nothing_is_dropped_or_multiplied_unless_asked():
    rows, y = table(0)
    columns, dropped = chosen_columns(rows, (NUMBER, y), PLAN)
    assert (len(columns.names), columns.pairs, dropped) == (55, (), ())


def multiplied(seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(seed)
    rows = pd.DataFrame(random.normal(3, 1, size=(2 * N, 12)), columns=[f"x{i}" for i in range(12)])
    return rows, (rows["x3"] - 3) * (rows["x7"] - 3) + rows["x0"] + random.normal(size=2 * N) * 0.5


@pytest.mark.parametrize("problem", ["regression", "binary"])
def test_the_pair_that_interacts_is_found_and_no_other(problem):
    rows, y = multiplied(0)
    coding = NUMBER if problem == "regression" else TargetCoding("binary", (False, True))
    y = y.to_numpy() if problem == "regression" else (y > y.median()).to_numpy(float)
    columns, _ = chosen_columns(rows, (coding, y), replace(PLAN, interactions=5))
    assert columns.pairs == (("x3", "x7"),)


def test_noise_has_no_pairs():
    rows, _ = multiplied(0)
    y = np.random.default_rng(5).normal(size=2 * N)
    assert chosen_columns(rows, (NUMBER, y), replace(PLAN, interactions=5))[0].pairs == ()


def r2(rows: pd.DataFrame, y: np.ndarray, n_interactions: int) -> float:
    train, test = rows[:N], rows[N:]
    columns, _ = chosen_columns(train, (NUMBER, y[:N]), replace(PLAN, interactions=n_interactions))
    encoder = make_encoder("linear", columns, 0.001)
    x = encoder.fit_transform(feature_frame(train, columns))
    kind = FAMILIES["linear_regression"]
    fitted = fit_family(kind, kind.start, Learning("y", "regression", "r2", 0), (Rows(x, y[:N]), Rows(x, y[:N])))
    return score("r2", y[N:], predict(fitted, encoder.transform(feature_frame(test, columns)), "regression"))


def test_linear_model_learns_a_product_with_interactions_and_not_without():
    rows, y = multiplied(1)
    without, with_pairs = r2(rows, y.to_numpy(), 0), r2(rows, y.to_numpy(), 3)
    assert without < 0.6
    assert with_pairs > 0.85


@pytest.mark.parametrize("recipe", RECIPES)
def test_products_are_packed_without_code_of_ours_and_traced_to_both_columns(recipe):
    rows, y = multiplied(0)
    columns, _ = chosen_columns(rows, (NUMBER, y.to_numpy()), replace(PLAN, pairs=(("x9", "x1"), ("x0", "x9"))))
    encoder = make_encoder(recipe, columns, 0.001)
    x = encoder.fit_transform(feature_frame(rows, columns))
    again = unpack(pack_bytes(encoder), "test").transform(feature_frame(rows, columns))
    np.testing.assert_array_equal(x, again)
    derived = derived_features(encoder)
    assert len(derived) == x.shape[1]
    for found in derived[-2:]:
        product = np.prod([rows[name] - rows[name].mean() for name in found.sources], axis=0)
        assert np.corrcoef(product, x[:, derived.index(found)])[0, 1] > 0.999


def test_pair_of_a_column_that_is_no_number_is_refused():
    rows, y = table(0, 0)
    with pytest.raises(SpecError, match="'plan' is no number"):
        chosen_columns(rows, (NUMBER, y), replace(PLAN, pairs=(("line", "plan"),)))

import numpy as np
import pandas as pd
import pytest

from adapters.packaging import pack_bytes, unpack
from core.encoding import RECIPES, categorical_positions, make_encoder
from core.families import FAMILIES
from core.feature_choice import chosen_columns
from core.features import FeatureColumns, FeaturePlan, feature_columns, feature_frame
from core.fitting import Learning, Rows, fit_family, predict
from core.lineage import derived_features
from core.metrics import score
from core.target import TargetCoding

N, N_TRAIN, N_LEVELS = 9000, 6000, 900
RNG = np.random.default_rng(0)
CITY = RNG.integers(N_LEVELS, size=N)
WORTH = RNG.normal(size=N_LEVELS)[CITY]
ROWS = pd.DataFrame(
    {
        "city": [f"c{i}" for i in CITY],
        "plan": [["basic", "plus", None][i % 3] for i in range(N)],
        "other": [f"o{i}" for i in RNG.integers(300, size=N)],
        "n": RNG.normal(size=N),
    }
)
TARGETS = {
    "binary": (WORTH + RNG.logistic(size=N) > 0).astype(float),
    "multiclass": np.digitize(WORTH + RNG.normal(size=N), [-0.5, 0.5]).astype(float),
    "regression": np.round(WORTH * 3 + RNG.normal(size=N)),
}
PLAN = FeaturePlan((), (), 0.001, ())
TRAIN = ROWS[:N_TRAIN]
COLUMNS = feature_columns(TRAIN, PLAN)
EVERY = [(recipe, problem) for recipe in RECIPES for problem in TARGETS]


def encoded(recipe: str, problem: str, columns: FeatureColumns = COLUMNS) -> tuple[object, np.ndarray]:
    encoder = make_encoder(recipe, columns, 0.001, problem)
    return encoder, encoder.fit_transform(feature_frame(TRAIN, columns), TARGETS[problem][:N_TRAIN])


def test_category_of_many_levels_is_a_feature_and_their_number_is_known():
    assert COLUMNS.categories == ("city", "other", "plan")
    assert dict(COLUMNS.levels) == {"city": TRAIN["city"].nunique(), "other": 300}


def test_levels_are_counted_as_the_encoder_reads_them():
    mixed = pd.DataFrame({"a": [*range(150), *map(str, range(150))] * 4})
    assert feature_columns(mixed, FeaturePlan((), (("a", "category"),), 0.001, ())).levels == (("a", 150),)


@pytest.mark.parametrize(("recipe", "problem"), EVERY)
def test_there_is_one_name_for_each_encoded_column_whatever_the_number_of_levels(recipe, problem):
    encoder, x = encoded(recipe, problem)
    names = [derived.name for derived in derived_features(encoder)]
    assert len(set(names)) == len(names) == x.shape[1]
    assert sum("city" in derived.sources for derived in derived_features(encoder)) == (
        3 if problem == "multiclass" else 1
    )


def test_only_columns_of_codes_are_told_to_trees_as_categories():
    encoder, _ = encoded("trees", "binary")
    names = [derived_features(encoder)[i].name for i in categorical_positions("trees", COLUMNS)]
    assert names == ["plan: code"]


@pytest.mark.parametrize(("recipe", "problem"), EVERY)
def test_unseen_levels_and_new_nulls_are_read_as_the_mean_of_all_rows(recipe, problem):
    encoder, _ = encoded(recipe, problem)
    made = [i for i, derived in enumerate(derived_features(encoder)) if "city" in derived.sources]
    rows = TRAIN.head(2).assign(city=["nowhere", None])
    means = encoder.named_transformers_["levels"][0].target_mean_
    scaler = encoder.named_transformers_["levels"][1]
    expected = (means - scaler.mean_[: len(made)]) / scaler.scale_[: len(made)]
    np.testing.assert_allclose(
        encoder.transform(feature_frame(rows, COLUMNS))[:, made], np.tile(expected, (2, 1)), rtol=1e-9
    )


@pytest.mark.parametrize("recipe", RECIPES)
def test_no_training_row_is_told_its_own_target(recipe):
    # Each level stands in two rows only, and the target has nothing to do with them.
    rows = pd.DataFrame({"a": [f"v{i // 2}" for i in range(2000)]})
    y = np.random.default_rng(3).normal(size=2000)
    columns = FeatureColumns((), ("a",), levels=(("a", 1000),))
    x = make_encoder(recipe, columns, 0.001, "regression").fit_transform(feature_frame(rows, columns), y)
    assert abs(np.corrcoef(x[:, 0], y)[0, 1]) < 0.1


@pytest.mark.parametrize(("recipe", "problem"), EVERY)
def test_encoder_of_many_levels_does_the_same_after_packing(recipe, problem):
    encoder, _ = encoded(recipe, problem)
    rows = feature_frame(ROWS[N_TRAIN:], COLUMNS)
    np.testing.assert_array_equal(unpack(pack_bytes(encoder), "test").transform(rows), encoder.transform(rows))


@pytest.mark.parametrize("family", ["logistic_regression", "hist_gradient_boosting"])
def test_model_learns_from_a_category_of_900_levels(family):
    kind = FAMILIES[family]
    encoder, x = encoded(kind.recipe, "binary")
    held, y = encoder.transform(feature_frame(ROWS[N_TRAIN:], COLUMNS)), TARGETS["binary"]
    codes = categorical_positions(kind.recipe, COLUMNS)
    rows = Rows(x, y[:N_TRAIN], codes), Rows(held, y[N_TRAIN:], codes)
    fitted = fit_family(kind, kind.start, Learning("y", "binary", "roc_auc", 0), rows)
    # What the levels are worth gives 0.74 by itself; folded into 200 columns they gave 0.53 and 0.52.
    assert score("roc_auc", y[N_TRAIN:], predict(fitted, held, "binary")) > 0.63


def test_selection_keeps_a_telling_category_of_many_levels_and_drops_a_useless_one():
    y = TARGETS["regression"][:N_TRAIN]
    plan = FeaturePlan((), (), 0.001, (), selection=True)
    columns, dropped = chosen_columns(TRAIN, (TargetCoding("regression", ()), y), plan)
    assert "city" in columns.categories
    assert "other" in [name for name, _, _ in dropped]
    assert [name for name, _ in columns.levels] == ["city"]

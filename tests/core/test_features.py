import dataclasses
import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from core.encoding import RECIPES, categorical_positions, make_encoder
from core.errors import DataRejected
from core.families import DUMMY, FAMILIES
from core.features import MOST_CATEGORIES, FeatureColumns, FeaturePlan, feature_columns, feature_frame
from core.fitting import Learning, Rows, fit_family, pack, predict

N = 120
TRAIN = pd.DataFrame(
    {
        "id": [f"r{i}" for i in range(N)],
        "at": pd.date_range("2026-01-01", periods=N),
        "age": np.linspace(20, 60, N),
        "visits": np.arange(N) % 7,
        "plan": ["basic", "plus", "pro"] * (N // 3),
        "vip": np.arange(N) % 2 == 0,
        "y": (np.arange(N) % 3 == 2).astype(float),
    }
)


def plan_for(*excluded: str, rare_share: float = 0.001, **declared: str) -> FeaturePlan:
    return FeaturePlan(excluded, tuple(sorted(declared.items())), rare_share, tuple(RECIPES))


PLAN = plan_for("id", "at", "y")
COLUMNS = feature_columns(TRAIN, PLAN)


def fitted(family: str, train: pd.DataFrame = TRAIN, columns: FeatureColumns = COLUMNS) -> object:
    """A pipeline of the family with its first parameters, from raw feature rows to a probability."""
    kind = DUMMY if family == "dummy" else FAMILIES[family]
    encoder = make_encoder(kind.recipe, columns, 0.001)
    x = np.asarray(encoder.fit_transform(feature_frame(train, columns)), dtype=float)
    y, codes = TRAIN["y"].to_numpy(), categorical_positions(kind.recipe, columns)
    # Validation rows that contradict the training rows stop boosting at once.
    rows = Rows(x, y, codes), Rows(x, y[::-1], codes)
    return pack(encoder, fit_family(kind, kind.start, Learning("y", "binary", "roc_auc", 0), rows))


@pytest.fixture(scope="module", params=["hist_gradient_boosting", "logistic_regression", "random_forest", "dummy"])
def pipeline(request):
    return fitted(request.param)


def predicted(pipeline: object, frame: pd.DataFrame) -> np.ndarray:
    return predict(pipeline, feature_frame(frame, COLUMNS), "binary")


def test_numbers_and_categories_are_chosen_by_their_values():
    assert FeatureColumns(("age", "vip", "visits"), ("plan",)) == COLUMNS


def test_contract_decides_over_the_values():
    assert "visits" in feature_columns(TRAIN, plan_for(visits="category")).categories


def test_choice_does_not_depend_on_the_order_of_columns():
    assert feature_columns(TRAIN[TRAIN.columns[::-1]], PLAN) == COLUMNS


@pytest.mark.parametrize(
    "values",
    [
        pd.to_timedelta(np.arange(N), unit="h"),
        [None] * N,
        [{"a": i} for i in range(N)],
        [[i] for i in range(N)],
    ],
    ids=["span", "nothing", "dictionary", "list"],
)
def test_column_that_no_encoder_reads_is_no_feature(values):
    assert "odd" not in feature_columns(TRAIN.assign(odd=values), PLAN).names


def test_column_of_mostly_different_texts_is_no_feature():
    frame = pd.DataFrame({"n": np.arange(1000), "name": [f"n{i}" for i in range(1000)]})
    assert feature_columns(frame, plan_for()).names == ("n",)


@pytest.mark.parametrize("n_values", [MOST_CATEGORIES])
def test_column_of_up_to_200_texts_is_a_feature(n_values):
    assert feature_columns(pd.DataFrame({"a": [f"v{i}" for i in range(n_values)]}), plan_for()).categories == ("a",)


def test_table_without_a_feature_is_refused():
    with pytest.raises(DataRejected, match="no column is left"):
        feature_columns(TRAIN[["id", "at", "y"]], PLAN)


def test_column_of_decimals_is_a_number():
    assert feature_columns(pd.DataFrame({"price": [Decimal(i) / 7 for i in range(300)]}), plan_for()).numbers == (
        "price",
    )


def test_column_whose_name_is_a_number_can_be_a_feature():
    frame = pd.DataFrame({0: [1.0, 2.0]})
    assert len(feature_frame(frame, feature_columns(frame, plan_for()))) == 2


def test_excluded_column_is_known_by_its_text_when_its_name_is_a_number():
    assert feature_columns(pd.DataFrame({0: [1.0], "a": [2.0]}), plan_for("0")).names == ("a",)


@pytest.mark.parametrize(
    "values",
    [
        pd.array([1, None], dtype="Int64"),
        pd.array([1.0, None], dtype="Float64"),
        pd.array([True, None], dtype="boolean"),
        pd.Series([True, None], dtype=object),
        pd.Series([1, pd.NA], dtype=object),
        pd.Series(["1", None], dtype="str"),
        [Decimal(1), None],
    ],
    ids=lambda values: str(getattr(values, "dtype", "decimal")),
)
def test_number_is_float_whatever_its_column_type(values):
    found = feature_frame(pd.DataFrame({"a": values}), FeatureColumns(("a",), ()))["a"]
    np.testing.assert_array_equal(found.to_numpy(), [1.0, np.nan])


@pytest.mark.parametrize(
    "values",
    [
        pd.Series(["x", None], dtype="str"),
        pd.Series(["x", None], dtype=object),
        pd.Series(["x", None], dtype="category"),
        pd.Series(["x", None], dtype="string"),
        pd.Series(["x", np.nan], dtype=object),
        pd.Series(["x", pd.NA], dtype=object),
    ],
    ids=range(6),
)
def test_category_is_text_whatever_its_column_type(values):
    found = feature_frame(pd.DataFrame({"a": values}), FeatureColumns((), ("a",)))["a"]
    assert (found[0], bool(pd.isna(found[1]))) == ("x", True)


def test_category_of_whole_numbers_reads_the_same_when_another_row_is_missing():
    columns = FeatureColumns((), ("a",))
    whole, with_null = pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1, 2, None]})
    assert feature_frame(with_null, columns)["a"][:2].tolist() == feature_frame(whole, columns)["a"].tolist()


def test_text_in_a_column_of_numbers_is_rejected_data():
    with pytest.raises(DataRejected, match="age"):
        feature_frame(TRAIN.assign(age="n/a"), COLUMNS)


def test_feature_that_is_not_there_is_missing_data():
    with pytest.raises(DataRejected, match="age"):
        feature_frame(TRAIN.drop(columns="age"), COLUMNS)


@pytest.mark.parametrize("recipe", RECIPES)
def test_infinite_numbers_can_be_encoded(recipe):
    frame = feature_frame(TRAIN.assign(age=np.where(TRAIN["age"] > 50, np.inf, TRAIN["age"])), COLUMNS)
    assert len(make_encoder(recipe, COLUMNS, 0.001).fit_transform(frame)) == N


@pytest.mark.parametrize("recipe", RECIPES)
def test_row_is_encoded_the_same_alone_and_among_others(recipe):
    rows = pd.DataFrame({"a": ["x", "y", None] * 20})
    columns = FeatureColumns((), ("a",))
    encoder = make_encoder(recipe, columns, 0.001).fit(feature_frame(rows, columns))
    among = encoder.transform(feature_frame(rows, columns))[2]
    alone = encoder.transform(feature_frame(rows.iloc[[2]], columns))[0]
    np.testing.assert_array_equal(alone, among)


@pytest.mark.parametrize("recipe", RECIPES)
def test_rare_categories_are_folded_into_one(recipe):
    columns = FeatureColumns((), ("a",))
    encoder = make_encoder(recipe, columns, 0.05)
    rows = pd.DataFrame({"a": ["x"] * 98 + ["rare", "rarer"]})
    encoded = encoder.fit_transform(feature_frame(rows, columns))
    assert (encoded[-1] == encoded[-2]).all()


@pytest.mark.parametrize("recipe", RECIPES)
def test_category_of_rare_values_only_can_be_encoded(recipe):
    columns = FeatureColumns((), ("a",))
    rows = feature_frame(pd.DataFrame({"a": [f"v{i}" for i in range(100)]}), columns)
    assert len(make_encoder(recipe, columns, 0.05).fit_transform(rows)) == 100


def test_encoder_without_categories_works():
    columns = FeatureColumns(("age",), ())
    assert make_encoder("linear", columns, 0.0).fit_transform(feature_frame(TRAIN, columns)).shape == (N, 1)


def test_shuffled_columns_and_others_beside_them_change_no_prediction(pipeline):
    shuffled = TRAIN[TRAIN.columns[::-1]].assign(another=1)
    np.testing.assert_array_equal(predicted(pipeline, shuffled), predicted(pipeline, TRAIN))


@pytest.mark.parametrize(
    "change",
    [
        {"plan": "unseen"},
        {"plan": None},
        {"plan": 3},
        {"plan": pd.Series(["basic", None] * (N // 2), dtype="category")},
        {"age": np.nan},
        {"age": None},
        {"age": 10**6},
        {"age": np.inf},
        {"visits": pd.array([1, None] * (N // 2), dtype="Int64")},
        {"vip": pd.Series([True, None] * (N // 2), dtype=object)},
        {"vip": pd.array([True, None] * (N // 2), dtype="boolean")},
        {"age": Decimal(30)},
    ],
    ids=str,
)
def test_rows_as_production_sends_them_get_a_probability(pipeline, change):
    found = predicted(pipeline, TRAIN.assign(**change))
    assert ((found >= 0) & (found <= 1)).all()


def test_single_row_gets_a_probability(pipeline):
    assert predicted(pipeline, TRAIN.head(1)).shape == (1,)


def test_feature_that_is_missing_in_all_later_rows_does_not_stop_a_model_that_knew_no_missing(pipeline):
    assert np.isfinite(predicted(pipeline, TRAIN.assign(age=np.nan, plan=None, visits=None, vip=None))).all()


def test_dates_in_a_column_of_categories_are_read_as_text():
    columns = FeatureColumns((), ("a",))
    assert feature_frame(pd.DataFrame({"a": [dt.date(2026, 1, 1)]}), columns)["a"].tolist() == ["2026-01-01"]


WORDS = [f"the {a} cat sat on {b} mats w{i % 50} x{i}" for i in range(60) for a in "abcde" for b in ("old", "new")]
MOMENTS = pd.Series(pd.date_range("2026-01-01", periods=len(WORDS), freq="7h"))
RICH = pd.DataFrame({"said": WORDS, "at": MOMENTS, "n": np.arange(len(WORDS)) % 7})
RICH_COLUMNS = feature_columns(RICH, plan_for())


def test_moments_and_prose_are_features():
    assert (RICH_COLUMNS.dates, RICH_COLUMNS.texts, RICH_COLUMNS.numbers) == (("at",), ("said",), ("n",))


def test_moments_and_prose_can_be_switched_off():
    plan = dataclasses.replace(plan_for(), dates=False, text=False)
    assert feature_columns(RICH, plan).names == ("n",)


@pytest.mark.parametrize("recipe", RECIPES)
def test_missing_moment_and_missing_prose_are_encoded(recipe):
    encoder = make_encoder(recipe, RICH_COLUMNS, 0.001).fit(feature_frame(RICH, RICH_COLUMNS))
    without = RICH.head(3).assign(said=None, at=pd.NaT)
    assert np.isfinite(encoder.transform(feature_frame(without, RICH_COLUMNS))).all()


@pytest.mark.parametrize("recipe", RECIPES)
def test_same_hour_of_another_year_lies_at_the_same_place_in_the_day(recipe):
    encoder = make_encoder(recipe, FeatureColumns((), (), ("at",)), 0.001)
    rows = pd.DataFrame({"at": pd.to_datetime(["2026-01-01 05:00", "2026-06-03 17:00", "2031-03-09 05:00"])})
    first, second, third = encoder.fit_transform(feature_frame(rows, FeatureColumns((), (), ("at",))))[:, 1:7]
    assert np.allclose(first, third)
    assert not np.allclose(first, second)


def test_moment_reads_the_same_with_a_zone_and_without():
    columns = FeatureColumns((), (), ("at",))
    zoned = RICH.assign(at=MOMENTS.dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo"))
    assert feature_frame(zoned, columns).equals(feature_frame(RICH, columns))

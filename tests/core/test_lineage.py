from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.encoding import RECIPES, make_encoder
from core.features import FeatureColumns, FeaturePlan, feature_columns, feature_frame
from core.lineage import N_NAMES, ReadColumns, derived_features, lineage

N = 600
ROWS = pd.DataFrame(
    {
        "whole": np.arange(N) % 17,
        "holes": np.where(np.arange(N) % 5 == 0, np.nan, np.arange(N) * 1.5),
        "plan": [["basic", "plus", None][i % 3] for i in range(N)],
        "place": [f"rare {i}" if i < 3 else f"town {i % 40}" for i in range(N)],
        "born": pd.date_range("1990-01-01", periods=N, freq="31h"),
        "seen": [pd.NaT if i % 9 == 0 else pd.Timestamp("2026-01-01") + pd.Timedelta(i, "D") for i in range(N)],
        "said": [f"the {'abcde'[i % 5]}x cat sat on {i % 60}u mats w{i % 50} x{i}" for i in range(N)],
    }
)
COLUMNS = replace(feature_columns(ROWS, FeaturePlan((), (), 0.01, ())), pairs=(("whole", "holes"),))
SHARES = {"plan": 0.7, "whole": 0.3}


def encoder_of(recipe: str, columns: FeatureColumns = COLUMNS) -> object:
    return make_encoder(recipe, columns, 0.01).fit(feature_frame(ROWS, columns))


def changed(recipe: str, name: str) -> set[int]:
    """Which encoded columns move when values of one raw column do."""
    encoder, rows = encoder_of(recipe), feature_frame(ROWS, COLUMNS)
    before = encoder.transform(rows)
    moved = set()
    for shift in range(1, 21):
        after = encoder.transform(rows.assign(**{name: np.roll(rows[name].to_numpy(), shift)}))
        moved |= set(np.flatnonzero((np.nan_to_num(before, nan=-9.0) != np.nan_to_num(after, nan=-9.0)).any(axis=0)))
    return moved


@pytest.mark.parametrize("recipe", RECIPES)
def test_there_is_one_derived_name_for_each_encoded_column_and_no_two_are_equal(recipe):
    encoder = encoder_of(recipe)
    names = [derived.name for derived in derived_features(encoder)]
    assert len(set(names)) == len(names) == encoder.transform(feature_frame(ROWS, COLUMNS)).shape[1]


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("name", COLUMNS.names)
def test_encoded_column_is_traced_to_the_raw_column_that_moves_it(recipe, name):
    traced = {i for i, derived in enumerate(derived_features(encoder_of(recipe))) if name in derived.sources}
    moved = changed(recipe, name)
    # A column that is the same for all rows, such as the flag of a moment that is never missing, moves with nothing.
    still = np.ptp(np.nan_to_num(encoder_of(recipe).transform(feature_frame(ROWS, COLUMNS))), axis=0) == 0
    assert moved <= traced
    assert traced - moved <= set(np.flatnonzero(still))


def test_one_hot_names_say_which_category_and_what_was_folded():
    names = [derived.name for derived in derived_features(encoder_of("linear"))]
    assert {"plan = basic", "plan = nan", "place is rare", "holes is missing"} <= set(names)


def test_record_of_a_column_of_many_categories_is_short_and_gives_their_number():
    place = next(
        row for row in lineage(encoder_of("linear"), ReadColumns(COLUMNS), SHARES, {}) if row.column == "place"
    )
    assert (len(place.derived), place.n_derived, place.kind) == (N_NAMES, 41, "category")


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_raw_column_is_listed_with_its_share_and_its_origin(recipe):
    rows = lineage(encoder_of(recipe), ReadColumns(COLUMNS), SHARES, {"whole": "custom mine:step"})
    assert {row.column for row in rows} == set(COLUMNS.names)
    assert [(row.column, row.importance, row.origin) for row in rows[:2]] == [
        ("plan", 0.7, "source"),
        ("whole", 0.3, "custom mine:step"),
    ]

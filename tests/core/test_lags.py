import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import DataRejected, SpecError
from core.lags import LagPlan, add_lags, refuse_taken_names
from core.spec import TrainingSpec

PLAN = LagPlan(("price",), "shop", (1, 2), "at")
LAG_1, LAG_2 = "price lag 1 by shop", "price lag 2 by shop"


def sales(*rows: tuple[str | None, str | None, object]) -> pd.DataFrame:
    shops, days, prices = zip(*rows, strict=True)
    return pd.DataFrame({"shop": shops, "at": pd.to_datetime(list(days)), "price": prices})


WEEK = sales(
    ("b", "2026-01-03", 30.0),
    ("a", "2026-01-02", 2.0),
    ("a", "2026-01-01", 1.0),
    ("b", "2026-01-01", 10.0),
    ("a", "2026-01-05", 5.0),
)


def test_lag_is_the_value_of_the_entitys_moment_before_whatever_the_order_of_rows():
    found = add_lags(WEEK, PLAN)
    np.testing.assert_array_equal(found[LAG_1], [10.0, 1.0, np.nan, np.nan, 2.0])
    np.testing.assert_array_equal(found[LAG_2], [np.nan, np.nan, np.nan, np.nan, 1.0])


def test_rows_of_one_moment_see_the_same_past_and_not_each_other():
    rows = sales(("a", "2026-01-01", 1.0), ("a", "2026-01-02", 2.0), ("a", "2026-01-02", 4.0), ("a", "2026-01-03", 0.0))
    np.testing.assert_array_equal(add_lags(rows, PLAN)[LAG_1], [np.nan, 1.0, 1.0, 3.0])


def test_table_without_entities_has_one_past():
    found = add_lags(WEEK, LagPlan(("price",), None, (1,), "at"))["price lag 1"]
    np.testing.assert_array_equal(found, [2.0, 5.5, np.nan, np.nan, 30.0])


def test_row_without_time_or_entity_has_no_past_and_is_in_no_past():
    rows = pd.concat([WEEK, sales(("a", None, 7.0), (None, "2026-01-04", 8.0), ("a", "2026-01-06", 0.0))])
    found = add_lags(rows, PLAN)[LAG_1]
    np.testing.assert_array_equal(found.iloc[5:], [np.nan, np.nan, 5.0])


def test_lag_of_a_category_is_a_category():
    rows = WEEK.assign(price=["x", "y", "z", None, "w"])
    assert add_lags(rows, PLAN)[LAG_1].fillna("-").tolist() == ["-", "z", "-", "-", "y"]


def test_given_lag_is_kept():
    assert add_lags(WEEK.tail(1).assign(**{LAG_1: 9.0, LAG_2: 8.0}), PLAN)[LAG_1].tolist() == [9.0]


def test_single_row_has_no_past():
    assert add_lags(WEEK.tail(1), PLAN)[[LAG_1, LAG_2]].isna().all(axis=None)


@pytest.mark.parametrize("name", ["price", "shop", "at"])
def test_lag_without_what_it_reads_is_refused(name):
    with pytest.raises(DataRejected, match=f"no column '{name}'"):
        add_lags(WEEK.drop(columns=name), PLAN)


def test_source_with_a_column_named_like_a_lag_is_not_trained_on():
    with pytest.raises(SpecError, match="has a column of that name"):
        refuse_taken_names(add_lags(WEEK, PLAN), PLAN)


ROWS = st.lists(
    st.tuples(st.sampled_from(["a", "b", None]), st.integers(0, 12), st.floats(-5, 5, allow_nan=False)),
    min_size=1,
    max_size=40,
)


@given(ROWS, st.integers(0, 12))
@settings(deadline=None, max_examples=60)
def test_no_lag_reads_a_row_of_its_own_moment_or_a_later_one(rows, cut):
    frame = pd.DataFrame(rows, columns=["shop", "day", "price"])
    frame = frame.assign(at=pd.Timestamp("2026-01-01") + pd.to_timedelta(frame["day"], unit="D"))
    later = frame["day"] >= cut
    other = frame.assign(price=frame["price"].where(~later, 99.0))
    up_to = frame["day"] <= cut
    pd.testing.assert_frame_equal(
        add_lags(frame, PLAN)[up_to][[LAG_1, LAG_2]], add_lags(other, PLAN)[up_to][[LAG_1, LAG_2]]
    )


@given(ROWS, st.integers(0, 12))
@settings(deadline=None, max_examples=60)
def test_lags_of_a_window_are_those_of_the_whole_table_where_its_past_is_given(rows, cut):
    frame = pd.DataFrame(rows, columns=["shop", "day", "price"])
    frame = frame.assign(at=pd.Timestamp("2026-01-01") + pd.to_timedelta(frame["day"], unit="D"))
    history = frame[frame["day"] <= cut]
    pd.testing.assert_frame_equal(add_lags(history, PLAN), add_lags(frame, PLAN)[frame["day"] <= cut])


def spec_with(**parts: object) -> TrainingSpec:
    small = {"name": "shops", "data": {"source": "a.csv", "time": "at"}, "target": {"column": "sold"}}
    return TrainingSpec.model_validate(small | parts)


def test_lags_need_a_time_column():
    with pytest.raises(ValueError, match=r"needs `data\.time`"):
        spec_with(data={"source": "a.csv"}, features={"lags": {"columns": ["price"]}})


def test_lags_never_read_the_target():
    with pytest.raises(ValueError, match="reads the target"):
        spec_with(features={"lags": {"columns": ["sold"]}})

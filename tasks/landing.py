"""Land a table in a model's lake, and tell that data arrived."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from adapters.specs import read_spec
from adapters.storage import exists, parquet_bytes, read_bytes, store_path, write_all
from adapters.tables import read_table
from core.contract import check_columns
from core.errors import DataRejected, SpecError
from core.events import DataArrived
from core.landing import by_period, rows_until
from tasks.announce import send_from_outside

EXAMPLE = "flights"


@dataclass(frozen=True, slots=True)
class Part:
    """One period's file: new, changed or unchanged."""

    period: str
    n_rows: int
    state: str


@dataclass(frozen=True, slots=True)
class Landed:
    """What a landing has put into the lake."""

    model: str
    folder: str
    parts: tuple[Part, ...]
    n_new: int
    event_id: str | None


def land_and_tell(model: str, source: str | None, until: datetime | None) -> Landed:
    """Land rows of a source, or of the example, up to a date; emits `data.arrived` when a period is new or changed.

    Raises:
        SpecError: No source, and the model is not the example; a date, and the model has no time column.
        DataMissing, DataRejected: The source cannot be read, or a row has no time.
    """
    data = read_spec(model).data
    is_example = source is None and model == EXAMPLE
    frame = read_example() if is_example else read_table(_required(model, source), data.time, data.format)
    return land_frame(model, frame, data.time, until)


def land_frame(
    model: str, frame: pd.DataFrame, time: str | None, until: datetime | None = None, *, tell: bool = True
) -> Landed:
    """Write each period whose content is new, all of them or none; one event tells of the newest, if `tell`."""
    check_columns(frame, (time,) if time else (), f"the table for {model}")
    if until is not None:
        frame = rows_until(frame, _required_time(model, time), pd.Timestamp(until))
        check_columns(frame, (), f"the table for {model} until {until:%Y-%m-%d}")
    if time and frame[time].isna().any():
        raise DataRejected(
            f"the table for {model} cannot be landed",
            f"{int(frame[time].isna().sum())} rows have no '{time}'",
            "give every row its time",
        )
    folder = store_path("lake", model)
    periods = by_period(frame, time)
    contents = {period: parquet_bytes(rows) for period, rows in periods.items()}
    states = {period: _state(f"{folder}/{period}.parquet", content) for period, content in contents.items()}
    fresh = [period for period, state in states.items() if state != "unchanged"]
    write_all({f"{folder}/{period}.parquet": contents[period] for period in fresh})
    parts = tuple(Part(period, len(periods[period]), state) for period, state in states.items())
    return Landed(model, folder, parts, len(fresh), _tell(model, fresh, contents) if tell else None)


def read_example() -> pd.DataFrame:
    """The flights."""
    from adapters.flights import read_flights

    return read_flights()


def _state(uri: str, content: bytes) -> str:
    if not exists(uri):
        return "new"
    return "unchanged" if read_bytes(uri) == content else "changed"


def _tell(model: str, fresh: list[str], contents: dict[str, bytes]) -> str | None:
    if not fresh:
        return None
    digest = hashlib.sha256(b"".join(contents[period] for period in fresh)).hexdigest()
    event = DataArrived(model=model, cause=digest, window=fresh[-1])
    return str(event.id) if send_from_outside(event) else None


def _required(model: str, source: str | None) -> str:
    if source is None:
        raise SpecError(
            f"there is nothing to land for {model}",
            "no source is given, and only the example has its own",
            f"name a table: everfit land {model} table.csv",
        )
    return source


def _required_time(model: str, time: str | None) -> str:
    if time is None:
        raise SpecError(
            f"{model} cannot be landed up to a date",
            "the model names no time column",
            "name `data.time` in the YAML, or land without --until",
        )
    return time

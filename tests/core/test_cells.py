import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from core.cells import read_cells, texts_of
from core.source_spec import FormatSpec

HOW = FormatSpec(numbers={"written": "."}, dates={"day": ("%d.%m.%Y",)})
ODD = [True, b"x", [1], {"a": 1}, dt.date(2026, 1, 2), "", "soon", "nan?", object(), (), 10**400]


def read(values: list, kind: str, name: str = "a", held: str = "text") -> list:
    cells = read_cells(pd.Series(values, name=name, dtype=object), kind, HOW, held)
    return ["unreadable" if bad else value for value, bad in zip(cells.values, cells.unreadable, strict=True)]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("float", "1.5", 1.5),
        ("float", " -3 ", -3.0),
        ("float", Decimal("1.5"), 1.5),
        ("float", 10**400, np.inf),
        ("float", "abc", "unreadable"),
        ("float", True, "unreadable"),
        ("float", dt.date(2026, 1, 1), "unreadable"),
        ("float", "1,234.5", "unreadable"),
        ("int", "3.0", 3.0),
        ("int", 3.5, "unreadable"),
        ("int", "inf?", "unreadable"),
        ("int", float("inf"), "unreadable"),
        ("boolean", "true", 1.0),
        ("boolean", False, 0.0),
        ("boolean", "0", 0.0),
        ("boolean", "yes", "unreadable"),
        ("boolean", 2, "unreadable"),
        ("datetime", "2026-01-02T03:00Z", pd.Timestamp("2026-01-02 03:00")),
        ("datetime", dt.date(2026, 1, 2), pd.Timestamp("2026-01-02")),
        ("datetime", "2026-02-30", "unreadable"),
        ("datetime", 5, "unreadable"),
        ("category", 1.0, "1"),
        ("category", "1.50", "1.50"),
        ("category", True, "True"),
        ("category", pd.Timestamp("2026-01-01"), "unreadable"),
        ("text", b"x\xff", "x\\xff"),
        ("text", {"b": [1]}, '{"b": [1]}'),
        ("text", "\ud800", "\\ud800"),
    ],
)
def test_cell_is_read_by_the_type_of_its_column_alone(kind, value, expected):
    assert read([value], kind) == [expected]
    # Whatever stands beside it.
    assert read([value, *ODD], kind)[0] == expected
    assert read([*ODD, value, "1", 2.5], kind)[len(ODD)] == expected


@pytest.mark.parametrize("kind", ["float", "int", "boolean", "datetime", "category", "text"])
@pytest.mark.parametrize("missing", [None, np.nan, pd.NaT, pd.NA, "NA", "?"])
def test_missing_cell_is_missing_and_not_unreadable(kind, missing):
    cells = read_cells(pd.Series([missing, "1"], dtype=object), kind, HOW)
    assert (bool(cells.values.isna()[0]), bool(cells.unreadable[0])) == (True, False)


def test_numbers_and_dates_are_read_as_the_format_says():
    assert read(["1,234.5", "12 %"], "float", "written") == [1234.5, 12.0]
    assert read(["03.04.2026", "2026-04-03"], "datetime", "day") == [pd.Timestamp("2026-04-03"), "unreadable"]


def test_decimal_comma_is_read_where_the_format_has_one():
    comma = FormatSpec(decimal=",")
    cells = read_cells(pd.Series(["1,5", "1.5", "2"], dtype=object), "float", comma)
    assert cells.unreadable.tolist() == [False, True, False]
    assert cells.values[0] == 1.5


def test_category_of_numbers_is_one_however_it_is_written():
    assert read(["1.50", "1.5", 1.5, "x"], "category", held="float") == ["1.5", "1.5", "1.5", "x"]
    assert read(["TRUE", True, "True"], "category", held="boolean") == ["True"] * 3


def test_long_numbers_in_keys_stay_apart():
    keys = ["1234567890123456789", 1234567890123456788]
    assert texts_of(pd.Series(keys, dtype=object), "int").tolist() == ["1234567890123456789", "1234567890123456788"]


@pytest.mark.parametrize("typed", [pd.Series([1, 2]), pd.Series([1.0, None]), pd.Series([True, False])])
def test_typed_column_reads_as_its_cells_do(typed):
    for kind in ("float", "int", "boolean", "category"):
        one, other = (read_cells(each, kind, HOW) for each in (typed, typed.astype(object)))
        assert one.unreadable.tolist() == other.unreadable.tolist()
        assert one.values.astype(str).tolist() == other.values.astype(str).tolist()

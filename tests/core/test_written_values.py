"""Numbers and dates as people write them, encodings and layouts: what is read is what was meant."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.column_reading import found_out, read_columns
from core.encodings import detect_encoding
from core.layouts import detect_layout
from core.source_spec import FormatSpec, literal_secret
from core.written_dates import could_be_swapped, forms_of, forms_of_numbers, parse_dates
from core.written_numbers import decimal_of, parse_written

NUMBERS = [
    (["1,234.50", "-12"], ".", [1234.5, -12]),
    (["1.234,50", "3,5"], ",", [1234.5, 3.5]),
    (["1 234,5", "3"], ",", [1234.5, 3]),
    (["1'000", "2"], ".", [1000, 2]),
    (["$ 12", "$13.5"], ".", [12, 13.5]),
    (["12 %", "3%"], ".", [12, 3]),
    (["(3)", "−4"], ".", [-3, -4]),  # noqa: RUF001 - the minus of typesetters
]


@pytest.mark.parametrize(("texts", "mark", "numbers"), NUMBERS, ids=str)
def test_written_numbers_are_read_with_their_own_decimal_mark(texts: list[str], mark: str, numbers: list[float]):
    values = pd.Series(texts)
    assert decimal_of(values, ".") == mark
    assert parse_written(values, mark).tolist() == numbers


@pytest.mark.parametrize("texts", [["12 USD", "3 EUR"], ["A1", "2"], ["1,23,4", "x"]])
def test_texts_of_several_units_or_none_are_no_numbers(texts: list[str]):
    assert decimal_of(pd.Series(texts), ".") is None


DATES = [
    (["01.02.2020", "31.12.2021"], "%d.%m.%Y", "2020-02-01"),
    (["01/02/2020", "12/31/2021"], "%m/%d/%Y", "2020-01-02"),
    (["13/02/2020", "12/12/2021"], "%d/%m/%Y", "2020-02-13"),
    (["2020-01-02 10:00:00+02:00", "2020-01-02T10:00:00Z"], "ISO8601", "2020-01-02T08:00:00"),
    (["3 Mar 2020 10:15", "4 Apr 2021 11:00"], "%d %b %Y %H:%M", "2020-03-03T10:15"),
]


@pytest.mark.parametrize(("texts", "form", "first"), DATES, ids=str)
def test_written_dates_are_read_in_the_form_that_fits_all_of_them(texts: list[str], form: str, first: str):
    values = pd.Series(texts)
    assert forms_of(values) == (form,)
    assert parse_dates(values, (form,))[0] == pd.Timestamp(first)


def test_dates_in_three_forms_are_all_read():
    values = pd.Series(["2020-01-02", "31.12.2021", "Jan 5, 2020"] * 5)
    assert parse_dates(values, forms_of(values)).notna().all()


def test_day_and_month_that_could_be_swapped_are_noticed():
    values = pd.Series(["01/02/2020", "03/04/2020"])
    assert could_be_swapped(parse_dates(values, forms_of(values)), forms_of(values))
    assert not could_be_swapped(parse_dates(values, ("ISO8601",)), ("ISO8601",))


@pytest.mark.parametrize(
    ("numbers", "form"), [([2019, 2020], "%Y"), ([20190131, 20200229], "%Y%m%d"), ([1.6e9, 1.7e9], "unix_s")]
)
def test_numbers_that_tell_moments_are_told_apart(numbers: list[float], form: str):
    assert forms_of_numbers(pd.Series(numbers)) == (form,)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("größe;straße\n1;Köln\n", "cp1252"),
        ("име,город\nИван,Москва\nОльга,Казань\n", "cp1251"),  # noqa: RUF001
        ("größe\n1\n", "utf-8"),
        ("größe\n1\n", "utf-8-sig"),
        ("größe\n1\n", "utf-16"),
    ],
)
def test_encoding_is_found_out(text: str, encoding: str):
    found = detect_encoding((text * 5).encode(encoding))
    assert found == encoding


def test_binary_content_has_no_encoding():
    assert detect_encoding(b"\x00\x01PK not a table \xff") is None


LAYOUTS = {
    "semicolon and decimal comma": ("a;b;c\n1,5;2,5;3,5\n2,5;1,5;0,1\n", ";", 0),
    "tab": ("a\tb, c\td\n1\t2, 3\t4\n", "\t", 0),
    "quoted delimiter": ('a,b\n"x;y",1\n"z;w",2\n', ",", 0),
    "blanks": ("a b   c\n1  2  3\n4 5  6\n", r"\s+", 0),
    "what Excel says": ("sep=|\na|b\n1|2\n", "|", 1),
    "a title above": ("Sales of May\n\na,b,c\n1,2,3\n4,5,6\n", ",", 2),
    "one column": ("a\n1\n2\n", ",", 0),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layout_is_found_out(name: str):
    text, delimiter, skip_lines = LAYOUTS[name]
    layout = detect_layout(text)
    assert (layout.delimiter, layout.skip_lines) == (delimiter, skip_lines)


def test_codes_with_leading_zeros_stay_text():
    frame = pd.DataFrame({"zip": ["01234", "10115"], "n": ["1", "2"]})
    how = found_out(frame, FormatSpec(), typed=False)
    assert how.text == ("zip",)


def test_a_word_among_numbers_means_missing_and_a_broken_number_leaves_the_column_as_it_is():
    good = pd.DataFrame({"n": [f"$ {i}" for i in range(19)] + ["unknown"]})
    how = found_out(good, FormatSpec(), typed=False)
    assert "unknown" in how.nulls
    assert read_columns(good, how)["n"].isna().sum() == 1
    broken = pd.DataFrame({"n": ["$ 1", "1..2"]})
    assert read_columns(broken, how)["n"].tolist() == ["$ 1", "1..2"]


@given(st.lists(st.text(max_size=12) | st.none(), min_size=1, max_size=30))
def test_reading_never_fails_and_never_loses_a_value(texts: list[str | None]):
    frame = pd.DataFrame({"a": pd.Series(texts, dtype="str")})
    how = found_out(frame, FormatSpec(), typed=False)
    read = read_columns(frame, how)
    assert read["a"].notna().sum() >= (~frame["a"].isin(how.nulls) & frame["a"].notna()).sum()


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("postgresql://me:geheim@host/db", "password"),
        ("postgresql://host/db?password=geheim", "password"),
        ("https://host/x.csv?token=abc", "token"),
        ("postgresql://me:${PASSWORD}@host/db", None),
        ("${DATABASE_URL}", None),
        ("s3://bucket/a.csv", None),
    ],
)
def test_secrets_in_the_clear_are_seen(address: str, found: str | None):
    assert literal_secret(address) == found

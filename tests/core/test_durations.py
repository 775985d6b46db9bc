from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.durations import format_duration, parse_duration
from core.monitor_spec import MonitorSpec


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30s", timedelta(seconds=30)),
        ("15m", timedelta(minutes=15)),
        (" 6 h ", timedelta(hours=6)),
        ("1.5d", timedelta(hours=36)),
        ("2w", timedelta(days=14)),
        ("0d", timedelta(0)),
    ],
)
def test_span_is_read_as_people_write_it(text, span):
    assert parse_duration(text) == span


@pytest.mark.parametrize("text", ["6", "h", "6 hours", "-6h", "6h 3m", "", None, 6])
def test_what_is_no_span_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="such as 6h or 120d"):
        parse_duration(text)


@pytest.mark.parametrize(("text", "written"), [("120d", "120d"), ("2w", "14d"), ("90m", "90m"), ("48h", "2d")])
def test_span_is_written_in_its_largest_whole_unit(text, written):
    assert format_duration(parse_duration(text)) == written


@given(st.integers(0, 10**8))
def test_span_is_the_same_after_writing_and_reading(seconds):
    span = timedelta(seconds=seconds)
    assert parse_duration(format_duration(span)) == span


def test_span_too_long_for_any_clock_is_refused():
    with pytest.raises(ValueError, match="cooldown"):
        MonitorSpec(cooldown="99999999999999d")

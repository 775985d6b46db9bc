"""Spans of time as people write them: `30s`, `15m`, `6h`, `120d`, `2w`."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_duration(value: object) -> timedelta:
    """Read `6h` and the like; raises ValueError with an example otherwise."""
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw])", str(value).strip())
    if match is None:
        raise ValueError("a span of time is a number and one of s, m, h, d, w, such as 6h or 120d")
    try:
        return timedelta(**{UNITS[match[2]]: float(match[1])})
    except OverflowError as error:
        raise ValueError("a span of time this long cannot be measured; write a shorter one such as 3650d") from error


def format_duration(span: timedelta) -> str:
    """The shortest way to write a span so that `parse_duration` reads it back."""
    seconds = span.total_seconds()
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds % length == 0:
            return f"{seconds / length:.0f}{unit}"
    return f"{seconds:f}".rstrip("0").rstrip(".") + "s"


Duration = Annotated[timedelta, BeforeValidator(parse_duration), PlainSerializer(format_duration)]

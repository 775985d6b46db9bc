"""Dates as people write them, and in which forms a column holds them."""

from collections.abc import Sequence

import pandas as pd

ISO, SECONDS, MILLISECONDS = "ISO8601", "unix_s", "unix_ms"
DAYS = (
    "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%d %b %Y", "%d-%b-%Y",
    "%b %d, %Y", "%b %d %Y", "%d %B %Y", "%B %d, %Y", "%a, %d %b %Y", "%d.%m.%y", "%m/%d/%y", "%d/%m/%y", "%d-%b-%y",
)  # fmt: skip
CLOCKS = (" %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", ", %I:%M %p", " %H:%M:%S %z")
LOOKS_LIKE = (
    r"(?i)^\s*(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{1,2}[- ][a-z]{3,9}[- ]\d{2,4}"
    r"|[a-z]{3,9}\.? \d{1,2},? \d{4}|[a-z]{3}, \d{1,2} [a-z]{3} \d{4}|\d{8}T?\d{0,6}Z?$|\d{4}-\d{2}$)"
)
MOST_FORMS, MOST_VALUES = 4, 300


def parse_dates(values: pd.Series, forms: Sequence[str]) -> pd.Series:
    """Moments from their text, without a zone (those with one in UTC); NaT where no form fits.

    Args:
        values: Texts, numbers or missing values.
        forms: Tried in turn.
    """
    found = pd.Series(pd.NaT, index=values.index, dtype="datetime64[us]")
    for form in forms:
        left = found.isna() & values.notna()
        if not left.any():
            break
        found[left] = _parse(values[left], form)
    return found


def forms_of(values: pd.Series, *, day_first: bool = False) -> tuple[str, ...]:
    """The forms in which nearly all texts are dates, the commonest first; empty when they are none.

    Args:
        values: Texts, none missing.
        day_first: Read 03/04 as the third of April where both would do.
    """
    values = values.drop_duplicates()
    left = values.sample(min(len(values), MOST_VALUES), random_state=0)
    if not len(left) or float(left.astype("string").str.match(LOOKS_LIKE).mean()) < 0.95:
        return ()
    left, chosen = values, list[str]()
    while len(left) and len(chosen) < MOST_FORMS:
        some = left.sample(min(len(left), MOST_VALUES), random_state=0)
        candidates = [form for form in _forms(some, day_first) if {form, _twin(form)}.isdisjoint(chosen)]
        hits = {form: int(_parse(some, form).notna().sum()) for form in candidates}
        best = max(candidates, key=lambda form: hits[form])
        if not hits[best]:
            break
        chosen.append(best)
        left = left[_parse(left, best).isna()]
    return tuple(chosen) if len(left) <= 0.05 * len(values) else ()


def could_be_swapped(moments: pd.Series, forms: Sequence[str]) -> bool:
    """Whether day and month could be read the other way round in every value."""
    known = moments.dropna()
    return any(_twin(form) != form for form in forms) and known.nunique() > 1 and bool((known.dt.day <= 12).all())


def _forms(values: pd.Series, day_first: bool) -> list[str]:
    has_clock = bool(values.astype("string").str.contains(":").any())
    days = [_twin(day) if day_first and day.startswith("%m/") else day for day in DAYS]
    days = [day for place, day in enumerate(days) if day not in days[:place]]
    days += [day for day in DAYS if day not in days]
    clocks = ("", *CLOCKS) if has_clock else ("",)
    return [ISO, *(day + clock for clock in clocks for day in days)]


def _twin(form: str) -> str:
    swapped = {"%d": "%m", "%m": "%d"}
    first, second = form[:2], form[3:5]
    return swapped[first] + form[2] + swapped[second] + form[5:] if {first, second} == {"%d", "%m"} else form


def _parse(values: pd.Series, form: str) -> pd.Series:
    if form in (SECONDS, MILLISECONDS):
        scaled = pd.to_numeric(values, errors="coerce").astype("float64") * (1e6 if form == SECONDS else 1e3)
        moments = scaled.where(scaled.abs() < 9e18).round().astype("Int64")
        return pd.to_datetime(moments, unit="us", errors="coerce").astype("datetime64[us]")
    # A year with a missing one beside it arrives as 2024.0.
    values = values.astype("Int64") if values.dtype.kind == "f" and bool((values % 1 == 0).all()) else values
    texts = values.astype("string").str.strip().astype(object)
    found = pd.to_datetime(texts, format=form, errors="coerce", utc=True)
    return found.dt.tz_localize(None).astype("datetime64[us]")


def forms_of_numbers(values: pd.Series) -> tuple[str, ...]:
    """How numbers tell moments: 20240131, years, seconds or milliseconds since 1970; empty when they do not.

    Args:
        values: Numbers, none missing.
    """
    low, high = float(values.min()), float(values.max())
    for form, first, last in (
        ("%Y", 1800, 2200),
        ("%Y%m%d", 18000101, 22001231),
        (SECONDS, 1e8, 7e9),
        (MILLISECONDS, 1e11, 7e12),
    ):
        if first <= low and high <= last and bool(parse_dates(values, (form,)).notna().all()):
            return (form,)
    return ()

"""What a column's name and its times say about when it was recorded: before the outcome, or after it."""

import re
from dataclasses import dataclass

import pandas as pd

# Said of what is known when the outcome is known.
AFTER = frozenset(
    re.findall(
        r"\w+",
        """actual after arrived canceled cancellation cancelled chargeback closed completed death delivered discharge
        discharged final finished outcome post refund refunded resolution resolved result returned settled""",
    )
)
# Said of earlier values of the target or of what is planned: they share its name, and are known in time.
BEFORE = frozenset(
    re.findall(
        r"\w+",
        """ago baseline before budget deadline due estimated expected expiry forecast historic historical history
        initial lag lagged last past plan planned prev previous prior promised scheduled yesterday""",
    )
)
SHORTEST_STEM = 4
DIGITS = re.compile(r"\d+")
MOST_AFTER = 0.95


def words_of(name: str) -> list[str]:
    """The words of a column's name: `churnDate_2` is churn, date, 2."""
    return re.findall(r"[a-z]+|\d+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())


def sounds_earlier(name: str) -> bool:
    """Whether the name speaks of an earlier value or a plan."""
    return not BEFORE.isdisjoint(words_of(name))


def sounds_later(name: str, target: str) -> bool:
    """Whether the name speaks of the outcome or carries the target's, and not of an earlier value."""
    if sounds_earlier(name):
        return False
    words, stems = words_of(name), [word for word in words_of(target) if len(word) >= SHORTEST_STEM]
    if _are_siblings(name, target):
        stems = []
    return not AFTER.isdisjoint(words) or any(word.startswith(stem) for word in words for stem in stems)


def _are_siblings(name: str, target: str) -> bool:
    """Whether two names differ in their numbers alone, as those of answers to several questions do."""
    bare = [DIGITS.sub("#", each) for each in (name, target)]
    return bare[0] == bare[1] and "#" in bare[0]


@dataclass(frozen=True, slots=True)
class Later:
    """How a column's times lie to the rows' own times.

    Attributes:
        share: Of the rows with both times, those whose value lies after the row's time, 0 to 1.
        n_rows: Rows with both times.
        to_the_second: Whether most values carry seconds, as records do and plans do not.
        varies: Whether the spans differ from row to row.
        median: The middle span, in words.
    """

    share: float
    n_rows: int
    to_the_second: bool
    varies: bool
    median: str

    @property
    def is_later(self) -> bool:
        """Whether the column lies after the rows' time as a rule."""
        return self.n_rows > 0 and self.share >= MOST_AFTER


def compare_times(column: pd.Series, time: pd.Series) -> Later:
    """Compare a datetime column with the rows' times; naive times are read as UTC."""
    column, time = (pd.to_datetime(each, utc=True) for each in (column, time))
    spans = (column - time).dropna()
    if spans.empty:
        return Later(0.0, 0, False, False, "")
    seconds = column.dropna().dt.second
    median = pd.Timedelta(spans.median()).round("s")
    return Later(
        float((spans > pd.Timedelta(0)).mean()),
        len(spans),
        bool((seconds != 0).mean() > 0.5),
        spans.nunique() > min(10, len(spans) // 2),
        str(median),
    )

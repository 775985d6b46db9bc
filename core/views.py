"""A table as a check looks at it: each column as numbers or as categories, whatever pandas holds it in."""

import re
import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.features import FeatureColumns
from core.metrics import Floats
from core.survey import Ints
from core.values import text_of

PREDICTION, TARGET = "prediction", "target"


@dataclass(frozen=True, slots=True)
class View:
    """One way to look at a column, and the values that it shows.

    Attributes:
        kind: number, category, date, length or words (of prose), prediction or target.
        numbers: Shape (n,), NaN where missing; None for categories.
        codes, names: The category of each row, -1 where missing, and what the codes mean.
    """

    column: str
    kind: str
    numbers: Floats | None = None
    codes: Ints | None = None
    names: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.column}"


def views_of(frame: pd.DataFrame, columns: FeatureColumns, time: str | None) -> list[View]:
    """All feature columns that the frame has.

    A moment is looked at as days before the row's own time: moments themselves move on by nature. Without a time
    column it is days since 1970. Prose is looked at as its number of words, and by one of its words.
    """
    by_text = {str(name): frame[name] for name in frame.columns}
    present = [name for name in columns.names if name in by_text]
    at = _days(by_text[time]) if time in by_text else None
    views = []
    for name in present:
        column = by_text[name]
        if name in columns.numbers:
            views.append(View(name, "number", _numbers(column)))
        elif name in columns.dates:
            views.append(View(name, "date", _days(column) if at is None else at - _days(column)))
        elif name in columns.texts:
            views += _views_of_text(name, column)
        else:
            views.append(_categories(name, "category", column))
    return views


def prediction_view(prediction: Floats) -> View:
    """The number, the probability of the positive class, or the most probable class."""
    if prediction.ndim == 1:
        return View(PREDICTION, "prediction", np.asarray(prediction, dtype=np.float64))
    names = tuple(str(code) for code in range(prediction.shape[1]))
    return View(PREDICTION, "prediction", None, prediction.argmax(axis=1).astype(np.int64), names)


def target_view(name: str, encoded: Floats, n_classes: int) -> View:
    """The target as far as it is known: a number, or the number of its class; NaN where it is not."""
    if n_classes <= 2:
        return View(name, TARGET, np.asarray(encoded, dtype=np.float64))
    codes = np.where(np.isnan(encoded), -1, np.nan_to_num(encoded)).astype(np.int64)
    return View(name, TARGET, None, codes, tuple(str(code) for code in range(n_classes)))


def _numbers(column: pd.Series) -> Floats:
    if pd.api.types.is_object_dtype(column):
        return pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return column.to_numpy(np.float64, na_value=np.nan)


def _days(column: pd.Series) -> Floats:
    moments = pd.to_datetime(column, utc=True, errors="coerce")
    return np.asarray((moments - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1), dtype=np.float64)


def _categories(name: str, kind: str, column: pd.Series) -> View:
    # Names are read once a level and not once a row: a million rows of twenty levels are twenty names.
    codes, levels = pd.factorize(column, use_na_sentinel=True)
    texts, positions = np.unique([text_of(level) for level in levels], return_inverse=True)
    same = np.append(positions, -1).astype(np.int64)
    return View(name, kind, None, same[codes], tuple(map(str, texts)))


def _views_of_text(name: str, column: pd.Series) -> list[View]:
    texts = column.astype("string")
    length = _numbers(texts.str.count(r"\S+"))
    words = [None if pd.isna(text) else _one_word(str(text)) for text in texts]
    return [View(name, "length", length), _categories(name, "words", pd.Series(words, dtype=object))]


def _one_word(text: str) -> str | None:
    # One a row, chosen by the text itself: the words of one row come together, and would count as many rows.
    words = re.findall(r"\w+", text.lower())
    return words[zlib.crc32(text.encode()) % len(words)] if words else None

"""Which rows to train on: all of them, or only the newest? Tried on the newest labelled rows before the test part."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.backtest import History, Trained
from core.data_spec import WindowSpec
from core.features import FeaturePlan, feature_frame
from core.fitting import Learning
from core.metrics import METRICS, Floats, score
from core.splitting import SplitPlan

# Shares of the whole span of time. The whole comes first: of equals the one with the most rows is taken.
SPANS = (1.0, 0.5, 0.25, 0.125)
FEWEST_ROWS = 1000


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """How windows are tried: as the training splits, encodes and learns, with the first family's own parameters."""

    time: str
    learning: Learning
    features: FeaturePlan
    split: SplitPlan
    family: str


@dataclass(frozen=True, slots=True)
class Tried:
    """A window that was tried: how much of the history it takes, its rows, and its score on the same newest rows."""

    days: float
    n_rows: int
    metric: float


@dataclass(frozen=True, slots=True)
class WindowChoice:
    """The window that scored best, and what it was compared with, on so many rows."""

    window: WindowSpec
    tried: tuple[Tried, ...]
    n_scored: int


def choose_window(history: History, test: float, validation: float) -> WindowChoice:
    """Try windows of several lengths as if it were the day on which the test part begins.

    The test rows take no part: they would score a model whose training rows they have chosen.

    Args:
        history: All labelled rows, oldest first; its own window is not looked at.
        test: Share of rows, the newest, that score the model.
        validation: Share of rows, those before, that choose the window.
    """
    moments = history.frame[history.time]
    cuts = moments.quantile([1 - test - validation, 1 - test], interpolation="lower")
    begin, end = pd.Timestamp(cuts.iloc[0]), pd.Timestamp(cuts.iloc[1])
    scored = history.between(begin, end)
    y, span = history.coding.encode(scored[history.learning.target]), begin - moments.min()
    known = history.between(pd.Timestamp(moments.min()), begin)
    tried = []
    for share in SPANS:
        days = span.total_seconds() / 86400 * share
        rows = known[known[history.time] >= begin - pd.Timedelta(days=days)]
        if len(rows) >= FEWEST_ROWS or share == 1.0:
            metric = score(history.learning.metric, y, _predicted(history, rows, begin, scored))
            tried.append(Tried(round(days, 3), len(rows), metric))
    gain = METRICS[history.learning.metric].gain
    best = max(tried, key=lambda one: (np.nan_to_num(gain(one.metric, tried[0].metric), nan=-np.inf), one.n_rows))
    # As long a window as was tried, but back from the newest row of all.
    last = WindowSpec() if best is tried[0] else WindowSpec(last=pd.Timedelta(days=best.days).to_pytimedelta())
    return WindowChoice(last, tuple(tried), len(scored))


def _predicted(history: History, rows: pd.DataFrame, at: pd.Timestamp, scored: pd.DataFrame) -> Floats:
    trained = Trained(replace(history, frame=rows, window=WindowSpec()), at)
    return trained.predict(feature_frame(scored, trained.columns))

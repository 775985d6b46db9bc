from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from core.backtest import History, Trained
from core.data_spec import WindowSpec
from core.families import FAMILIES
from core.features import MOST_CATEGORIES, FeaturePlan
from core.fitting import Candidate, Learning
from core.splitting import SplitPlan
from core.target import TargetCoding

N_ROWS, N_LEVELS = 6000, MOST_CATEGORIES + 45


def trained(frame: pd.DataFrame, family: str) -> Trained:
    at = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(np.arange(len(frame)), unit="min")
    history = History(
        frame=frame.assign(at=at),
        time="at",
        coding=TargetCoding("binary", (False, True)),
        learning=Learning("y", "binary", "roc_auc", 0),
        features=FeaturePlan(("y", "at"), (), 0.0, ("trees",)),
        split=SplitPlan("time", ("at",), 0.15, 0.15),
        window=WindowSpec(last=timedelta(days=30)),
        label_delay=timedelta(0),
        choose=lambda _: Candidate(family, tuple(FAMILIES[family].start.items())),
    )
    return Trained(history, at[-1] + pd.Timedelta(minutes=1))


@pytest.mark.parametrize("family", ["pairwise_boosting", "extra_trees"])
def test_family_reads_rows_of_the_past_as_in_a_training(family):
    # Only both columns together say anything: without its pairs a model of pairs would be blind.
    x = np.random.default_rng(0).normal(size=(N_ROWS, 2))
    frame = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": x[:, 0] * x[:, 1] > 0})
    assert trained(frame, family).metrics["roc_auc"] > 0.9


def test_category_of_many_levels_is_read_as_a_mean_of_the_target():
    random = np.random.default_rng(0)
    level = random.integers(0, N_LEVELS, N_ROWS)
    y = random.uniform(size=N_ROWS) < np.where(level % 2, 0.9, 0.1)
    frame = pd.DataFrame({"level": [f"l{each}" for each in level], "y": y})
    assert trained(frame, "hist_gradient_boosting").metrics["roc_auc"] > 0.8

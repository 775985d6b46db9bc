"""`data.window: auto` takes the newest rows where the world has changed, and all where it has not."""

from dataclasses import replace

import pandas as pd
import pytest

from core.window_choice import choose_window
from tests.core.test_replay import PER_WINDOW, stream


def test_rows_of_a_world_that_is_gone_are_left_out():
    history = stream(True).history
    choice = choose_window(history, 0.1, 0.1)
    # The world turned after 9 of 16 windows of 7 days.
    assert choice.window.last is not None
    assert choice.window.last.days <= 49
    assert max(one.metric for one in choice.tried) > choice.tried[0].metric + 0.1


def test_all_rows_are_taken_where_nothing_has_changed_or_old_rows_are_as_good():
    history = stream(False).history
    choice = choose_window(history, 0.1, 0.1)
    scores = {one.days: one.metric for one in choice.tried}
    assert max(scores.values()) - min(scores.values()) < 0.01


def test_newest_rows_which_test_the_model_have_no_say():
    history = stream(True).history
    last = history.frame[history.time].quantile(0.9)
    other = history.frame.assign(y=history.frame["y"] ^ (history.frame[history.time] > last))
    assert choose_window(replace(history, frame=other), 0.1, 0.1) == choose_window(history, 0.1, 0.1)


@pytest.mark.parametrize("n_windows", [3, 16])
def test_windows_with_too_few_rows_are_not_tried(n_windows):
    history = stream(False).history
    short = replace(history, frame=history.frame.head(n_windows * PER_WINDOW))
    tried = choose_window(short, 0.15, 0.15).tried
    assert all(one.n_rows >= 1000 for one in tried[1:])
    assert isinstance(tried[0].n_rows, int)
    assert pd.notna(tried[0].metric)

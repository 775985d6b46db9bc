from datetime import timedelta
from unittest.mock import patch

import pytest

from core.fitting import Candidate
from core.learning_spec import SearchSpec
from core.search import Trial
from tasks.trial_views import Progress

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("trials", "timeout", "percent"), [(10, None, 20.0), (10, MINUTE, 50.0), (4, MINUTE, 50.0), (None, MINUTE, 50.0)]
)
def test_progress_is_of_the_budget_that_ends_first(trials, timeout, percent):
    with patch("time.monotonic", return_value=0.0):
        progress = Progress(SearchSpec(trials=trials, timeout=timeout, metric="roc_auc"))
        for number in range(2):
            progress.told(Trial(number, Candidate("random_forest", ()), ((1.0, 0.5),), 0.5, 1.0))
    with patch("time.monotonic", return_value=30.0):
        assert progress.percent() == pytest.approx(percent)

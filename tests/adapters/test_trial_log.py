import pytest

from adapters.registry import answering
from adapters.trial_log import log_trials
from core.fitting import Candidate
from core.search import Trial

BEST = Trial(0, Candidate("random_forest", (("max_features", 0.3),)), ((1 / 9, 0.7), (1.0, 0.8)), 0.8, 2.0)
STOPPED = Trial(1, Candidate("logistic_regression", (("C", 1.0),)), ((1 / 9, 0.6),), None, 1.0)
FAILED = Trial(2, Candidate("random_forest", (("max_features", 0.9),)), (), None, 0.1, "no luck")


@pytest.mark.usefixtures("project")
def test_trials_are_runs_below_the_run_of_their_search():
    run = log_trials("toy", "roc_auc", BEST, [BEST, STOPPED, FAILED])
    with answering() as client:
        parent = client.get_run(run)
        trials = client.search_runs([parent.info.experiment_id], f"tags.`mlflow.parentRunId` = '{run}'")
    assert parent.data.metrics == {"roc_auc": 0.8, "trials": 3, "failed": 1}
    told = {trial.data.params["family"] + trial.data.tags["state"]: trial for trial in trials}
    assert told["random_forestcomplete"].data.metrics == {"roc_auc": 0.8, "seconds": 2.0}
    assert told["logistic_regressionstopped"].data.metrics["roc_auc"] == 0.6
    assert told["random_forestfailed"].data.tags["error"] == "no luck"
    assert told["random_forestfailed"].info.status == "FAILED"

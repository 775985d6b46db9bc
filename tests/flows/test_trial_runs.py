"""Trials in the Prefect UI, where somebody wants them there."""

from typing import Any
from uuid import UUID

import pytest
from prefect import flow, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.runtime import flow_run

from tasks.tuning import Crew, tune
from tests.tasks.test_tuning import LEARNING, features, search


def runs_of(**spec: Any) -> list[Any]:
    """The task runs below a search."""

    @flow(name="only-tune")
    def only_tune() -> UUID:
        tune(features(), search(trials=5, **spec), LEARNING, (), Crew("toy", 1))
        return UUID(str(flow_run.get_id()))

    here = FlowRunFilter(id=FlowRunFilterId(any_=[only_tune()]))
    with get_client(sync_client=True) as client:
        return [run for run in client.read_task_runs(flow_run_filter=here) if run.name != "tune"]


@pytest.mark.usefixtures("project")
def test_each_trial_is_a_task_run_below_the_search_when_wanted():
    runs = [run for run in runs_of(task_runs=True) if run.name.startswith("trial ")]
    assert {run.name for run in runs} >= {"trial 0: logistic_regression", "trial 1: hist_gradient_boosting"}
    assert len(runs) == 5
    assert {run.state_name for run in runs} == {"Completed"}
    assert all("of the training rows" in run.state.message for run in runs)
    assert all(run.task_inputs["__parents__"] for run in runs)


@pytest.mark.usefixtures("project")
def test_trials_are_no_task_runs_unless_wanted():
    assert not [run for run in runs_of() if run.name.startswith("trial ")]

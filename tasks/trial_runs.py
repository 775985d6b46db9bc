"""Each trial as a task run of its own in the UI, for those who want to see it there: from asking it to telling it."""

from types import TracebackType
from typing import Any, Self
from uuid import UUID

from prefect import get_client, task
from prefect.client.schemas.objects import State, TaskRunResult
from prefect.runtime import flow_run, task_run
from prefect.states import Cancelled, Completed, Failed, Running

from core.search import Job, Trial


@task(name="trial")
def _trial() -> None:
    # Never called: trials are fitted on Dask, and their runs are only told to the server.
    return None


class TrialRuns:
    """Task runs of the trials of one search, below the task that searches; nothing outside a run or unless wanted."""

    def __init__(self, wanted: bool) -> None:
        self.wanted = wanted and task_run.get_id() is not None
        self.runs: dict[int, UUID] = {}
        self.client: Any = None

    def __enter__(self) -> Self:
        if self.wanted:
            self.client = get_client(sync_client=True).__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.client is None:
            return
        # What was still open when the time was over.
        for number in list(self.runs):
            self._end(number, Cancelled(message="dropped: the search has ended"))
        self.client.__exit__(kind, error, at)

    def begun(self, job: Job) -> None:
        """A candidate is being fitted; on its way up it is one run."""
        if self.client is not None and job.number not in self.runs:
            self._begin(job.number, job.candidate.family)

    def ended(self, trial: Trial) -> None:
        """A trial was told."""
        if self.client is None:
            return
        if trial.number not in self.runs:
            # It was answered from the stored study.
            self._begin(trial.number, trial.candidate.family)
        self._end(trial.number, _state(trial))

    def _begin(self, number: int, family: str) -> None:
        parents = {"__parents__": [TaskRunResult(id=UUID(str(task_run.get_id())))]}
        run = self.client.create_task_run(
            _trial,
            UUID(str(flow_run.get_id())),
            # Of a task that is tried again, too, each trial is a run of its own.
            f"{task_run.get_id()}-{task_run.get_run_count()}-{number}",
            name=f"trial {number}: {family}",
            state=Running(),
            task_inputs=parents,
        )
        self.runs[number] = run.id

    def _end(self, number: int, state: State) -> None:
        self.client.set_task_run_state(self.runs.pop(number), state, force=True)


def _state(trial: Trial) -> State:
    if trial.error:
        return Failed(message=trial.error)
    share, value = trial.curve[-1]
    told = f"{value:.4f} on {share:.0%} of the training rows, in {trial.seconds:.1f} s"
    return Completed(name="Completed" if trial.value is not None else "Stopped", message=told)

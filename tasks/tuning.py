"""The search for the best candidate: asked here, fitted on Dask, kept in the store, seen in the UI."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from prefect import get_run_logger, task
from prefect.cache_policies import INPUTS, TASK_SOURCE
from threadpoolctl import threadpool_limits

from adapters import journal
from adapters.storage import read_array
from adapters.trials import Work, attempt, attempt_baseline, read_rows
from core.blending import choose_members, contenders
from core.choices import open_choices, with_choices
from core.effort import effort
from core.estimators import MOST_FOR_A_TREE
from core.families import baselines_for, families_for
from core.fitting import Candidate, Learning, better_first, recipe_of, search_value
from core.learning_spec import SearchSpec
from core.metrics import Floats
from core.refs import DatasetRef, FeaturesRef
from core.rungs import shares_of
from core.search import Job, Plan, Start, Trial, Tried, Watch, best_trial
from core.search import search as run_search
from core.spec import TrainingSpec
from tasks.policies import CODE, STAGE, code_digest
from tasks.trial_runs import TrialRuns
from tasks.trial_views import Progress, publish

MOST_KNOWN = 3
# Validation rows that tell whether an ensemble is better.
ENOUGH_ROWS = 60_000
# A fit copies its rows, a network more often than others; beside that, a process holds its libraries, and a forest may
# have a leaf for every second row that its trees have drawn.
COPIES, LIBRARIES_BYTES, FOREST_BYTES_A_ROW = 5, 400_000_000, 5_000


@dataclass(frozen=True, slots=True)
class Trials:
    """What a search has found.

    Attributes:
        best: The candidate with the best value on all training rows.
        value: Its value on the validation rows.
        n_trials, n_failed, n_stopped: Trials; those with an error, and those that never saw all rows.
        baselines: Values of the baselines on the same rows.
        members: The best candidate, and those whose mean with it is better than it alone.
    """

    best: Candidate
    value: float
    n_trials: int
    n_failed: int
    n_stopped: int
    baselines: tuple[tuple[str, float | None], ...]
    members: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Crew:
    """For whom and by how many is fitted: how long it takes, never the answer."""

    model: str
    workers: int | None = None


# The crew is no part of the key.
TUNE = STAGE | {"cache_policy": (INPUTS - "crew") + TASK_SOURCE + CODE}


def earlier_best(spec: TrainingSpec, data: DatasetRef) -> tuple[Candidate, ...]:
    """The best candidates of the model's last trainings on other data, newest first.

    Only what was known before this table was first trained on: the same table is searched in the same way again.
    """
    if not spec.search.warm_start:
        return ()
    # A training that failed has found nothing.
    oldest_first = [e for e in reversed(journal.entries(spec.name, "training")) if "best" in e]
    digests = [entry["data_digest"] for entry in oldest_first]
    before = oldest_first[: digests.index(data.sha256)] if data.sha256 in digests else oldest_first
    found = (Candidate(e["best"]["family"], tuple(e["best"]["params"].items())) for e in reversed(before))
    return tuple(dict.fromkeys(found))[:MOST_KNOWN]


@task(name="tune", **TUNE)
def tune(
    features: FeaturesRef, search: SearchSpec, learning: Learning, known: tuple[Candidate, ...], crew: Crew
) -> Trials:
    """Search families and parameters with Optuna; candidates are fitted on Dask."""
    y, table_bytes, widths = _extent(features)
    n_rows = len(y)
    most = min(1.0, (search.max_rows or n_rows) / n_rows)
    choices = open_choices(learning.problem, learning.weights, learning.log, y)
    codes = any(encoding.categorical for encoding in features.encodings)
    families = with_choices(families_for(learning.problem, search.families), choices, codes)
    shares = shares_of(round(n_rows * most)) if search.pruner != "none" else (1.0,)
    plan = Plan(search, families, learning.seed, shares, known, _efforts(round(n_rows * most), widths))
    if most < 1:
        get_run_logger().info("tune: candidates see %d of %d training rows", search.max_rows, n_rows)
    return _Tuning(plan, Work(features, learning, most), crew).run(round(table_bytes * most), round(n_rows * most))


class _Tuning:
    """A search with all that surrounds it: the stored study, the cluster, and who looks on."""

    def __init__(self, plan: Plan, work: Work, crew: Crew) -> None:
        from adapters.studies import StoredStudy

        self.plan, self.work, self.crew = plan, work, crew
        families = [(name, tuple(family.space)) for name, family in plan.families.items()]
        self.study = StoredStudy(plan, repr((work, families, plan.spec.metric, code_digest())))
        self.progress = Progress(plan.spec)
        self.runs = TrialRuns(plan.spec.task_runs)
        self.started = time.monotonic()

    def run(self, table_bytes: int, n_rows: int) -> Trials:
        from adapters.cluster import cluster, free_bytes, kind_for, size_for

        kind = kind_for(self.crew.workers, table_bytes, table_bytes / 8 * self.plan.spec.most_trials)
        size = size_for(self.crew.workers, memory_of(table_bytes, n_rows), kind, free_bytes())
        # Around all threads: each alone would give the others back their many threads when it ends.
        with threadpool_limits(limits=1), cluster(size) as client, self.progress, self.runs:
            trials, baselines = self._search(client)
        best = best_trial(trials, self.work.learning.metric)
        found = Trials(
            best.candidate,
            float(best.value or 0.0),
            len(trials),
            sum(trial.state == "failed" for trial in trials),
            sum(trial.state == "stopped" for trial in trials),
            baselines,
            self._members(trials),
        )
        publish(self.crew.model, self.plan, trials, baselines)
        return found

    def _search(self, client: object) -> tuple[list[Trial], tuple[tuple[str, float | None], ...]]:
        from adapters.cluster import started

        trials = run_search(self.plan, self.study.answering(self._start(client)), Watch(self._late, self._told))
        names = tuple(baselines_for(self.work.learning.problem))
        waiting = [started(client, 0, attempt_baseline, self.work, name) for name in names]
        answers = [wait() for wait in waiting]
        self.study.keep()
        return trials, tuple(
            (name, answer.value if answer else None) for name, answer in zip(names, answers, strict=True)
        )

    def _start(self, client: object) -> Start:
        from adapters.cluster import started

        def start(job: Job) -> Callable[[], Tried]:
            self.runs.begun(job)
            # Who has climbed goes first: it is nearer to an answer.
            wait = started(client, self.plan.shares.index(job.share), attempt, self.work, job)
            killed = f"{job.candidate.family}: it killed every worker that tried, which is what too little memory does"
            return lambda: wait() or Tried(None, 0.0, killed)

        return start

    def _members(self, trials: Sequence[Trial]) -> tuple[Candidate, ...]:
        learning, metric = self.work.learning, self.work.learning.metric
        best = best_trial(trials, metric)
        most = 1 if self.plan.spec.ensemble == "off" else self.plan.spec.ensemble
        sign = 1 if better_first(metric) == "maximize" else -1
        complete = {t.candidate: t for t in trials if t.predictions and t.value is not None}.values()
        # Members read one encoding, so that a row is encoded once.
        kin = [t for t in complete if recipe_of(t.candidate.family) == recipe_of(best.candidate.family)]
        kin.sort(key=lambda t: (-sign * float(t.value or 0.0), t.number))
        y = read_rows(self.work.features, recipe_of(best.candidate.family))[1].y
        every = slice(None, None, -(-len(y) // ENOUGH_ROWS))
        kin = [kin[place] for place in contenders([t.candidate.family for t in kin])]
        pool = [np.asarray(read_array(t.predictions))[every] for t in kin]
        chosen = choose_members(
            pool, most, lambda p, rows: sign * search_value(learning, np.asarray(y[every])[rows], p[rows])
        )
        return tuple(kin[i].candidate for i in chosen)

    def _late(self) -> bool:
        timeout = self.plan.spec.timeout
        return timeout is not None and time.monotonic() - self.started > timeout.total_seconds()

    def _told(self, trial: Trial) -> None:
        self.study.add(trial)
        self.progress.told(trial)
        self.runs.ended(trial)


def memory_of(table_bytes: int, n_rows: int) -> int:
    """Bytes that a worker may need for a fit on so many rows of an encoded table."""
    return COPIES * table_bytes + LIBRARIES_BYTES + FOREST_BYTES_A_ROW * min(n_rows, MOST_FOR_A_TREE)


def _extent(features: FeaturesRef) -> tuple[Floats, int, dict[str, int]]:
    """Targets of the training rows, bytes of the largest encoding with its validation rows, and columns of each."""
    sizes, widths = [], {}
    for encoding in features.encodings:
        train, validation = read_rows(features, encoding.recipe)
        sizes.append(train.x.nbytes + validation.x.nbytes)
        widths[encoding.recipe] = train.x.shape[1]
    return np.asarray(train.y), max(sizes), widths


def _efforts(n_rows: int, widths: dict[str, int]) -> Callable[[Job], float]:
    def of(job: Job) -> float:
        return effort(job.candidate, n_rows * job.share, widths[recipe_of(job.candidate.family)])

    return of

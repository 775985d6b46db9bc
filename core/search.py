"""The search for the best candidate: asked with a fixed lag, told by a timetable, so that workers change nothing."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import TrainingError
from core.families import Family
from core.fitting import Candidate, better_first
from core.hope import expected_gain
from core.learning_spec import SearchSpec
from core.timetable import Timetable

if TYPE_CHECKING:
    from core.proposals import Proposals

# How many candidates are in the making at once follows from the budget, never from the number of workers: what is told
# when a candidate is asked must be the same everywhere. A large budget can feed many workers, and bear the lag.
FEWEST_AHEAD, MOST_AHEAD = 6, 64
BUDGET_PER_AHEAD = 16
# Of these, how many are being fitted by the timetable; the others wait for a worker.
FEWEST_AT_WORK, AHEAD_PER_WORK = 2, 8
# A budget of time only is searched as one of so many trials.
TRIALS_BY_TIME = 144


@dataclass(frozen=True, slots=True)
class Job:
    """One fit: a candidate on a share of the training rows."""

    candidate: Candidate
    share: float
    number: int


@dataclass(frozen=True, slots=True)
class Tried:
    """What came back from a worker: a value of the metric, or an error.

    Attributes:
        predictions: Address of the predictions of the validation rows, of who saw all training rows.
    """

    value: float | None
    seconds: float
    error: str = ""
    predictions: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """A candidate that was tried.

    Attributes:
        curve: Share of the training rows and value, one a rung that it has reached.
        value: Its value on all training rows; None where it failed or was stopped before.
        error: What it failed with.
    """

    number: int
    candidate: Candidate
    curve: tuple[tuple[float, float], ...]
    value: float | None
    seconds: float
    error: str = ""
    predictions: str = ""

    @property
    def state(self) -> str:
        return "failed" if self.error else "complete" if self.value is not None else "stopped"


# Starts a fit; what it returns waits for the result.
Start = Callable[[Job], Callable[[], Tried]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is searched.

    Attributes:
        spec: Sampler, budget, metric (must be set).
        families: By name, with all that is searched of them.
        seed: Seed of the sampler.
        shares: Shares of the training rows, ascending; the last is 1.
        known: Candidates that were good before, on other data; tried first.
        effort: About how long a fit takes, in any unit, by nothing that differs from machine to machine.
    """

    spec: SearchSpec
    families: Mapping[str, Family]
    seed: int
    shares: tuple[float, ...] = (1.0,)
    known: tuple[Candidate, ...] = ()
    effort: Callable[[Job], float] = lambda job: job.share


@dataclass(frozen=True, slots=True)
class Watch:
    """Who looks on: asked whether to stop before each new candidate, and told each trial that has ended."""

    out_of_time: Callable[[], bool] = lambda: False
    told: Callable[[Trial], None] = lambda trial: None


@dataclass(slots=True)
class _Open:
    """A candidate between being asked and being told."""

    number: int
    candidate: Candidate
    rung: int = 0
    wait: Callable[[], Tried] = lambda: Tried(None, 0.0, "it was never started")
    curve: tuple[tuple[float, float], ...] = ()
    seconds: float = 0.0


def search(plan: Plan, start: Start, watch: Watch | None = None) -> list[Trial]:
    """Try candidates until the budget or the hope of a gain is used up.

    Returns:
        Trials in the order in which they ended, which the number of workers does not change.

    Raises:
        TrainingError: There is no family, or every trial failed.
    """
    if not plan.families:
        raise TrainingError(
            "there is nothing to search", "no family is left that suits the problem", "see search.families"
        )
    from core.proposals import Proposals

    done = _Search(Proposals(plan), start, watch or Watch()).run()
    if all(trial.value is None for trial in done):
        raise TrainingError(
            f"all {len(done)} trials failed",
            f"the first said: {next((trial.error for trial in done if trial.error), 'nothing was tried')}",
            "look at the data and at `search.families`",
        )
    return done


def best_trial(trials: Sequence[Trial], metric: str) -> Trial:
    """The trial with the best value on all training rows; of equals the first asked."""
    sign = -1 if better_first(metric) == "maximize" else 1
    return min((t for t in trials if t.value is not None), key=lambda t: (sign * (t.value or 0.0), t.number))


def ahead(n_trials: int | None) -> int:
    """How many candidates are in the making at once; None where only time limits how many there are."""
    return min(max(FEWEST_AHEAD, (n_trials or TRIALS_BY_TIME) // BUDGET_PER_AHEAD), MOST_AHEAD)


def at_work(n_trials: int | None) -> int:
    """How many workers the timetable has."""
    return max(FEWEST_AT_WORK, ahead(n_trials) // AHEAD_PER_WORK)


class _Search:
    """Open candidates on a timetable; only ever the one that ends next by it is waited for."""

    def __init__(self, proposals: "Proposals", start: Start, watch: Watch) -> None:
        self.proposals, self.start, self.watch = proposals, start, watch
        self.plan = proposals.plan
        self.open: Timetable[_Open] = Timetable(at_work(self.plan.spec.trials))
        self.done: list[Trial] = []
        self.complete = False

    def run(self) -> list[Trial]:
        while self._fill():
            self._settle(self.open.pop())
            if self.complete and self.watch.out_of_time():
                # What is still open is dropped, and with it its fits.
                self.open.clear()
        return self.done

    def _fill(self) -> bool:
        while len(self.open) < ahead(self.plan.spec.trials) and not self._over():
            number, candidate = self.proposals.ask()
            self._begin(_Open(number, candidate))
        return len(self.open) > 0

    def _begin(self, candidate: _Open) -> None:
        job = Job(candidate.candidate, self.plan.shares[candidate.rung], candidate.number)
        candidate.wait = self.start(job)
        # Who has climbed goes first: it is nearer to an answer.
        self.open.add(candidate, candidate.rung, self.plan.effort(job))

    def _over(self) -> bool:
        if self.proposals.n_left == 0:
            return True
        return bool(self.done) and (self.watch.out_of_time() or self._hopeless())

    def _hopeless(self) -> bool:
        spec, complete = self.plan.spec, [trial for trial in self.done if trial.value is not None]
        if not complete:
            return False
        best = best_trial(complete, str(spec.metric))
        if spec.patience is not None and len(self.done) - 1 - self.done.index(best) >= spec.patience:
            return True
        return spec.least_gain is not None and self._gain_left(complete) < spec.least_gain

    def _gain_left(self, complete: list[Trial]) -> float:
        # Of a score as it is; of an error, which has the target's unit, as a share of the best one.
        is_score = better_first(str(self.plan.spec.metric)) == "maximize"
        values = [float(trial.value or 0.0) * (1 if is_score else -1) for trial in complete]
        n_left = self.proposals.n_left * len(complete) / len(self.done)
        unit = 1.0 if is_score else abs(max(values)) or 1.0
        return expected_gain(values, round(n_left)) / unit

    def _settle(self, ended: _Open) -> None:
        tried = ended.wait()
        ended.seconds += tried.seconds
        if tried.value is None or not math.isfinite(tried.value):
            undefined = f"{ended.candidate.family}: the metric is undefined on the validation rows"
            self._tell(ended, None, tried.error or undefined)
            return
        share = self.plan.shares[ended.rung]
        ended.curve += ((share, tried.value),)
        if share >= 1:
            self.complete = True
            self._tell(ended, tried.value, predictions=tried.predictions)
        elif self.proposals.climbs(ended.number, share, tried.value) and self._time_for_more():
            ended.rung += 1
            self._begin(ended)
        else:
            self._tell(ended, None)

    def _time_for_more(self) -> bool:
        # Out of time, the good ones still climb as long as nothing has seen all rows.
        return not (self.complete and self.watch.out_of_time())

    def _tell(self, ended: _Open, value: float | None, error: str = "", predictions: str = "") -> None:
        self.proposals.tell(ended.number, value, failed=bool(error))
        trial = Trial(ended.number, ended.candidate, ended.curve, value, ended.seconds, error, predictions)
        self.done.append(trial)
        self.watch.told(trial)

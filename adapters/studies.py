"""Studies on disk: each trial that was told, as an Optuna study that a killed training goes on from."""

import hashlib
import os
import warnings
from collections.abc import Callable
from pathlib import Path

import optuna
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState, create_trial

from adapters.settings import settings
from adapters.storage import exists, read_bytes, renew, store_path, write_bytes
from core.fitting import Candidate, better_first
from core.proposals import distributions_of, params_of
from core.search import Job, Plan, Start, Trial, Tried

STATES = {"complete": TrialState.COMPLETE, "stopped": TrialState.PRUNED, "failed": TrialState.FAIL}


class StoredStudy:
    """The trials of one search, told earlier or now.

    Only results are taken from it: a search that goes on asks from its beginning, is answered from here without a fit,
    and so ends as if nobody had interrupted it.
    """

    def __init__(self, plan: Plan, key: str) -> None:
        """Open or begin.

        Args:
            plan: What is searched.
            key: All that a candidate's value depends on: data, target, metric, seed, code.
        """
        self.plan, self.name = plan, hashlib.sha256(key.encode()).hexdigest()[:32]
        self.remote = "://" in settings().store_url
        folder = settings().home / "studies" if self.remote else Path(store_path("studies"))
        self.path = folder / f"{self.name}.log"
        self.study = self._open()
        self.known = self._remembered()

    def answering(self, start: Start) -> Start:
        """The same, which fits only what is not known yet."""

        def answer(job: Job) -> Callable[[], Tried]:
            known = self.known.get((job.candidate, job.share))
            return start(job) if known is None else lambda: known

        return answer

    def add(self, trial: Trial) -> None:
        """Keep a trial. Failures are kept to be seen, and tried again by whoever goes on."""
        if trial.curve and (trial.candidate, trial.curve[-1][0]) in self.known and not trial.error:
            return
        self.study.add_trial(
            create_trial(
                state=STATES[trial.state],
                value=trial.value,
                params=params_of(trial.candidate),
                distributions=distributions_of(trial.candidate, self.plan.families),
                intermediate_values={round(100 * share): value for share, value in trial.curve},
                user_attrs={
                    "curve": trial.curve,
                    "seconds": trial.seconds,
                    "error": trial.error,
                    "predictions": trial.predictions,
                },
            )
        )

    def keep(self) -> None:
        """Where the store is a bucket, put the study into it."""
        if self.remote:
            write_bytes(self._address, self.path.read_bytes())

    @property
    def _address(self) -> str:
        return store_path("studies", f"{self.name}.log")

    def _open(self) -> optuna.Study:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.remote and not self.path.exists() and exists(self._address):
            self.path.write_bytes(read_bytes(self._address))
        _cut_torn_line(self.path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            storage = optuna.storages.JournalStorage(JournalFileBackend(str(self.path)))
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        direction = better_first(str(self.plan.spec.metric))
        return optuna.create_study(storage=storage, study_name=self.name, direction=direction, load_if_exists=True)

    def _remembered(self) -> dict[tuple[Candidate, float], Tried]:
        return {
            (_candidate(trial.params), share): Tried(value, 0.0, predictions=trial.user_attrs["predictions"])
            for trial in self.study.get_trials(deepcopy=False)
            # What an ensemble could not read is fitted again.
            if not trial.user_attrs["predictions"] or renew(trial.user_attrs["predictions"])
            for share, value in trial.user_attrs["curve"]
        }


def _candidate(params: dict[str, object]) -> Candidate:
    family = str(params["family"])
    return Candidate(family, tuple((k.removeprefix(f"{family}."), v) for k, v in params.items() if k != "family"))


def _cut_torn_line(path: Path) -> None:
    # Whoever was killed while writing has left half a line, and the next would be written behind it.
    if not path.exists():
        return
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)

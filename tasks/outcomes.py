"""How flows end: the document that they answer, and its entry in the journal."""

import logging
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

from prefect.runtime import flow_run

from adapters import journal
from adapters.registration import learning_curve
from adapters.specs import model_names
from core.errors import EverfitError
from core.events import Event, ModelRefused, ModelRegistered
from core.findings import Finding
from core.fitting import Candidate
from core.gate import Verdict
from core.outcomes import TrainingOutcome
from core.records import Version
from core.spec import TrainingSpec
from tasks.artifacts import show_training
from tasks.policies import stages_of
from tasks.registering import Made
from tasks.starts import Start
from tasks.tuning import Trials

VERDICTS = MappingProxyType({"promote": "registered", "keep": "refused", "undecided": "undecided"})
# The exit code of what the request or the data are to blame for.
REFUSED = 2
STATES = MappingProxyType({"promote": "Registered", "keep": "Rejected", "undecided": "Undecided"})


@dataclass(frozen=True, slots=True)
class Training:
    """A training at its end."""

    spec: TrainingSpec
    made: Made
    trials: Trials
    verdict: Verdict
    version: Version | None
    cause: str | None
    started: Start
    warnings: tuple[Finding, ...]
    window: dict[str, Any] | None = None


def note_failure(flow: Any, flow_run: Any, state: Any) -> None:
    """Write a training that ended without a model to the journal: nobody may be watching a retraining."""
    if flow_run.parameters["model"] not in model_names():
        return
    error = state.result(raise_on_failure=False)
    refused = isinstance(error, EverfitError) and error.exit_code == REFUSED
    told = error.args if isinstance(error, EverfitError) else (type(error).__name__, str(error)[:500], "see the log")
    entry = {
        "model": flow_run.parameters["model"],
        "verdict": "refused" if refused else "failed",
        "reason": f"{told[0]}: {told[1]}",
        "fix": told[2],
        "kind_of_error": getattr(error, "kind", "internal"),
        "cause": flow_run.parameters.get("cause"),
        "flow_run_id": str(flow_run.id),
    }
    try:
        journal.append(flow_run.parameters["model"], "training", entry)
    except EverfitError:
        # The store may be what failed; the training's own error is the one to tell.
        logging.getLogger(__name__).warning("the journal cannot be written", exc_info=True)


def news_of(training: Training) -> Event:
    """What the world is told of a training."""
    model, digest = training.spec.name, training.made.report.digest
    # An undecided version is a release's business only where the policy has a person asked.
    asked = training.verdict.verdict == "undecided" and training.spec.release.approval != "never"
    if training.version is not None and (training.verdict.verdict == "promote" or asked):
        return ModelRegistered(model=model, cause=training.cause or digest, version=training.version.number)
    return ModelRefused(model=model, cause=training.cause or digest, verdict=training.verdict.verdict)


def _metrics(made: Made, verdict: Verdict) -> dict[str, Any]:
    return {
        "test": made.report.metrics,
        "baselines": made.report.baselines,
        "champion": verdict.champion,
        "challenger": verdict.challenger,
        "difference": asdict(verdict.difference) if verdict.difference else None,
    }


def _described(candidate: Candidate) -> dict[str, Any]:
    return {"family": candidate.family, "params": dict(candidate.params)}


def conclude(training: Training, event_id: str) -> TrainingOutcome:
    """The training's document, also written to the journal."""
    made, verdict, version = training.made, training.verdict, training.version
    run = flow_run.get_id()
    outcome = TrainingOutcome(
        model=training.spec.name,
        verdict=VERDICTS[verdict.verdict],
        reason=verdict.reason,
        version=version.number if version else None,
        metrics=_metrics(made, verdict),
        best=_described(made.best),
        members=[_described(member) for member in made.model.members],
        calibration=made.model.calibration or None,
        learning_curve=learning_curve(version) if version else None,
        trials=training.trials.n_trials,
        model_digest=made.report.digest,
        data_digest=made.clean.data.sha256,
        spec_digest=training.spec.digest,
        cause=training.cause,
        event_id=event_id,
        data_until=made.clean.until,
        rows=made.clean.data.n_rows,
        snapshot_rows=made.clean.n_snapshot,
        window=training.window,
        warnings=[finding.document for finding in training.warnings],
        features=[asdict(feature) for feature in made.report.features],
        quarantined=asdict(made.clean.quarantined) if made.clean.quarantined else None,
        stages=[asdict(stage) for stage in stages_of(run)],
        seconds=training.started.seconds,
        flow_run_id=str(run) if run else None,
        mlflow_run_id=version.run_id if version else None,
        classes=[asdict(each) for each in made.report.classes],
        weights="balanced" if made.report.weighted else "none",
        threshold=made.report.threshold if made.clean.coding.problem == "binary" else None,
        log_target=made.report.log,
        energy=training.started.energy(),
    )
    journal.append(training.spec.name, "training", asdict(outcome))
    show_training(outcome, version)
    return outcome

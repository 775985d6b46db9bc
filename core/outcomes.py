"""What flows answer: the documents that `--json` prints and the journal keeps."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class TrainingOutcome:
    """The answer of a training; keys as in the command `train --json`.

    Attributes:
        members: Families and parameters of the candidates whose mean is predicted; the first is the best alone.
        calibration: How probabilities were put right.
        learning_curve: Where the validation loss after each iteration is kept.
        energy: In kWh, in sum and by part, and how it was come by; None where it was not measured.
    """

    model: str
    verdict: str
    reason: str
    version: int | None
    metrics: dict[str, Any]
    best: dict[str, Any]
    members: list[dict[str, Any]]
    calibration: str | None
    learning_curve: str | None
    trials: int
    model_digest: str
    data_digest: str
    spec_digest: str
    cause: str | None
    event_id: str | None
    data_until: str | None
    rows: int
    snapshot_rows: int
    window: dict[str, Any] | None
    warnings: list[dict[str, Any]]
    features: list[dict[str, Any]]
    quarantined: dict[str, Any] | None
    stages: list[dict[str, Any]]
    seconds: float
    flow_run_id: str | None
    mlflow_run_id: str | None
    classes: list[dict[str, Any]]
    weights: str
    threshold: float | None
    log_target: bool
    energy: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """The answer of a drift check; keys as in the command `check --json`."""

    model: str
    window: dict[str, Any]
    findings: list[dict[str, Any]]
    drifted_share: float
    severity: str
    decision: str
    reason: str
    performance: dict[str, Any]
    event_id: str | None
    report: str | None
    quarantined: dict[str, Any] | None
    champion: int | None
    cause: str | None
    matters: bool
    seconds: float
    flow_run_id: str | None
    report_digest: str | None = None


@dataclass(frozen=True, slots=True)
class ReleaseOutcome:
    """The answer of a release or a rollback; keys as in the commands `release --json` and `rollback --json`.

    Attributes:
        move: Number of the move in the champion's history; None where there was none.
        watched: What became of the requests after a release; None where nobody looked.
    """

    model: str
    from_version: int | None
    to_version: int
    verdict: str
    reason: str
    checks: list[dict[str, Any]]
    journal_entry: str | None
    cause: str | None
    event_id: str | None
    approved_by: str | None
    move: int | None
    seconds: float
    flow_run_id: str | None
    watched: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ScoringOutcome:
    """The answer of a batch; its predicted rows stand in the prediction log under the id of the flow run."""

    model: str
    version: int
    source: str
    output: str
    rows: int
    predicted: int
    broken: int
    reasons: list[dict[str, Any]]
    seconds: float
    flow_run_id: str

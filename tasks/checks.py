"""How a check ends: events for what should follow, and an entry in the journal, also when the answer is no."""

import hashlib
import time
from dataclasses import asdict, dataclass

from prefect.runtime import flow_run

from adapters import journal
from adapters.storage import read_bytes
from core.decision import Decision, Finding, drifted_share, matters
from core.events import DriftDetected
from core.outcomes import CheckOutcome
from core.records import Version
from tasks.announce import announce
from tasks.artifacts import show_check
from tasks.monitoring import Measured, performance_document
from tasks.quarantine import Quarantined, quarantine_batch
from tasks.windows import Sorted


@dataclass(frozen=True, slots=True)
class Check:
    """A check at its end."""

    champion: Version
    sorted: Sorted
    decision: Decision
    findings: tuple[Finding, ...]
    measured: Measured | None
    report: str | None
    cause: str | None
    started: float


def conclude_check(check: Check) -> CheckOutcome:
    """Send what follows from the decision, and write the journal."""
    window, findings = check.sorted.window, check.findings
    event_id, quarantined = _send(check)
    run = flow_run.get_id()
    outcome = CheckOutcome(
        model=check.champion.record.model,
        window={
            "start": window.start,
            "end": window.end,
            "rows": window.data.n_rows,
            "digest": window.data.sha256,
            "new_rows": window.n_new,
        },
        findings=[asdict(finding) for finding in findings],
        drifted_share=drifted_share(findings),
        severity=check.decision.severity,
        decision=check.decision.decision,
        reason=check.decision.reason,
        performance=performance_document(check.measured) if check.measured else {"realized": None, "estimated": {}},
        event_id=event_id,
        report=check.report,
        quarantined=asdict(quarantined) if quarantined else None,
        champion=check.champion.number,
        cause=check.cause,
        matters=matters(findings),
        seconds=round(time.monotonic() - check.started, 2),
        flow_run_id=str(run) if run else None,
        report_digest=hashlib.sha256(read_bytes(check.report)).hexdigest() if check.report else None,
    )
    journal.append(outcome.model, "check", asdict(outcome))
    show_check(outcome)
    return outcome


def _send(check: Check) -> tuple[str | None, Quarantined | None]:
    """The id of the event for the strongest action, each action has its own, and what was set aside."""
    model = check.champion.record.model
    window = check.sorted.window
    if check.sorted.broken:
        quarantined, event_id = quarantine_batch(model, window.data, check.sorted.broken)
        return event_id, quarantined
    sent = {}
    for action in check.decision.actions:
        event = news_of_check(model, window.data.sha256, check.champion.number, check.decision.severity, action)
        sent[action] = announce(event)
    return sent.get(check.decision.decision), check.sorted.quarantined


def news_of_check(model: str, window: str, champion: int, severity: str, action: str) -> DriftDetected:
    """What the world is told of a check: of the same window (its digest) and champion always the same event."""
    return DriftDetected(model=model, severity=severity, decision=action, cause=f"{window[:24]}-v{champion}")

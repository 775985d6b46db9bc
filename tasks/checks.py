"""How a check ends: events for what should follow, and an entry in the journal, also when the answer is no."""

import time
from dataclasses import asdict, dataclass

from prefect.runtime import flow_run

from adapters import journal
from core.decision import Decision, drifted_share, matters
from core.events import DriftDetected
from core.outcomes import CheckOutcome
from core.records import Version
from tasks.announce import announce
from tasks.data import quarantine
from tasks.monitoring import Compared, Measured, Window, performance_document


@dataclass(frozen=True, slots=True)
class Check:
    """A check at its end."""

    champion: Version
    window: Window
    decision: Decision
    compared: Compared | None
    measured: Measured | None
    broken: tuple[str, ...]
    cause: str | None
    started: float


def conclude_check(check: Check) -> CheckOutcome:
    """Send what follows from the decision, and write the journal."""
    window, findings = check.window, check.compared.findings if check.compared else ()
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
        event_id=_send(check),
        report=check.compared.report if check.compared else None,
        champion=check.champion.number,
        cause=check.cause,
        matters=matters(findings),
        seconds=round(time.monotonic() - check.started, 2),
        flow_run_id=str(run) if run else None,
    )
    journal.append(outcome.model, "check", asdict(outcome))
    return outcome


def _send(check: Check) -> str | None:
    """The id of the event for the strongest action; each action has its own event."""
    model = check.champion.record.model
    if check.broken:
        return quarantine(model, check.window.data, list(check.broken))[1]
    sent = {}
    for action in check.decision.actions:
        event = DriftDetected(
            model=model,
            severity=check.decision.severity,
            decision=action,
            cause=f"{check.window.data.sha256[:24]}-v{check.champion.number}",
        )
        sent[action] = announce(event)
    return sent.get(check.decision.decision)

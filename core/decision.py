"""What to do about what a check has seen: retrain, alert, note or nothing, with a reason that a manager understands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from core.monitor_spec import MonitorSpec
from core.performance import Decay

# Drift matters when the drifted features carry at least this much of the model's importance.
IMPORTANT_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Finding:
    """How far one column moved.

    Attributes:
        kind: What was compared: number, category, missing or prediction.
        effect: Size of the change in the units of its detector.
        threshold: From which effect on the column counts as drifted.
        importance: The feature's share of the model's importance, 0 to 1; 0 for what is no feature.
    """

    column: str
    kind: str
    effect: float
    threshold: float
    drifted: bool
    importance: float = 0.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a decision rests on.

    Attributes:
        findings: Of the newest window.
        drifted_before: Of earlier windows compared with the same champion, newest first: had it drifted?
        decay: Of labelled rows, None where no labels have arrived.
        below_minimum: Why realized metrics miss the gate's minimum, or None.
        new_rows: Rows that came after those of the last training.
        since_training: Time between the newest row of the last training and of this window; None where unknown.
    """

    findings: tuple[Finding, ...]
    drifted_before: tuple[bool, ...]
    decay: Decay | None
    below_minimum: str | None
    new_rows: int
    since_training: timedelta | None


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer; `actions` has every consequence, `decision` the strongest."""

    decision: Literal["retrain", "alert", "note", "nothing"]
    severity: str
    reason: str
    actions: tuple[str, ...]


def drifted_share(findings: Sequence[Finding]) -> float:
    """Drifted columns over all columns, 0 to 1."""
    columns = {finding.column for finding in findings}
    return len(_drifted(findings)) / len(columns) if columns else 0.0


def _drifted(findings: Sequence[Finding]) -> dict[str, float]:
    """Drifted columns and their importance; a column counts once, however many of its findings drifted."""
    return {finding.column: finding.importance for finding in findings if finding.drifted}


def matters(findings: Sequence[Finding]) -> bool:
    """Whether the drifted features carry enough of the model's importance."""
    drifted, importance = _drifted(findings), {finding.column: finding.importance for finding in findings}
    if not any(importance.values()):
        # A model that leans on no feature in particular: every column counts the same.
        return drifted_share(findings) >= IMPORTANT_SHARE
    return sum(drifted.values()) >= IMPORTANT_SHARE


def decide(evidence: Evidence, spec: MonitorSpec) -> Decision:
    """Weigh the evidence by the policy; the same evidence gives the same answer."""
    severity, why = _severity(evidence, spec)
    if severity == "none":
        return Decision("nothing", severity, why, ())
    actions: tuple[str, ...] = getattr(spec.when, severity)
    held_back = _held_back(evidence, spec) if "retrain" in actions else None
    if held_back:
        actions = tuple(action for action in actions if action != "retrain") or ("note",)
        why = f"{why}; not retrained: {held_back}"
    return _told(severity, why, actions)


def decide_broken(violations: Sequence[str], spec: MonitorSpec) -> Decision:
    """Data that break their contract: never a reason to retrain."""
    return _told(
        "broken_data", "the data break their contract: " + "; ".join(violations[:3]), tuple(spec.when.broken_data)
    )


def _told(severity: str, why: str, actions: tuple[str, ...]) -> Decision:
    strongest: Literal["retrain", "alert", "note"] = (
        "retrain" if "retrain" in actions else "alert" if "alert" in actions else "note"
    )
    return Decision(strongest, severity, f"{strongest}: {why}", actions)


def _severity(evidence: Evidence, spec: MonitorSpec) -> tuple[str, str]:
    decayed = evidence.decay is not None and evidence.decay.decayed
    if evidence.below_minimum and evidence.decay:
        return "severe_decay", f"{evidence.below_minimum}; {evidence.decay.reason}"
    if decayed and evidence.decay:
        return "decay", evidence.decay.reason
    drifted, n_columns = _drifted(evidence.findings), len({finding.column for finding in evidence.findings})
    if not drifted:
        measured = f", {evidence.decay.reason}" if evidence.decay else ""
        return "none", f"none of {n_columns} columns drifted{measured}"
    recent = (matters(evidence.findings), *evidence.drifted_before)[: spec.persistence.among]
    names = ", ".join(sorted(drifted, key=lambda name: -drifted[name])[:3])
    told = (
        f"{len(drifted)} of {n_columns} columns drifted ({names}), {sum(drifted.values()):.0%} of the model's "
        f"importance; drift that matters in {sum(recent)} of the last {len(recent)} windows"
    )
    persistent = recent[0] and sum(recent) >= spec.persistence.needed
    return ("drift" if persistent else "mild_drift"), told


def _held_back(evidence: Evidence, spec: MonitorSpec) -> str | None:
    if evidence.new_rows < spec.min_new_rows:
        return f"{evidence.new_rows} new rows since the last training, {spec.min_new_rows} are needed"
    if evidence.since_training is not None and evidence.since_training < spec.cooldown:
        return f"the last training was {evidence.since_training} ago, the cooldown is {spec.cooldown}"
    return None

"""What to do about what a check has seen: retrain, alert, note or nothing, with a reason that a manager understands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from core.benefit import Benefit
from core.monitor_spec import MonitorSpec
from core.performance import Decay

# Drift matters when the drifted features carry at least this much of the model's importance.
IMPORTANT_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Finding:
    """How far one column moved.

    Attributes:
        kind: What was compared: number, category, date, length and words (of prose), prediction, target, multivariate;
            or what else is wrong: missing, new_category, out_of_range, constant.
        effect: Size of the change: in spreads of the reference for numbers, as a share of the rows for the others.
        threshold: From which effect on the column counts as drifted, as the reference itself shows.
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
        estimated: What the model's performance is likely to be, in words; a hint, never a reason by itself.
        trained_this_week: Trainings in the seven days before the window's end.
        asked: Which earlier check has asked for a retraining that the cooldown still counts, or None.
        benefit: What the labelled rows since the training could teach; None where they are too few to tell.
        refused: Trainings since the champion's, none of which has replaced it.
    """

    findings: tuple[Finding, ...]
    drifted_before: tuple[bool, ...]
    decay: Decay | None
    below_minimum: str | None
    new_rows: int
    since_training: timedelta | None
    estimated: str | None = None
    trained_this_week: int = 0
    asked: str | None = None
    benefit: Benefit | None = None
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer; `actions` has every consequence, `decision` the strongest."""

    decision: Literal["retrain", "alert", "note", "nothing"]
    severity: str
    reason: str
    actions: tuple[str, ...]


def _columns(findings: Sequence[Finding]) -> set[str]:
    return {finding.column for finding in findings if finding.kind != "multivariate"}


def drifted_share(findings: Sequence[Finding]) -> float:
    """Drifted columns over all columns, 0 to 1."""
    columns = _columns(findings)
    return len(columns & _drifted(findings).keys()) / len(columns) if columns else 0.0


def _drifted(findings: Sequence[Finding]) -> dict[str, float]:
    """Drifted columns and their importance; a column counts once, however many of its findings drifted."""
    return {finding.column: finding.importance for finding in findings if finding.drifted}


def matters(findings: Sequence[Finding]) -> bool:
    """Whether the drifted features carry enough of the model's importance, or what it predicts has moved."""
    drifted, importance = _drifted(findings), {finding.column: finding.importance for finding in findings}
    if any(finding.drifted and finding.kind == "prediction" for finding in findings):
        return True
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
    held_back = (_useless(evidence, severity) or _held_back(evidence, spec)) if "retrain" in actions else None
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
    decay, age = evidence.decay, evidence.since_training
    if evidence.below_minimum and decay:
        return "severe_decay", f"{evidence.below_minimum}; {decay.reason}"
    if decay and decay.decayed:
        return "decay", decay.reason + (f"; {evidence.benefit.reason}" if evidence.benefit else "")
    if evidence.benefit and evidence.benefit.worth(evidence.refused):
        return "decay", evidence.benefit.reason
    severity, why = _severity_of_drift(evidence, spec)
    if severity != "drift" and spec.max_age is not None and age is not None and age >= spec.max_age:
        return "stale", f"the last training was {_span(age)} ago, the oldest allowed is {_span(spec.max_age)}; {why}"
    return severity, why


def _severity_of_drift(evidence: Evidence, spec: MonitorSpec) -> tuple[str, str]:
    drifted, n_columns = _drifted(evidence.findings), len(_columns(evidence.findings))
    measured = f"; {evidence.decay.reason}" if evidence.decay else ""
    if not drifted:
        return "none", f"none of {n_columns} columns drifted{measured or _hint(evidence)}"
    recent = (matters(evidence.findings), *evidence.drifted_before)[: spec.persistence.among]
    names = ", ".join(sorted(drifted, key=lambda name: (-drifted[name], name))[:3])
    told = (
        f"{len(drifted)} of {n_columns} columns drifted ({names}), {sum(drifted.values()):.0%} of the model's "
        f"importance; drift that matters in {sum(recent)} of the last {len(recent)} windows"
    )
    if not recent[0] or sum(recent) < spec.persistence.needed:
        return "mild_drift", f"{told}{measured or _hint(evidence)}"
    if evidence.decay:
        # Labels say what drift can only suggest.
        return "mild_drift", f"{told}, but it does not hurt{measured}"
    return "drift", f"{told}{_hint(evidence)}"


def _hint(evidence: Evidence) -> str:
    return f"; {evidence.estimated}" if evidence.estimated else ""


def _useless(evidence: Evidence, severity: str) -> str | None:
    """Why a training would not help, though the model does badly: the world may only be harder to predict."""
    if severity not in ("decay", "severe_decay") or not evidence.benefit:
        return None
    if evidence.benefit.worth(evidence.refused):
        return None
    if evidence.benefit.worth():
        return f"{evidence.refused} trainings since the champion's were refused, another must promise more"
    return "a training does not promise to make up for it"


def _held_back(evidence: Evidence, spec: MonitorSpec) -> str | None:
    if evidence.new_rows < spec.min_new_rows:
        return f"{evidence.new_rows} new rows since the last training, {spec.min_new_rows} are needed"
    if evidence.since_training is not None and evidence.since_training < spec.cooldown:
        return f"the last training was {evidence.since_training} ago, the cooldown is {spec.cooldown}"
    if evidence.asked is not None:
        return f"{evidence.asked} has asked for it already, the cooldown is {spec.cooldown}"
    if spec.weekly_budget is not None and evidence.trained_this_week >= spec.weekly_budget:
        return f"{evidence.trained_this_week} trainings in the last 7 days are the whole budget of a week"
    return None


def _span(span: timedelta) -> str:
    return f"{span.total_seconds() / 86400:.3g} days"

"""How often drift may ask for a training: by what was asked for before, and by who asks at the same time."""

from datetime import timedelta

import pandas as pd

from adapters import journal
from core.records import Version
from tasks.windows import Window


def trainings_since(model: str, window: Window, span: timedelta) -> int:
    """Trainings whose data end in the span before the window's end; by the clock where data have no time."""
    end = _moment(window.end) if window.end else pd.Timestamp.now(tz="UTC")
    ended = [_moment(entry.get("data_until") or entry["at"]) for entry in journal.finished_trainings(model)]
    return sum(end - span < at <= end for at in ended)


def refused_since(champion: Version) -> int:
    """Trainings after the champion's that the gate did not let pass."""
    n_refused = 0
    for entry in journal.finished_trainings(champion.record.model):
        if entry.get("version") == champion.number:
            break
        n_refused += entry.get("verdict") != "registered"
    return n_refused


def asked_before(model: str, window: Window, cooldown: timedelta) -> str | None:
    """The check of another window that has asked for a retraining within the cooldown, if any.

    The training that it has asked for may not have ended, or may not have begun: a burst of checks is one cause.
    """
    end = _moment(window.end) if window.end else pd.Timestamp.now(tz="UTC")
    for entry in journal.entries(model, "check"):
        if entry["decision"] == "retrain" and entry["window"]["digest"] != window.data.sha256:
            asked = _moment(entry["window"]["end"] or entry["at"])
            return f"the check of {entry['at'][:19]}" if abs(end - asked) < cooldown else None
    return None


def may_ask(model: str, window: Window, cooldown: timedelta) -> bool:
    """Whether this window may ask for a retraining: of several checked at once, within one cooldown only one may.

    The claim lies in the store, so it holds whichever process asks, and after a restart of everything.
    """
    if not cooldown:
        return True
    end = _moment(window.end) if window.end else pd.Timestamp.now(tz="UTC")
    mine = {"owner": window.data.sha256, "end": end.isoformat()}
    return journal.queue_up(model, "retrain", mine, lambda other: abs(end - _moment(other["end"])) >= cooldown)


def _moment(text: str) -> pd.Timestamp:
    moment = pd.Timestamp(text)
    return moment.tz_localize("UTC") if moment.tzinfo is None else moment

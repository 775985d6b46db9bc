"""Clocks that jump, and events that come twice, late, or as somebody else's."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters import journal
from core.errors import EverfitError
from tasks.landing import land_frame
from tests.conftest import Project, toy_table
from tests.fault_table import Survives

pytestmark = pytest.mark.usefixtures("harness")

DAY = timedelta(days=1)


class Clock(datetime):
    """A clock that somebody sets."""

    off = timedelta(0)

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return datetime.now(tz) + cls.off


def train(cause: str | None, model: str = "toy") -> Any:
    from flows.training import train as flow

    return flow(model, cause=cause, workers=1, return_state=True)


@pytest.mark.parametrize("jump", [-DAY, DAY], ids=["a day back", "a day ahead"])
def test_newest_entry_is_the_last_one_written_though_the_clock_jumps(
    tiny: Project, monkeypatch: pytest.MonkeyPatch, jump: timedelta, survives: Survives
) -> None:
    monkeypatch.setattr(journal, "datetime", Clock)
    with survives(f"the clock jumps {jump.total_seconds() / 3600:+g} h", "journal", "entries in their order") as fault:
        for number in range(6):
            monkeypatch.setattr(Clock, "off", jump if number in (2, 3) else timedelta(0))
            journal.append("toy", "check", {"number": number})
        told = [entry["number"] for entry in journal.entries("toy", "check")]
        fault.lost += [] if told == [5, 4, 3, 2, 1, 0] else [f"the order: {told}"]
        fault.lost += journal.faults("toy")
    # What an entry says of its time is what the clock said.
    moments = [datetime.fromisoformat(entry["at"]) for entry in journal.entries("toy", "check")]
    assert all(abs(at - datetime.now(UTC)) < timedelta(minutes=10) for at in (moments[0], moments[-1]))


def test_training_whose_clock_was_put_back_is_the_newest_and_the_next_check_sees_it(
    tiny: Project, monkeypatch: pytest.MonkeyPatch, survives: Survives
) -> None:
    from flows.check_drift import check_drift
    from flows.release import release

    land_frame("toy", toy_table(1500), "day", tell=False)
    with survives("the clock jumps -24 h", "training", "a training and a check"):
        assert train("first").name == "Registered"
        assert release("toy", 1, approved_by="ada").verdict == "released"
        monkeypatch.setattr(journal, "datetime", Clock)
        monkeypatch.setattr(Clock, "off", -DAY)
        more = toy_table(1500, seed=1, shift=1.0)
        land_frame("toy", more.assign(customer="new-" + more["customer"]), "day", tell=False)
        train("second")
        assert journal.entries("toy", "training")[0]["cause"] == "second"
        assert check_drift("toy", cause="a landing").decision
    assert journal.faults("toy") == []


def test_event_that_comes_twice_or_long_after_trains_once(tiny: Project, survives: Survives) -> None:
    land_frame("toy", toy_table(1500), "day", tell=False)
    assert train("an event").name == "Registered"
    with survives("an event comes twice", "train", "one training") as fault:
        assert train("an event").name == "Duplicate"
        fault.lost += [] if len(journal.entries("toy", "training")) == 1 else ["a training too many"]
    assert train("another").name != "Duplicate"
    with survives("an event comes again after the next", "train", "no further training") as fault:
        assert train("an event").name == "Duplicate"
        fault.lost += [] if len(journal.entries("toy", "training")) == 2 else ["a training too many"]


@pytest.mark.parametrize("model", ["nobody", "../toy", "/etc/passwd", "", "toy.yaml", "toy\n"])
def test_event_of_no_model_is_refused_in_words_and_changes_nothing(
    tiny: Project, model: str, survives: Survives
) -> None:
    before = {path for path in tiny.home.rglob("*.json") if "prefect" not in path.parts}
    with survives(f"an event names the model {model!r}", "train", "a word, nothing else") as fault:
        ended = train("an event", model)
        assert ended.is_failed()
        assert isinstance(ended.result(raise_on_failure=False), EverfitError)
        now = {path for path in tiny.home.rglob("*.json") if "prefect" not in path.parts}
        fault.lost += [str(path) for path in now - before]

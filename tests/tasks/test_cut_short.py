"""What the journal tells of a watch that was cut short; the endpoint and the registry are played."""

from datetime import timedelta
from typing import Any

import pytest

from adapters import journal
from adapters.endpoint import Look
from core.gate_spec import ReleaseSpec, WatchSpec
from core.moves import Move
from core.watch import Seen
from tasks import cut_short, watching

MADE = Move(3, "toy", "release", 1, 2, "passed", None, "ada", None, "2026-01-01T00:00:00+00:00")
SEEN = {"requests": 9, "failed": 9, "answered": 0, "slow": 0}


@pytest.fixture(autouse=True)
def moved(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut_short, "moves_of", lambda _: [MADE])
    monkeypatch.setattr("adapters.registry.champion_number", lambda *_: 2)


def test_release_whose_watch_is_not_in_the_journal_was_never_watched_to_its_end() -> None:
    assert str(cut_short.word_on_watch("toy")).startswith("not ended since 2026-01-01")
    assert cut_short.never_watched("toy") == "; version 2 was never watched to its end"


@pytest.mark.parametrize(("trouble", "word"), [(None, "9 requests"), ("9 failed", "9 failed; it was not taken back")])
def test_watch_that_has_ended_is_told_as_the_journal_holds_it(trouble: str | None, word: str) -> None:
    journal.append("toy", "watch", {"version": 2, "move": 3, "told": "9 requests", "trouble": trouble} | SEEN)
    assert str(cut_short.word_on_watch("toy")).startswith(word)
    assert cut_short.never_watched("toy") == ""


@pytest.mark.parametrize(
    ("look", "told"),
    [
        (None, "nothing serves toy: not watched, no endpoint"),
        (Look(None, False, {}, is_served=False), "nothing serves toy: not watched, the endpoint"),
        (Look(2, False, {2: Seen(5)}), "no requests were seen in "),
    ],
)
def test_watch_does_not_wait_where_nobody_is_asked(
    monkeypatch: pytest.MonkeyPatch, look: Look | None, told: str
) -> None:
    monkeypatch.setattr(watching, "look_at", lambda *_: look)
    watch = WatchSpec(span=timedelta(days=1), first_within=timedelta(seconds=0))
    assert watching.watch.fn("toy", 2, 1, ReleaseSpec(watch=watch)).told.startswith(told)

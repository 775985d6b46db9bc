import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters import journal
from adapters.settings import settings
from adapters.storage import store_path


def test_entries_are_read_newest_first(store):
    for n in range(3):
        journal.append("toy", "check", {"n": n})
    assert [entry["n"] for entry in journal.entries("toy", "check")] == [2, 1, 0]


def test_entry_has_its_id_kind_and_zoned_time(store):
    name = journal.append("toy", "release", {})
    entry = journal.entries("toy", "release")[0]
    assert (entry["id"], entry["kind"], entry["at"][-6:]) == (name, "release", "+00:00")


def test_entries_of_other_kinds_are_not_told(store):
    journal.append("toy", "training", {})
    assert journal.entries("toy", "check") == []


def test_entries_of_other_models_are_not_told(store):
    journal.append("toy", "check", {})
    assert journal.entries("other", "check") == []


def test_entry_is_never_replaced(store):
    for _ in range(50):
        journal.append("toy", "check", {})
    assert len(journal.entries("toy", "check")) == 50


def written(store) -> list[Path]:
    return sorted(Path(store_path("journal", "toy")).glob("*.json"))


def test_journal_that_nobody_touched_is_whole(store):
    for n in range(3):
        journal.append("toy", "check", {"n": n, "at": datetime(2026, 1, 1, tzinfo=UTC), "gone": float("nan")})
    assert journal.faults("toy") == []


@pytest.mark.parametrize("content", [None, "{}", '{"n": 9}'])
def test_entry_that_is_changed_or_taken_away_is_named(store, content):
    names = [journal.append("toy", kind, {"n": 1}) for kind in ("check", "training", "release")]
    place = written(store)[1]
    place.unlink() if content is None else place.write_text(content)
    assert [names[1] in fault for fault in journal.faults("toy")] == [True]


@pytest.mark.parametrize("content", [b"", b'{"id": "2026', b"\x00\xff", b"[1]"], ids=["empty", "cut", "junk", "a list"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_entry_that_cannot_be_read_is_told_while_the_others_can_and_the_journal_goes_on(store, caplog, content, place):
    names = [journal.append("toy", "check", {"n": n}) for n in range(3)]
    written(store)[place].write_bytes(content)
    assert [entry["n"] for entry in journal.entries("toy", "check")] == [n for n in (2, 1, 0) if n != place]
    assert names[place] in caplog.text
    journal.append("toy", "check", {"n": 3})
    journal.append("toy", "check", {"n": 4})
    assert [entry["n"] for entry in journal.entries("toy", "check")][:2] == [4, 3]
    (fault,) = journal.faults("toy")
    assert fault.startswith(f"{names[place]} cannot be read: it is ")


def test_newest_entry_that_could_not_be_read_is_missed_when_it_is_taken_away(store):
    names = [journal.append("toy", "check", {"n": n}) for n in range(2)]
    written(store)[1].write_bytes(b"cut")
    journal.append("toy", "check", {"n": 2})
    written(store)[1].unlink()
    assert [names[1] in fault and "is gone" in fault for fault in journal.faults("toy")] == [True]


def test_journal_of_which_nothing_can_be_read_goes_on(store):
    journal.append("toy", "check", {})
    written(store)[0].write_bytes(b"")
    name = journal.append("toy", "check", {})
    assert [entry["id"] for entry in journal.entries("toy", "check")] == [name]


def test_journal_in_a_home_with_brackets_in_its_name_can_be_read(tmp_path, monkeypatch):
    monkeypatch.setenv("EVERFIT_HOME", str(tmp_path / "home [a]"))
    settings.cache_clear()
    journal.append("toy", "check", {})
    found = journal.entries("toy", "check")
    settings.cache_clear()
    assert len(found) == 1


def test_cause_is_taken_by_the_first_who_asks(store):
    assert [journal.claim("toy", "drift-1", owner) for owner in ("a", "b")] == [True, False]


def test_cause_stays_with_its_owner_who_asks_again(store):
    journal.claim("toy", "drift-1", "a")
    assert journal.claim("toy", "drift-1", "a")


@pytest.mark.parametrize(("model", "cause"), [("toy", "drift-2"), ("other", "drift-1")])
def test_other_cause_is_free(store, model, cause):
    journal.claim("toy", "drift-1", "a")
    assert journal.claim(model, cause, "b")


def test_exactly_one_of_many_gets_the_cause_and_the_others_an_answer(store):
    answers: list[bool] = []

    def claim(cause: str, owner: str, start: threading.Barrier) -> None:
        start.wait()
        answers.append(journal.claim("toy", cause, owner))

    for cause in range(30):
        start = threading.Barrier(6)
        threads = [threading.Thread(target=claim, args=(str(cause), str(owner), start)) for owner in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (sum(answers), len(answers)) == (30, 180)


# All of these lead to somewhere in the test's own folder.
@pytest.mark.parametrize("cause", ["../../escaped", "{home}/escaped", "train-../../../escaped"])
def test_cause_from_an_event_chooses_no_path(store, cause):
    journal.claim("toy", cause.format(home=store.parent), "a")
    assert {path.parent for path in store.parents[1].rglob("*.json")} == {store / "claims" / "toy"}

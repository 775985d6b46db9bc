"""A release whose process is killed, whose registry goes down, or that meets another: real processes, a real registry.

After each the champion is one whole version, and whoever comes next finishes the move, alias and journal.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters import journal, moves, registry
from adapters.settings import PROJECT, settings
from core.acceptance import CheckResult
from core.errors import RegistryUnavailable
from tasks import releases
from tests.conftest import Project
from tests.fault_table import Survives
from tests.serving.test_watcher import add_version

# Releases a version and dies at a step, as `kill -9` ends a process: nothing of it runs any more.
RELEASE = """
import os, signal, sys
from adapters import journal, moves, registry
from core.acceptance import CheckResult
from tasks import releases

number, place, name, when = int(sys.argv[1]), *sys.argv[2:5]
home = {"moves": moves, "registry": registry, "journal": journal, "releases": releases}[place]
releases.announce = lambda event: "event"
original = getattr(home, name)

def dies(*given):
    result = original(*given) if when == "after" else None
    os.kill(os.getpid(), signal.SIGKILL)

setattr(home, name, dies)
candidate, champion = registry.find_version("toy", number), registry.find_champion("toy")
change = releases.Change("release", candidate, champion, (CheckResult("fine", True, ""),), None, "ada", 0.0)
releases.conclude_change(change, moves.make(change.planned))
"""
STEPS = {
    "before the claim": ("moves", "create_once", "before"),
    "after the claim": ("moves", "create_once", "after"),
    "before the alias": ("registry", "set_champion", "before"),
    "after the alias": ("registry", "set_champion", "after"),
    "before the event": ("releases", "_announce", "before"),
    "before the journal": ("journal", "append", "before"),
    "after the journal": ("journal", "append", "after"),
}
# Waits for the word, and moves the champion to its own version, round after round.
RIVAL = """
import sys, time
from pathlib import Path
from adapters import moves, registry
from core.errors import RegistryConflict
from core.moves import Move

folder, me, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
registry.champion_number("toy")
for i in range(rounds):
    (folder / f"ready-{i}-{me}").touch()
    while not (go := folder / f"go-{i}").exists():
        time.sleep(0.0005)
    since = int(go.read_text().split()[0])
    target = int(go.read_text().split()[me])
    try:
        moves.make(Move(0, "toy", "release", since, target, "race", None, None, None, ""))
        told = "won"
    except RegistryConflict as error:
        told = error.why
    (folder / f".told-{i}-{me}").write_text(told)
    (folder / f".told-{i}-{me}").rename(folder / f"told-{i}-{me}")
"""
N_ROUNDS = 8


@pytest.fixture(scope="module")
def registered(shared_project: Project) -> Project:
    assert [add_version(f"s{number}") for number in (1, 2, 3)] == [1, 2, 3]
    return shared_project


@pytest.fixture(autouse=True)
def told(registered: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """The events that this process sends."""
    events: list[Any] = []
    monkeypatch.setattr(releases, "announce", lambda event: (events.append(event), "event")[1])
    yield events
    assert_that_all_agree()


def assert_that_all_agree() -> None:
    champion = registry.find_champion("toy")
    assert champion is not None
    # Whole: its record and its model file are there, and are what was registered.
    registry.load_pipeline(champion)
    standing = moves.moves_of("toy")
    assert standing[-1].to_version == champion.number
    assert [move.number for move in standing] == sorted({move.number for move in standing})


def run(script: str, *words: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, words)]
    return subprocess.Popen(command, cwd=PROJECT, text=True, stderr=subprocess.PIPE)


def change(number: int) -> releases.Change:
    checks = (CheckResult("fine", True, ""),)
    candidate, champion = registry.find_version("toy", number), registry.find_champion("toy")
    return releases.Change("release", candidate, champion, checks, None, "ada", 0.0)


def release_again(number: int) -> None:
    """What a rerun of the flow does: finish what was left, and move if it is not there yet."""
    releases.settle("toy")
    if registry.champion_number("toy") != number:
        wanted = change(number)
        releases.conclude_change(wanted, moves.make(wanted.planned))


@pytest.mark.parametrize("step", STEPS)
def test_release_that_is_killed_leaves_one_champion_and_is_finished_by_a_rerun(
    registered: Project, step: str, survives: Survives
) -> None:
    before = registry.champion_number("toy")
    target = 1 if before == 2 else 2
    n_before = len(moves.moves_of("toy"))
    killed = run(RELEASE, target, *STEPS[step])
    assert killed.wait(120) == -9, killed.stderr.read()
    assert registry.champion_number("toy") in (before, target)
    with survives("kill -9 of a release", step, "another champion"):
        release_again(target)
        assert registry.champion_number("toy") == target
    made = moves.moves_of("toy")
    assert len(made) == n_before + 1
    entries = [entry for entry in journal.entries("toy", "release") if entry["move"] == made[-1].number]
    assert [(entry["from_version"], entry["to_version"], entry["approved_by"]) for entry in entries] == [
        (before, target, "ada")
    ]


def test_rerun_of_a_finished_release_changes_and_tells_nothing(registered: Project, told: list[Any]) -> None:
    n_before = len(journal.entries("toy", "release")), len(moves.moves_of("toy"))
    release_again(registry.champion_number("toy") or 1)
    assert (len(journal.entries("toy", "release")), len(moves.moves_of("toy"))) == n_before
    assert told == []


def test_registry_that_goes_down_in_the_middle_leaves_the_champion_and_the_move_to_the_next(
    registered: Project, monkeypatch: pytest.MonkeyPatch, survives: Survives
) -> None:
    before = registry.champion_number("toy")
    set_alias = registry.set_champion

    def goes_down(*given: Any) -> None:
        monkeypatch.setenv("EVERFIT_MLFLOW", "http://127.0.0.1:1")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        settings.cache_clear()
        set_alias(*given)

    wanted = change(3)
    with monkeypatch.context() as patch:
        patch.setattr(registry, "set_champion", goes_down)
        with pytest.raises(RegistryUnavailable):
            moves.make(wanted.planned)
    monkeypatch.delenv("EVERFIT_MLFLOW")
    settings.cache_clear()
    assert registry.champion_number("toy") == before
    with survives("MLflow gone until the next run", "alias", "another champion"):
        release_again(3)
    assert registry.champion_number("toy") == 3
    assert journal.entries("toy", "release")[0]["to_version"] == 3


def test_process_that_stood_still_and_was_overtaken_does_not_undo_the_next_release(
    registered: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = registry.champion_number("toy")
    mine, theirs = (number for number in (1, 2, 3) if number != before)
    set_alias = registry.set_champion

    def stands_still(*given: Any) -> None:
        monkeypatch.setattr(registry, "set_champion", set_alias)
        release_again(theirs)
        set_alias(*given)

    wanted = change(mine)
    monkeypatch.setattr(registry, "set_champion", stands_still)
    moves.make(wanted.planned)
    assert registry.champion_number("toy") == theirs
    assert [move.to_version for move in moves.moves_of("toy")][-2:] == [mine, theirs]


def test_of_two_processes_that_release_at_once_one_wins_and_the_other_says_so(
    registered: Project, tmp_path: Path
) -> None:
    rivals = [run(RIVAL, tmp_path, me, N_ROUNDS) for me in (1, 2)]
    for i in range(N_ROUNDS):
        wait_for(tmp_path, f"ready-{i}-*", rivals)
        champion = registry.champion_number("toy")
        targets = [number for number in (1, 2, 3) if number != champion]
        (tmp_path / ".go").write_text(f"{champion} {targets[0]} {targets[1]}")
        (tmp_path / ".go").rename(tmp_path / f"go-{i}")
        wait_for(tmp_path, f"told-{i}-*", rivals)
        answers = [(tmp_path / f"told-{i}-{me}").read_text() for me in (1, 2)]
        assert answers.count("won") == 1, answers
        assert registry.champion_number("toy") == targets[answers.index("won")]
        assert_that_all_agree()
    assert [rival.wait(30) for rival in rivals] == [0, 0]


def wait_for(folder: Path, pattern: str, rivals: list[subprocess.Popen[str]]) -> None:
    deadline = time.monotonic() + 120
    while len(list(folder.glob(pattern))) < len(rivals):
        assert time.monotonic() < deadline
        assert not any(rival.poll() for rival in rivals), [rival.stderr.read() for rival in rivals if rival.poll()]
        time.sleep(0.002)

"""`everfit gc` removes nothing unless it is told to."""

import json
import os
from pathlib import Path

import pytest

from cli.answers import run
from cli.main import everfit
from tests.conftest import Project


def answer(words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict]:
    code = run(everfit, [*words.split(), "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture
def old_report(project: Project) -> Path:
    place = project.home / "store" / "reports" / "toy" / "a.html"
    place.parent.mkdir(parents=True)
    place.write_text("old")
    os.utime(place, (0, 0))
    return place


def test_dry_run_tells_and_removes_nothing(old_report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = answer("gc", capsys)
    assert (code, document["applied"], document["bytes"]) == (0, False, 3)
    assert [(each["kind"], each["what"]) for each in document["removable"]] == [("report", str(old_report))]
    assert old_report.exists()
    assert run(everfit, ["gc", "toy"]) == 0
    assert "nothing was removed" in capsys.readouterr().out
    assert old_report.exists()


def test_apply_removes(old_report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = answer("gc toy --apply --older-than 2d", capsys)
    assert (code, document["applied"], document["older_than"]["versions"]) == (0, True, "2d")
    assert not old_report.exists()
    assert answer("gc --apply", capsys)[1]["removable"] == []


@pytest.mark.parametrize("words", ["gc --older-than 2h", "gc --older-than soon", "gc nobody"])
def test_wrong_request_exits_with_2(old_report: Path, capsys: pytest.CaptureFixture[str], words: str) -> None:
    code, document = answer(words, capsys)
    assert (code, set(document)) == (2, {"error", "exit_code"})
    assert old_report.exists()

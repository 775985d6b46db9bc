"""The commands of the tutorial, run one after another as somebody who follows it runs them."""

import json
import re
import shlex
from pathlib import Path

import pandas as pd
import pytest

from cli.answers import run
from cli.main import everfit
from tests.conftest import Project
from tests.told_commands import shell_lines, trips

COMMANDS = [shlex.split(line)[1:] for line in shell_lines("docs/tutorial.md")]


def test_every_command_of_the_tutorial_does_what_the_page_says(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (project.models / "toy.yaml").unlink()
    trips().to_csv("trips.csv", index=False)
    answers = {}
    for words in COMMANDS:
        capsys.readouterr()
        code = run(everfit, [*words, "--json"])
        out = capsys.readouterr().out
        assert code == 0, (words, out)
        answers[words[0]] = json.loads(out)
        if words[0] == "init":
            # A small machine under load answers slower than the default allows.
            path = project.models / "trips.yaml"
            path.write_text(re.sub(r"max_latency_ms: [\d.]+", "max_latency_ms: 5000", path.read_text()))
    assert list(answers) == [
        "init", "train", "release", "predict", "page", "lineage", "status", "check", "evidence", "verify", "score",
    ]  # fmt: skip
    assert answers["release"]["to_version"] == answers["train"]["version"] == 1
    assert len(pd.read_csv("late.csv")) == 3000
    assert Path("trips.html").stat().st_size < 3_000_000
    assert answers["lineage"]["broken"] == []
    assert answers["verify"]["whole"]
    assert len(answers["score"]["tests"]) == 28

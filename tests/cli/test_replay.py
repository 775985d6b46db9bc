"""`everfit replay` from the command line: documents, pictures, and mistakes told in words."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cli.answers import run
from cli.main import everfit
from tests.conftest import Project, toy_table


def answer(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, Any]:
    code = run(everfit, [*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture
def turned(project: Project) -> Project:
    """Customers whose taste turns after 90 days."""
    project.land(pd.concat([toy_table(6000), toy_table(6000, seed=1, shift=1.0)], ignore_index=True))
    return project


def test_replay_tells_windows_policies_and_draws_them(
    turned: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calm = tmp_path / "calm.yaml"
    calm.write_text("monitor: {when: {drift: note, decay: note, severe_decay: alert}}\n")
    words = ["replay", "toy", "--fast", "--window", "14d", "--policy", str(calm)]
    code, document = answer(words, capsys)
    assert code == 0, document
    policies = document["policies"]
    assert list(policies) == ["never", "every_window", "policy", "calm"]
    assert policies["never"]["retrainings"] == policies["calm"]["retrainings"] == 0
    assert 0 < policies["policy"]["retrainings"] < policies["every_window"]["retrainings"]
    assert policies["policy"]["gain"] > 0.5
    assert policies["every_window"]["regret"] == 0
    assert len(document["windows"]) == policies["every_window"]["retrainings"] + 1
    assert {"never", "every_window", "policy", "calm"} <= document["windows"][0].keys()
    assert Path(document["picture"]).read_text().count("<tr>") == len(policies) + len(document["windows"]) + 2
    assert Path(document["png"]).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("text", "told"),
    [("monitor: {cooldwn: 1d}", "cooldwn"), ("gate: {}", "no part `monitor`"), ("monitor: [", "cannot read")],
)
def test_policy_that_cannot_be_read_is_refused_before_anything_runs(
    turned: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(text)
    code, document = answer(["replay", "toy", "--policy", str(wrong)], capsys)
    assert code == 2
    assert told in json.dumps(document["error"])


def test_history_that_is_too_short_is_refused(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.land(toy_table(1500))
    code, document = answer(["replay", "toy", "--fast"], capsys)
    assert code == 2
    assert "windows" in document["error"]["why"]

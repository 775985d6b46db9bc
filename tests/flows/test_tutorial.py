"""The commands of the tutorial, run one after another as somebody who follows it runs them."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from adapters.settings import PROJECT
from cli.answers import run
from cli.main import everfit
from tests.conftest import Project

TUTORIAL = (PROJECT / "docs" / "tutorial.md").read_text(encoding="utf-8")
COMMANDS = [
    shlex.split(line)[1:]
    for block in re.findall(r"```bash\n(.*?)```", TUTORIAL, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("everfit ")
]


def trips(n_rows: int = 3000) -> pd.DataFrame:
    random = np.random.default_rng(8)
    miles, vehicle = random.gamma(2, 6, n_rows).round(1), random.choice(["van", "bike", "car"], n_rows)
    chance = 1 / (1 + np.exp(-(miles / 6 - 2.5 + 1.5 * (vehicle == "van"))))
    start = pd.Timestamp("2026-01-01")
    return pd.DataFrame(
        {
            "trip": [f"t{i}" for i in range(n_rows)],
            "started": start + pd.to_timedelta(np.sort(random.uniform(0, 60, n_rows)).round(4), unit="D"),
            "miles": miles,
            "vehicle": vehicle,
            "late": random.uniform(size=n_rows) < chance,
        }
    )


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

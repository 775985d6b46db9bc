"""`everfit predict`: what it prints, and what it refuses before anything heavy is imported."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from adapters import registration, registry
from cli.answers import run
from cli.main import everfit
from tests.adapters.conftest import ROWS, TABLE, pipeline_of, record_of
from tests.conftest import Project, in_use

SPEC = """
name: toy
target: {column: y}
data: {source: nowhere.csv}
contract: {columns: {age: {type: float, max: 50}}}
"""


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project with a champion."""
    with in_use(Project(tmp_path_factory.mktemp("project"))) as project:
        project.write_spec(SPEC)
        pipeline = pipeline_of("logistic_regression", "binary")
        version = registration.register(record_of(pipeline), pipeline, ROWS.head(5))
        registry.set_champion("toy", version.number)
        TABLE.to_csv(project.home / "table.csv", index=False)
        yield project


def answer(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, dict]:
    code = run(everfit, ["predict", *words, "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("name", [["toy"], ["toy:1"], ["toy@champion"], ["toy", "--version", "1"]])
def test_champion_or_the_version_that_is_named_scores_every_row(
    name: list[str], released: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, source = tmp_path / "out.csv", str(released.home / "table.csv")
    code, document = answer([name[0], source, "-o", str(out), *name[1:]], capsys)
    n_broken = int((TABLE["age"] > 50).sum())
    assert code == 0
    assert document.pop("seconds") > 0
    assert document == {
        "model": "toy", "version": 1, "source": source, "output": str(out),
        "rows": len(TABLE), "predicted": len(TABLE) - n_broken, "broken": n_broken, "without_past": 0,
        "reasons": [{"column": "age", "rule": "max 50", "rows": n_broken}],
    }  # fmt: skip
    found = pd.read_csv(out)
    assert found.columns.tolist() == ["row", "prediction", "probability", "reason"]
    assert found["row"].tolist() == list(range(1, len(TABLE) + 1))


def test_text_tells_how_many_rows_have_no_prediction_and_why(
    released: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(everfit, ["predict", "toy", str(released.home / "table.csv"), "-o", str(tmp_path / "a.parquet")]) == 0
    printed = capsys.readouterr().out
    assert "rows have no prediction" in printed
    assert "age: max 50" in printed


WRONG = {
    "no champion yet": (["other", "SOURCE", "-o", "out.csv"], "did you mean"),
    "no such version": (["toy", "SOURCE", "-o", "out.csv", "--version", "9"], "everfit status toy"),
    "two versions": (["toy:2", "SOURCE", "-o", "out.csv", "--version", "9"], "--version 2"),
    "another alias": (["toy@best", "SOURCE", "-o", "out.csv"], "toy@champion"),
    "no source": (["toy", "-o", "out.csv"], "everfit predict toy"),
    "two sources": (["toy", "SOURCE", "--sql", "select 1", "-o", "out.csv"], "--sql"),
    "no table": (["toy", "/no/such/table.csv", "-o", "out.csv"], "correct the address"),
    "no format": (["toy", "SOURCE", "-o", "out.txt"], ".csv or .parquet"),
    "no output": (["toy", "SOURCE"], "--help"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_request_is_told_with_a_way_out_and_leaves_nothing(
    name: str, released: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words, way_out = WRONG[name]
    monkeypatch.chdir(tmp_path)
    code, document = answer([word.replace("SOURCE", str(released.home / "table.csv")) for word in words], capsys)
    assert code == 2
    assert way_out in document["error"]["fix"] or name == "no champion yet"
    assert list(tmp_path.iterdir()) == []


def test_predict_needs_no_prefect(released: Project, tmp_path: Path) -> None:
    words = ["predict", "toy", str(released.home / "table.csv"), "-o", str(tmp_path / "out.csv"), "--json"]
    code = (
        "import sys; from cli.answers import run; from cli.main import everfit; "
        f"code = run(everfit, {words!r}); sys.exit(code or 7 * ('prefect' in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_predict_that_is_told_to_end_leaves_nothing(released: Project, tmp_path: Path) -> None:
    # The process ends itself as a service manager would, when the answer is half written.
    words = ["predict", "toy", str(released.home / "table.csv"), "-o", str(tmp_path / "out.csv"), "--json"]
    code = (
        "import os, signal, sys; from adapters import scoring; from cli import main; "
        "scoring.scored_table = lambda *_: os.kill(os.getpid(), signal.SIGTERM); "
        f"sys.argv = ['everfit', *{words!r}]; main.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["error"]["kind"]) == (130, "interrupted")
    assert list(tmp_path.iterdir()) == []

"""Any table: `init`, `train` and `predict` end in a model or in a clear refusal, never in a fault.

Each table is small, and each training tries two candidates: what is shown is that nothing breaks on the way.
"""

import json
from pathlib import Path

import pandas as pd
import pytest

from cli.answers import run
from cli.main import everfit
from tests.conftest import Project
from tests.flows.tables import AWKWARD, BUNDLED, bundled

TRIALS = ("--set", "search.trials=2", "--workers", "1")


class Answered:
    """What a command has said: its exit code, its document, and everything that a person would see."""

    def __init__(self, capfd: pytest.CaptureFixture[str], *words: str) -> None:
        capfd.readouterr()
        self.code = run(everfit, [*words, "--json"])
        out, self.seen = capfd.readouterr()
        self.document = json.loads(out)
        assert "Traceback" not in out + self.seen
        assert "Warning" not in self.seen
        assert self.code in (0, 2, 3), self.document


def trained(capfd: pytest.CaptureFixture[str], path: Path, target: str) -> tuple[Answered, Answered | None]:
    first = Answered(capfd, "init", str(path), "--target", target, "--name", "any")
    return first, Answered(capfd, "train", "any", *TRIALS) if first.code == 0 else None


def assert_that_every_row_comes_out(capfd: pytest.CaptureFixture[str], path: Path, n_rows: int) -> None:
    out = path.parent / "scored.parquet"
    scored = Answered(capfd, "predict", "any:1", str(path), "-o", str(out))
    assert scored.code == 0, scored.document
    rows = pd.read_parquet(out)
    assert len(rows) == n_rows
    assert rows["prediction"].notna().all(), rows["reason"].dropna().unique()


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_table_gives_a_model_and_no_block(
    name: str, project: Project, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    frame, target = bundled(name)
    path = tmp_path / f"{name}.csv"
    # Of the 1,797 digits some are enough to see that 64 pixels of ten classes pass.
    frame = frame.head(400)
    frame.to_csv(path, index=False)
    first, then = trained(capfd, path, target)
    assert [warned for warned in first.document["warnings"] if warned["blocks"] and "leak" in warned["what"]] == []
    assert then is not None
    assert then.document["verdict"] in ("registered", "refused"), then.document
    if then.document["verdict"] == "registered":
        assert_that_every_row_comes_out(capfd, path, len(frame))


@pytest.mark.parametrize("name", AWKWARD)
def test_an_awkward_table_gives_a_model_or_a_clear_refusal(
    name: str, project: Project, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    write, suffix, answer, n_rows = AWKWARD[name]
    path = tmp_path / f"table{suffix}"
    write(path)
    first, then = trained(capfd, path, "y")
    last = then or first
    if last.code == 2:
        told = last.document["error"]
        assert answer in told["what"]
        assert told["why"]
        assert told["fix"]
        assert then or not list(project.models.glob("any.yaml"))
    elif last.code == 3:
        assert answer in last.document["reason"]
    else:
        assert (answer, last.document["verdict"]) == ("trained", "registered")
        assert_that_every_row_comes_out(capfd, path, n_rows)

"""Any table: looked at, trained on and predicted, it ends in a model or in a clear refusal, never in a fault.

Each table is small, and each training tries two candidates: what is shown is that nothing breaks on the way.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from adapters.registry import find_version
from adapters.scoring import score_table
from adapters.specs import read_spec
from cli.answers import run
from cli.main import everfit
from tests.conftest import Project
from tests.flows.tables import AWKWARD, BUNDLED, bundled


def looked_at(capsys: pytest.CaptureFixture[str], path: Path, target: str) -> tuple[int, Any]:
    """What `init` says, as a person asks it."""
    capsys.readouterr()
    code = run(everfit, ["init", str(path), "--target", target, "--name", "any", "--json"])
    out, err = capsys.readouterr()
    assert "Warning" not in err
    return code, json.loads(out)


def trained() -> Any:
    from flows.training import train

    return train("any", overrides=("search.trials=2",), workers=1)


def assert_that_every_row_comes_out(path: Path, n_rows: int) -> None:
    out = path.parent / "scored.parquet"
    version = find_version("any", 1)
    assert version is not None
    score_table(version, read_spec("any"), str(path), str(out))
    rows = pd.read_parquet(out)
    assert len(rows) == n_rows
    assert rows["prediction"].notna().all(), rows["reason"].dropna().unique()


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_table_gives_a_model_and_nothing_in_it_looks_like_a_leak(
    name: str, project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    frame, target = bundled(name)
    path = tmp_path / f"{name}.csv"
    # Of the 1,797 digits some are enough to see that 64 pixels of ten classes pass.
    frame = frame.head(250)
    frame.to_csv(path, index=False)
    code, document = looked_at(capsys, path, target)
    assert code == 0
    assert [warned for warned in document["warnings"] if warned["blocks"]] == []
    outcome = trained()
    # Twenty rows hold three to test on, which show nothing: a person decides.
    assert outcome.verdict in ("registered", "refused", *(["undecided"] if len(frame) < 100 else [])), outcome.reason
    if outcome.verdict != "refused":
        assert_that_every_row_comes_out(path, len(frame))


@pytest.mark.parametrize("name", AWKWARD)
def test_an_awkward_table_gives_a_model_or_a_clear_refusal(
    name: str, project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    write, suffix, answer, n_rows = AWKWARD[name]
    path = tmp_path / f"table{suffix}"
    write(path)
    code, document = looked_at(capsys, path, "y")
    if code != 0:
        assert code == 2
        assert answer in document["error"]["what"]
        assert document["error"]["why"]
        assert document["error"]["fix"]
        assert list(project.models.glob("any.yaml")) == []
        return
    outcome = trained()
    assert (answer, outcome.verdict) == ("trained", "registered"), outcome.reason
    assert_that_every_row_comes_out(path, n_rows)

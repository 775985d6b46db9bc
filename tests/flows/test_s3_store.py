"""The same code and YAML with the store in a bucket: the same model, and a loop that goes on."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from adapters import journal
from adapters.registry import find_champion
from adapters.scoring import score_table
from adapters.specs import read_spec
from adapters.storage import store_path
from tasks.landing import land_frame
from tests.buckets import bucket_server
from tests.conftest import Project, in_use, toy_table


def trained() -> Any:
    from flows.training import train

    land_frame("toy", toy_table(), "day", tell=False)
    return train("toy", workers=1)


def later() -> pd.DataFrame:
    rows = toy_table(seed=1, shift=1.0)
    return rows.assign(day=rows["day"] + pd.Timedelta("400D"), customer="later-" + rows["customer"].astype(str))


def test_the_loop_with_its_store_in_a_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.check_drift import check_drift
    from flows.release import release

    with in_use(Project(tmp_path / "local")):
        here = trained()
    (tmp_path / "buckets" / "bucket").mkdir(parents=True)
    monkeypatch.setenv("EVERFIT_STORE", "s3://bucket/everfit")
    with bucket_server(tmp_path / "buckets"), in_use(Project(tmp_path / "remote")) as project:
        there = trained()
        assert (there.model_digest, there.metrics["test"]) == (here.model_digest, here.metrics["test"])
        assert release("toy", 1, cause="an event").verdict == "released"
        assert release("toy", 1, cause="an event", return_state=True).name == "Duplicate"
        champion = find_champion("toy")
        assert champion is not None
        assert [entry["to_version"] for entry in journal.entries("toy", "release")] == [1]
        land_frame("toy", later(), "day", tell=False)
        assert check_drift("toy", cause="a landing").findings
        source, out = store_path("lake", "toy", "*.parquet"), tmp_path / "scored.csv"
        assert score_table(champion, read_spec("toy"), source, str(out)).broken == 0
        assert not (project.home / "store").exists()

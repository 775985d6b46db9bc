"""A store of the test's own, and a model as training makes it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from adapters.settings import settings
from core.encoding import categorical_positions, make_encoder
from core.families import DUMMY, FAMILIES, families_for
from core.features import FeaturePlan, feature_columns, feature_frame
from core.fitting import Candidate, Learning, Rows, fit_family, pack, predict
from core.performance import scorecard
from core.records import ModelRecord, Report
from core.refs import DatasetRef
from core.splitting import SeenRows
from core.target import TargetCoding
from tests.core.conftest import installed_pairs

N = 90
TABLE = pd.DataFrame(
    {"age": np.linspace(20, 60, N), "plan": ["basic", "plus", None] * (N // 3), "y": (np.arange(N) % 3).astype(float)}
)
TARGETS = {"binary": (TABLE["y"] == 2).to_numpy(float), "multiclass": TABLE["y"].to_numpy(), "regression": TABLE["age"]}
COLUMNS = feature_columns(TABLE, FeaturePlan(("y",), (), 0.001, ()))
ROWS = feature_frame(TABLE, COLUMNS)
EVERY_MODEL = installed_pairs(
    (family, problem) for problem in TARGETS for family in (*families_for(problem, tuple(FAMILIES)), "dummy")
)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The store's folder, which nothing has been written to."""
    monkeypatch.setenv("EVERFIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EVERFIT_MODELS", str(tmp_path / "models"))
    monkeypatch.delenv("EVERFIT_STORE", raising=False)
    settings.cache_clear()
    yield tmp_path / "home" / "store"
    settings.cache_clear()


def pipeline_of(family: str, problem: str, seed: int = 0, **choices: int) -> object:
    """A fitted pipeline of the family with its first parameters."""
    kind = DUMMY if family == "dummy" else FAMILIES[family]
    encoder = make_encoder(kind.recipe, COLUMNS, 0.001)
    x = np.asarray(encoder.fit_transform(ROWS), dtype=float)
    y, codes = np.asarray(TARGETS[problem], float), categorical_positions(kind.recipe, COLUMNS)
    # Validation rows that contradict the training rows stop boosting at once.
    rows = Rows(x, y, codes), Rows(x, y[::-1], codes)
    return pack(encoder, fit_family(kind, {**kind.start, **choices}, Learning("y", problem, "roc_auc", seed), rows))


def record_of(pipeline: object, digest: str = "d1") -> ModelRecord:
    """The record of a binary model."""
    y, prediction = TARGETS["binary"], predict(pipeline, ROWS, "binary")
    table = DatasetRef("file:///data.parquet", "a" * 64, N)
    report = Report(
        {"roc_auc": 0.7}, {"dummy": {"roc_auc": 0.5}}, scorecard("binary", y, prediction), {}, "p.npy", digest
    )
    return ModelRecord(
        model="toy",
        coding=TargetCoding("binary", (False, True)),
        columns=COLUMNS,
        best=Candidate("logistic_regression", (("C", 0.1 + 0.2),)),
        report=report,
        seen=SeenRows("time", ("at",), "2026-01-01T00:00:00", 0.15),
        data=table,
        data_until="2026-01-01T00:00:00",
        reference=table,
        golden=table,
        spec={"name": "toy", "seed": 0},
        spec_digest="s1",
        verdict="promote",
        reason="the first model",
        cause=None,
        flow_run=None,
        git_commit=None,
        environment={},
    )

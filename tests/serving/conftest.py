"""A model as training makes it, ready to answer, without a registry; and the application around it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from adapters.settings import settings
from core.answers import answering
from core.encoding import categorical_positions, make_encoder
from core.families import FAMILIES
from core.fast_path import compile_path
from core.features import FeaturePlan, feature_columns, feature_frame
from core.fitting import Learning, fit_family, pack, predict
from core.records import EXPECTED, ModelRecord
from core.request_contract import request_contract
from core.rows import Rows
from core.spec_reading import parse_spec
from core.splitting import SeenRows
from core.target import TargetCoding
from core.traffic import CHAMPION, Reference
from serving.app import Endpoint, application
from serving.door import Door
from serving.served import Served
from serving.settings import ServingSettings
from serving.slots import Seat, Slot
from tests.adapters.conftest import record_of
from tests.conftest import TOY, toy_table

ROW = {"age": 41.5, "plan": "pro", "visits": 3}
MANY = toy_table(300)


def make_pipeline(family: str = "hist_gradient_boosting", table: pd.DataFrame = MANY, seed: int = 0) -> tuple[Any, Any]:
    """A pipeline fitted on the toy table, and its feature columns."""
    plan = FeaturePlan(("bought", "customer", "day"), (), 0.001, ("trees", "linear"))
    columns = feature_columns(table, plan)
    rows, y = feature_frame(table, columns), table["bought"].to_numpy(float)
    kind = FAMILIES[family]
    encoder = make_encoder(kind.recipe, columns, 0.001)
    x = np.asarray(encoder.fit_transform(rows), dtype=float)
    codes = categorical_positions(kind.recipe, columns)
    half = len(table) // 2
    parts = Rows(x[:half], y[:half], codes), Rows(x[half:], y[half:], codes)
    return pack(encoder, fit_family(kind, kind.start, Learning("bought", "binary", "roc_auc", seed), parts)), columns


def make_record(pipeline: Any, columns: Any, table: pd.DataFrame = MANY) -> tuple[ModelRecord, pd.DataFrame]:
    """The record of such a pipeline, and its golden rows."""
    golden = feature_frame(table.tail(30), columns)
    expected = predict(pipeline, golden, "binary")
    spec = parse_spec(TOY, "toy.yaml").model_dump(mode="json")
    from tests.adapters import conftest

    with pytest.MonkeyPatch.context() as patch:
        # The record of another table: only what serving reads of it is ours.
        patch.setattr(conftest, "predict", lambda *_: np.full(conftest.N, 0.5))
        record = record_of(pipeline)
    record = replace(
        record, columns=columns, spec=spec, seen=SeenRows("time", ("day",), "2026-01-01", 0.15),
        coding=TargetCoding("binary", (False, True)),
    )  # fmt: skip
    return record, golden.assign(**{f"{EXPECTED}0": expected})


def make_served(number: int = 1, family: str = "hist_gradient_boosting", seed: int = 0) -> Served:
    """A version that is ready to answer."""
    pipeline, columns = make_pipeline(family, toy_table(300, seed), seed)
    record, golden = make_record(pipeline, columns)
    path, reason = compile_path(record, pipeline, golden[list(columns.names)])
    assert path is not None, reason
    contract = request_contract(record)
    return Served(
        "toy", number, record, pipeline, contract, answering(record.coding, record.report.threshold), path, reason
    )


def seat(served: Served | None) -> Seat:
    return Seat(Reference(), served, served.number if served else None, looked=True)


@pytest.fixture(scope="session")
def served() -> Served:
    return make_served()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The store's folder; what another test has set of serving is gone."""
    monkeypatch.setenv("EVERFIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EVERFIT_MODELS", str(tmp_path / "models"))
    settings.cache_clear()
    yield tmp_path / "home" / "store"
    settings.cache_clear()


class Running:
    """An endpoint in this process, whose seats the test fills itself."""

    def __init__(self, served: Served | None, **limits: Any) -> None:
        self.settings = ServingSettings(**limits)
        self.endpoint = Endpoint(self.settings)
        self.endpoint.watcher.start = lambda: None  # type: ignore[method-assign]
        self.slot = Slot("toy", {CHAMPION: seat(served)})
        self.endpoint.slots.slots["toy"] = self.slot
        self.app = Door(application(self.endpoint), self.settings, self.endpoint.respond)


@pytest.fixture
def running(served: Served, store: Path) -> Running:
    return Running(served)


@pytest.fixture
def client(running: Running) -> Iterator[TestClient]:
    with TestClient(running.app) as client:
        yield client

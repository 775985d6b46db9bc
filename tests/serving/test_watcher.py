"""A real registry, and who follows it; MLflow is slow, so that one story is told in the order of the tests."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from adapters import registry
from adapters.registration import register
from adapters.registry import set_champion
from adapters.settings import settings
from adapters.storage import write_frame
from core.traffic import CHALLENGER
from serving.app import Endpoint, application
from serving.settings import ServingSettings
from tests.conftest import TOY
from tests.serving.conftest import ROW, make_pipeline, make_record


def add_version(spec_digest: str, family: str = "hist_gradient_boosting", spoilt: bool = False) -> int:
    """A new version in the registry."""
    pipeline, columns = make_pipeline(family)
    record, golden = make_record(pipeline, columns)
    if spoilt:
        golden = golden.assign(expected_0=0.123)
    record = replace(record, golden=write_frame(golden, "golden"), spec_digest=spec_digest)
    return register(record, pipeline, golden[list(columns.names)].head(5)).number


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("EVERFIT_HOME", str(folder))
        patch.setenv("EVERFIT_MODELS", str(folder / "models"))
        (folder / "models").mkdir()
        (folder / "models" / "toy.yaml").write_text(TOY)
        settings.cache_clear()
        add_version("s1")
        add_version("s2", "logistic_regression")
        add_version("s3", spoilt=True)
        yield folder
    settings.cache_clear()


@pytest.fixture(scope="module")
def endpoint(home: Path) -> Endpoint:
    return Endpoint(ServingSettings(challengers="toy@candidate=0.5", log=False))


@pytest.fixture(scope="module")
def client(endpoint: Endpoint) -> Iterator[TestClient]:
    endpoint.watcher.start = lambda: None  # type: ignore[method-assign]
    with TestClient(application(endpoint)) as client:
        yield client


def version_of(client: TestClient) -> int:
    answer = client.post("/invocations", json={"instances": [ROW]})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["version"])


def test_model_without_a_champion_becomes_ready_when_one_is_released(endpoint: Endpoint, client: TestClient) -> None:
    endpoint.watcher.look()
    assert client.get("/ready").status_code == 503
    set_champion("toy", 1)
    endpoint.watcher.look()
    assert client.get("/ready").status_code == 200
    assert version_of(client) == 1


def test_released_version_takes_over_and_a_rollback_brings_the_old_one_back(
    endpoint: Endpoint, client: TestClient
) -> None:
    seen = []
    for number in (2, 1):
        set_champion("toy", number)
        endpoint.watcher.look()
        seen.append(version_of(client))
    assert seen == [2, 1]
    # It was kept warm, and is not loaded again.
    assert endpoint.slots.slots["toy"].before.number == 2


def test_version_that_does_not_score_its_golden_rows_is_told_and_the_old_one_stays(
    endpoint: Endpoint, client: TestClient
) -> None:
    set_champion("toy", 3)
    for _ in range(3):
        endpoint.watcher.look()
    assert version_of(client) == 1
    health = client.get("/health").json()
    assert health["status"] == "degraded"
    assert "golden rows" in health["models"]["toy"]["champion"]["failed"]["why"]
    text = client.get("/metrics").text
    assert 'everfit_model_load_failed{model="toy",role="champion"} 1.0' in text
    # What cannot get better is not tried again at every look.
    assert 'everfit_model_loads_total{model="toy",outcome="failed"} 1.0' in text


def test_next_good_version_ends_the_alarm(endpoint: Endpoint, client: TestClient) -> None:
    set_champion("toy", 2)
    endpoint.watcher.look()
    assert (version_of(client), client.get("/health").json()["status"]) == (2, "ok")


def test_model_file_that_somebody_changed_is_refused_with_its_name(endpoint: Endpoint, client: TestClient) -> None:
    endpoint.slots.slots["toy"].before = None
    model_file = Path(registry.find_version("toy", 1).location.removeprefix("file://")) / "model.skops"
    before = model_file.read_bytes()
    model_file.write_bytes(before[:-1] + b"x")
    try:
        set_champion("toy", 1)
        endpoint.watcher.look()
        assert version_of(client) == 2
        assert (
            "the model toy:1 is refused" in client.get("/health").json()["models"]["toy"]["champion"]["failed"]["why"]
        )
    finally:
        model_file.write_bytes(before)
        set_champion("toy", 2)
        endpoint.watcher.look()


def test_registry_that_does_not_answer_leaves_the_champion_in_place(
    endpoint: Endpoint, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("EVERFIT_MLFLOW", "http://127.0.0.1:1")
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        settings.cache_clear()
        endpoint.watcher.look()
    settings.cache_clear()
    assert version_of(client) == 2
    assert client.get("/health").json()["registry_error"]
    assert "everfit_registry_up 0.0" in client.get("/metrics").text
    endpoint.watcher.look()
    assert client.get("/health").json()["status"] == "ok"


def test_challenger_is_whoever_its_alias_points_to(endpoint: Endpoint, client: TestClient) -> None:
    with registry.answering() as mlflow:
        mlflow.set_registered_model_alias("toy", "candidate", "1")
    endpoint.watcher.look()
    seats: Any = endpoint.slots.slots["toy"].seats
    assert seats[CHALLENGER].served.number == 1
    assert {version_of(client) for _ in range(60)} == {1, 2}


def test_champion_that_was_taken_away_answers_no_more(endpoint: Endpoint, client: TestClient) -> None:
    with registry.answering() as mlflow:
        mlflow.delete_registered_model_alias("toy", "candidate")
    registry.remove_champion("toy")
    endpoint.watcher.look()
    assert client.post("/invocations", json={"instances": [ROW]}).status_code == 503


def test_newest_version_is_loaded_before_its_release_and_takes_over_without_loading(
    endpoint: Endpoint, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = add_version("s9")
    endpoint.watcher.look()
    ahead = endpoint.slots.slots["toy"].ahead
    assert ahead is not None
    assert ahead.number == number
    monkeypatch.setattr("serving.watcher.load", lambda _: 1 / 0)
    set_champion("toy", number)
    endpoint.watcher.look()
    assert version_of(client) == number

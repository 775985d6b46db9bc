"""`everfit doctor` says of each part of a set-up whether it is well, and what to do where it is not."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from adapters import storage
from adapters.settings import settings
from cli.answers import NO, run
from cli.main import everfit
from deployments import doctor
from deployments.ports import free_port
from tests.conftest import Project


@pytest.fixture
def examined(project: Project, capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    def examine() -> tuple[int, dict[str, Any]]:
        settings.cache_clear()
        code = run(everfit, ["doctor", "--json"])
        return code, {each["check"]: each for each in json.loads(capsys.readouterr().out)}

    # Other tests of this process may have a server.
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        yield examine


def test_a_laptop_without_a_server_is_well_and_what_is_not_there_is_said(examined: Any) -> None:
    code, found = examined()
    assert code == 0
    assert all(each["passed"] for each in found.values())
    assert not any(found[name]["skipped"] for name in ("versions", "models", "disk", "storage", "registry"))
    assert "everfit up" in found["event"]["detail"]
    assert storage.list_files(storage.store_path("doctor", "*", "*")) == []


def test_a_yaml_that_cannot_be_read_is_named(project: Project, examined: Any) -> None:
    project.write_spec("name: other\ntarget: {colum: y}", "other")
    code, found = examined()
    assert code == NO
    assert not found["models"]["passed"]
    assert "colum" in found["models"]["detail"]
    assert found["models"]["fix"]


def test_another_version_than_that_of_the_lock_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = 'click==0.0.1 \\\n    --hash=sha256:0\n# via x\npandas==0.1 ; python_version < "3"\nnot-installed==1.0\n'
    assert [(name, pinned) for name, pinned, _ in doctor._pins(lock)] == [("click", "0.0.1")]


def test_a_store_that_lets_two_claim_the_same_is_told(examined: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "create_once", lambda uri, content: storage.write_bytes(uri, content) is None)
    code, found = examined()
    assert code == NO
    assert "conditional writes" in found["storage"]["detail"]


def test_a_server_and_a_cluster_that_do_not_answer_are_told(examined: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    monkeypatch.setenv("EVERFIT_DASK", f"tcp://127.0.0.1:{free_port()}")
    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{free_port()}/api"}):
        code, found = examined()
    assert code == NO
    for name in ("dask", "server", "clock", "worker", "deployments", "automations", "event"):
        assert not found[name]["passed"], name
        assert found[name]["fix"], name

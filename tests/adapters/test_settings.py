import pytest

from adapters.settings import PROJECT, Settings, settings, tool_environment
from core.errors import SpecError


def test_store_lies_in_the_home_when_nobody_says(store):
    assert settings().store_url == str(store)


def test_registry_lies_in_the_home_when_nobody_says(store):
    assert settings().mlflow_url == f"sqlite:///{store.parent}/mlflow.db"


@pytest.mark.parametrize("url", ["s3://bucket/prefix", "s3://bucket/prefix/"])
def test_store_can_be_a_bucket(monkeypatch, url):
    monkeypatch.setenv("EVERFIT_STORE", url)
    assert Settings().store_url == "s3://bucket/prefix"


def test_models_lie_in_the_project_when_nobody_says(monkeypatch):
    monkeypatch.delenv("EVERFIT_MODELS", raising=False)
    assert Settings().models == PROJECT / "models"


def test_home_is_absolute(monkeypatch):
    monkeypatch.setenv("EVERFIT_HOME", "some/where")
    assert Settings().home.is_absolute()


def test_empty_home_is_not_the_working_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVERFIT_HOME", "")
    assert Settings().home != tmp_path


def test_wrong_setting_is_told_by_its_name_and_value(store, monkeypatch):
    monkeypatch.setenv("EVERFIT_PREFECT_PORT", "many")
    settings.cache_clear()
    with pytest.raises(SpecError, match=r"(?s)EVERFIT_PREFECT_PORT.*'many'"):
        settings()


def test_other_tools_keep_their_state_in_the_home(store):
    told = tool_environment(settings())
    assert told["PREFECT_HOME"].startswith(str(store.parent))

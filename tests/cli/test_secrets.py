"""What a person has set as a secret is in no answer, no error, no log and no file."""

import json
from pathlib import Path

import pytest

from adapters.secrets import masked
from cli.answers import _as_json, run
from cli.main import everfit
from deployments.ports import free_port
from tests.conftest import Project

TOKEN, KEY, WORD = "token-of-the-endpoint", "key-of-the-bucket", "hunter2-hunter2"


@pytest.fixture
def secrets(project: Project, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """A registry, a bucket and a database that nobody answers for, each with a secret, and a token."""
    from adapters.settings import settings

    monkeypatch.setenv("EVERFIT_SERVING_TOKEN", TOKEN)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "fit")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY)
    monkeypatch.setenv("EVERFIT_MLFLOW", f"http://fit:{WORD}@127.0.0.1:{free_port()}")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("DATABASE_PASSWORD", f"of-the-database-{WORD}")
    settings.cache_clear()
    return TOKEN, KEY, WORD


def told(words: str, capfd: pytest.CaptureFixture[str]) -> str:
    run(everfit, words.split())
    said = capfd.readouterr()
    return said.out + said.err


def held(folder: Path, secrets: tuple[str, ...]) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if any(secret.encode() in path.read_bytes() for secret in secrets)]


@pytest.mark.parametrize("words", ["doctor --no-event --json", "doctor --no-event", "status toy", "status --json"])
def test_answer_about_a_registry_that_does_not_answer_holds_no_secret(
    words: str, project: Project, secrets: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    said = told(words, capfd)
    # It has come to the address, and told it.
    assert "http://fit:***@127.0.0.1" in said
    assert [secret for secret in secrets if secret in said] == []
    assert held(project.home, secrets) == []


def test_database_that_does_not_answer_is_told_without_its_password(
    project: Project, secrets: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    address = f"postgresql://fit:${{DATABASE_PASSWORD}}@127.0.0.1:{free_port()}/x"
    run(everfit, ["init", "--sql", "select 1", "--url", address, "--target", "bought", "--name", "x", "--json"])
    said = "".join(capfd.readouterr())
    assert "postgresql://fit:${DATABASE_PASSWORD}@127.0.0.1" in said
    assert [secret for secret in secrets if secret in said] == []
    assert held(project.home, secrets) + held(project.models, secrets) == []


def test_bucket_that_does_not_answer_is_told_without_its_key(
    project: Project, secrets: tuple[str, ...], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from adapters.settings import settings

    monkeypatch.setenv("EVERFIT_STORE", "s3://nowhere/x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    settings.cache_clear()
    said = told("status --json", capfd)
    assert "s3://nowhere" in said
    assert [secret for secret in secrets if secret in said] == []


def test_fault_of_ours_is_printed_without_a_secret(
    secrets: tuple[str, ...], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError(f"told {TOKEN} and {KEY}")

    monkeypatch.setattr("cli.status_command.prepare", fail)
    said = told("status --json", capfd)
    assert "Traceback" in said
    assert [secret for secret in secrets if secret in said] == []


def test_secret_in_a_document_is_masked_and_a_short_word_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "test")
    monkeypatch.setenv("OTHER_TOKEN", 'a "quoted" one')
    assert json.loads(_as_json({"test": ["test", 'see a "quoted" one']})) == {"test": ["test", "see ***"]}
    assert masked("http://me:word@host") == "http://me:***@host"


@pytest.mark.parametrize("source", ["lake://../../secret.csv", "lake://a/../../b/*.parquet", "lake:///etc/passwd"])
def test_source_cannot_leave_the_lake(source: str, project: Project, capfd: pytest.CaptureFixture[str]) -> None:
    (project.home.parent / "secret.csv").write_text("customer,bought\n1,1\n")
    assert run(everfit, ["init", source, "--target", "bought", "--name", "thief", "--json"]) == 2
    assert "it leaves the lake" in capfd.readouterr().out
    assert not (project.models / "thief.yaml").exists()

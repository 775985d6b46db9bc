"""PostgreSQL that refuses: what is told, without the password. A wrong password needs a server to refuse it."""

import os
import socket
from urllib.parse import urlsplit

import pytest

from adapters.sql import read_sql
from core.errors import StorageUnavailable
from core.source_spec import SqlSource

pytest.importorskip("psycopg", reason="psycopg is not installed, `pip install everfit[postgres]` brings it")
WORD = "correct-horse"


def test_a_server_that_is_not_there_is_told_without_the_password(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PG_WORD", WORD)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(StorageUnavailable) as refused:
        read_sql(SqlSource(sql="select 1", url=f"postgresql://me:${{PG_WORD}}@127.0.0.1:{port}/db?connect_timeout=5"))
    assert "does not answer" in refused.value.what
    assert WORD not in str(refused.value)


@pytest.mark.skipif(
    "POSTGRES_TEST_URL" not in os.environ,
    reason="no server: POSTGRES_TEST_URL names none (postgresql://me:word@host/db)",
)
def test_a_wrong_password_is_told_without_the_password(monkeypatch: pytest.MonkeyPatch):
    there = urlsplit(os.environ["POSTGRES_TEST_URL"])
    monkeypatch.setenv("PG_WORD", WORD)
    where = f"{there.hostname}:{there.port or 5432}{there.path}"
    with pytest.raises(StorageUnavailable) as refused:
        read_sql(SqlSource(sql="select 1", url=f"postgresql://{there.username}:${{PG_WORD}}@{where}"))
    assert "password" in refused.value.fix
    assert WORD not in str(refused.value)

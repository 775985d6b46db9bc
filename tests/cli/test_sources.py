"""`init` over the network: from a web server, and from an S3 server where one is installed."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn import datasets

from adapters.tables import read_table
from cli.answers import run
from cli.main import everfit
from tests.buckets import bucket_server, forget_connections
from tests.conftest import Project


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bucket, which to a web server is a folder, with one table in it."""
    bucket = tmp_path / "served" / "bucket"
    bucket.mkdir(parents=True)
    iris().to_csv(bucket / "iris.csv", index=False)
    return bucket.parent


def iris() -> pd.DataFrame:
    return datasets.load_iris(as_frame=True).frame


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    capsys.readouterr()
    code = run(everfit, [*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_table_behind_a_web_address_is_looked_at_and_read(
    project: Project, folder: Path, capsys: pytest.CaptureFixture[str]
):
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder)))
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    try:
        source = f"http://127.0.0.1:{httpd.server_port}/bucket/iris.csv"
        code, document = asked(capsys, "init", source, "--target", "target")
        assert (code, document["model"], document["rows"]["whole"]) == (0, "iris", True)
        assert len(read_table(source)) == 150
        code, document = asked(capsys, "init", source.replace("iris", "rose"), "--target", "target")
        assert (code, document["error"]["kind"]) == (2, "data_missing")
    finally:
        httpd.shutdown()


@pytest.fixture
def s3(folder: Path) -> Iterator[str]:
    """A table in a bucket."""
    with bucket_server(folder):
        yield "s3://bucket/iris.csv"


def test_a_table_in_a_bucket_is_looked_at_and_read(project: Project, s3: str, capsys: pytest.CaptureFixture[str]):
    code, document = asked(capsys, "init", s3, "--target", "target")
    assert (code, document["problem"]) == (0, "multiclass")
    pd.testing.assert_frame_equal(read_table("s3://bucket/*.csv"), iris())


def test_wrong_keys_of_a_source_are_told_as_the_source_s(
    project: Project, s3: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    forget_connections()
    code, document = asked(capsys, "init", s3, "--target", "target")
    assert (code, document["error"]["kind"]) == (1, "storage")
    assert "credentials" in document["error"]["fix"]
    assert "EVERFIT_STORE" not in json.dumps(document)

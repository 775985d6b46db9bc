"""The audit says what it found, and what it could not find out; the database is the only thing that is not real."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from adapters.settings import PROJECT
from deployments.audit import main
from deployments.ports import free_port

LOCK = "left==1.0 --hash=sha256:" + "0" * 64 + "\nright==2.0 --hash=sha256:" + "1" * 64 + "\n"
HOLE = {
    "id": "OSV-1", "summary": "It opens", "affected": [{
        "package": {"name": "right", "ecosystem": "PyPI"}, "ranges": [{"type": "ECOSYSTEM", "events": []}],
    }],
}  # fmt: skip
needs_pip_audit = pytest.mark.skipif(find_spec("pip_audit") is None, reason="pip-audit is not installed")


@pytest.fixture
def database() -> Iterator[Callable[[set[str]], str]]:
    """A database in which the named packages have a hole."""
    servers: list[ThreadingHTTPServer] = []

    def serve(holes: set[str]) -> str:
        class Database(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_error(405)

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                found: Any = {"vulns": [HOLE]} if asked["package"]["name"] in holes else {}
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(found).encode())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is theirs
                return

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Database))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}/v1/query"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def audited(folder: Path, address: str, *more: str) -> subprocess.CompletedProcess[str]:
    (folder / "requirements.lock").write_text(LOCK)
    command = [
        sys.executable,
        "-m",
        "deployments.audit",
        "--database",
        address,
        "--lock",
        f"{folder}/requirements.lock",
    ]
    return subprocess.run([*command, *more], cwd=PROJECT, capture_output=True, text=True, check=False)


def test_audit_is_skipped_with_a_word_where_nobody_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--database", f"http://127.0.0.1:{free_port()}/v1/query"]) == 0
    assert "audit skipped" in capsys.readouterr().out


@needs_pip_audit
def test_audit_passes_where_the_database_knows_of_nothing(tmp_path: Path, database: Any) -> None:
    done = audited(tmp_path, database(set()))
    assert done.returncode == 0, done.stderr


@needs_pip_audit
def test_audit_fails_and_names_the_package_with_a_hole_until_that_is_accepted(tmp_path: Path, database: Any) -> None:
    address = database({"right"})
    done = audited(tmp_path, address)
    assert done.returncode == 1
    assert "right" in done.stdout
    assert "OSV-1" in done.stdout
    assert "left" not in done.stdout
    assert audited(tmp_path, address, "--ignore", "OSV-1").returncode == 0

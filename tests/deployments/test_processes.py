"""Marks, ports, and a supervisor that does not outlive its launcher; without Prefect's servers."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from adapters.settings import PROJECT, Settings
from core.errors import SpecError
from deployments.ports import LOOPBACK, Ports, ensure_port_is_free, free_port
from deployments.processes import MARK, end, mark_of, marked, sweep
from deployments.programs import CONFIG_FILE, configuration, environment
from deployments.stack import running_stack

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(99)"
LAUNCHER = """
import sys, time
from pathlib import Path
from adapters.settings import Settings
from deployments.launch import start_supervisor
from deployments.ports import Ports
from deployments.programs import environment
home = Path(sys.argv[1])
start_supervisor(home, environment(Settings(home=home), Ports(4200)), tied=True)
time.sleep(99)
"""


def until(condition: Callable[[], bool], within_s: float = 60.0) -> bool:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_free_port_is_free() -> None:
    port = free_port()
    ensure_port_is_free(port, "EVERFIT_PREFECT_PORT")
    with socket.create_server((LOOPBACK, port)) as taken:
        assert taken.getsockname()[1] == port


def test_port_in_use_is_told_with_its_process_and_its_setting() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SpecError) as told:
            Ports(free_port(), port).ensure_free()
    assert told.value.what == f"port {port} cannot be used"
    assert f"process {os.getpid()}" in told.value.why
    assert "set EVERFIT_MLFLOW_PORT to a free port" in told.value.fix


def test_homes_do_not_share_a_mark(tmp_path: Path) -> None:
    assert mark_of(tmp_path / "a") == mark_of(tmp_path / "b" / ".." / "a") != mark_of(tmp_path / "b")


def test_configuration_holds_no_path_so_that_none_needs_quoting(tmp_path: Path) -> None:
    text = configuration(Ports(4200, 5000))
    assert not [word for word in text.split() if word.startswith(("/", "sqlite"))]
    assert "http_server" not in text


def test_users_speed_wins_and_credentials_for_another_server_stay_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_WORKER_QUERY_SECONDS", "7")
    monkeypatch.setenv("PREFECT_API_KEY", "for the cloud")
    monkeypatch.setenv("PREFECT_API_URL", "https://elsewhere/api")
    made = environment(Settings(home=tmp_path), Ports(4200))
    assert made["PREFECT_WORKER_QUERY_SECONDS"] == "7"
    assert "PREFECT_API_KEY" not in made
    assert made["PREFECT_API_URL"] == "http://127.0.0.1:4200/api"


@pytest.mark.parametrize("record", [None, "{", '{"prefect": 1, "mlflow": null, "supervisor_pid": 1}'])
def test_no_stack_runs_where_its_record_is_missing_broken_or_stale(tmp_path: Path, record: str | None) -> None:
    (tmp_path / "stack").mkdir()
    if record is not None:
        (tmp_path / "stack" / "stack.json").write_text(record)
    assert running_stack(Settings(home=tmp_path)) is None


def test_sweep_ends_also_what_ignores_a_request_in_a_session_of_its_own(tmp_path: Path) -> None:
    mark = mark_of(tmp_path)
    command = [sys.executable, "-c", STUBBORN]
    surroundings = {**os.environ, MARK: mark}
    with subprocess.Popen(command, env=surroundings, start_new_session=True, stdout=subprocess.PIPE) as stubborn:
        assert stubborn.stdout is not None
        stubborn.stdout.readline()
        sweep(mark, grace_s=0.5)
        assert not psutil.pid_exists(stubborn.pid)


def test_child_that_ends_between_two_looks_does_not_stay_a_zombie(monkeypatch: pytest.MonkeyPatch) -> None:
    child = psutil.Process(subprocess.Popen([sys.executable, "-c", ""]).pid)
    assert until(lambda: child.status() == psutil.STATUS_ZOMBIE)
    wait, looks = psutil.wait_procs, iter([([], [child])])
    monkeypatch.setattr(psutil, "wait_procs", lambda *given, **named: next(looks, None) or wait(*given, **named))
    end([child], grace_s=5.0)
    assert not psutil.pid_exists(child.pid)


def test_supervisor_ends_with_its_killed_launcher_and_takes_everything_along(tmp_path: Path) -> None:
    for folder in ("stack", "logs"):
        (tmp_path / folder).mkdir()
    (tmp_path / "stack" / "stubborn.py").write_text(STUBBORN)
    command = f"command = {Path(sys.executable).name} stubborn.py"
    (tmp_path / "stack" / CONFIG_FILE).write_text(
        f"[supervisord]\nminfds = 256\n[program:stubborn]\n{command}\nstopwaitsecs = 1\n"
    )
    arguments, surroundings = (
        [sys.executable, "-c", LAUNCHER, str(tmp_path)],
        {**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    with subprocess.Popen(arguments, cwd=PROJECT, env=surroundings) as launcher:
        mark = mark_of(tmp_path)
        assert until(lambda: any("stubborn.py" in process.cmdline() for process in marked(mark)))
        launcher.kill()
    assert until(lambda: not marked(mark))

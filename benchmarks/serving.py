"""The endpoint beside `mlflow models serve`, on one model, one machine and in one run: interleaved, as ratios.

Then a minute of load while ten releases and two rollbacks happen: no request may fail, and each answer must come from a
version that was champion then, or less than two seconds before.

    python -m benchmarks serving [--home DIR]      # a folder whose model is there already is not trained again
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import pairwise
from pathlib import Path
from typing import Literal

from benchmarks.load import Result, load, post

ROUNDS, SECONDS = 3, 3.0
UNDER_LOAD_S = 60.0
N_MOVES, ROLLBACKS = 12, (5, 11)
PICKED_UP_WITHIN_S = 2.0
QUICK = ("--set", "search.trials=3", "--set", "search.families=[hist_gradient_boosting, logistic_regression]")
CASES = {"1 row, 1 connection": (1, 1), "1 row, 4 connections": (1, 4), "100 rows, 1 connection": (100, 1)}


def run(options: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks serving")
    parser.add_argument("--home", help="Where the model is, or is to be; default a folder that goes again")
    home = parser.parse_args(options).home
    with nullcontext(home) if home else tempfile.TemporaryDirectory() as folder:
        os.environ["EVERFIT_HOME"] = str(Path(folder).resolve())
        os.environ["OMP_NUM_THREADS"] = "1"
        _ensure_versions()
        with _endpoint() as ours:
            with _mlflow(os.environ["EVERFIT_HOME"]) as theirs:
                _compare(ours, theirs)
            _release_under_load(ours)


def _ensure_versions() -> None:
    from adapters.registry import champion_number, list_versions, set_champion

    n_versions = N_MOVES - len(ROLLBACKS) + 1
    if len(list_versions("flights")) < n_versions:
        _everfit("land", "flights", "--until", "2013-02-28")
        _everfit("train", "flights", *QUICK)
        _everfit("release", "flights", "--version", "1")
        _register_again(n_versions - 1)
    if champion_number("flights") != 1:
        set_champion("flights", 1)


def _register_again(n_versions: int) -> None:
    """More versions of the same model: what is new to the endpoint is loaded whole."""
    from dataclasses import replace

    from adapters.registration import register
    from adapters.registry import find_version, load_pipeline
    from adapters.storage import read_frame

    first = find_version("flights", 1)
    pipeline, golden = load_pipeline(first), read_frame(first.record.golden)
    example = golden[list(first.record.columns.names)].head(5)
    for i in range(n_versions):
        register(replace(first.record, spec_digest=f"again-{i}"), pipeline, example)


def _compare(ours: int, theirs: int) -> None:
    for name, (n_rows, n_connections) in CASES.items():
        requests = _requests(n_rows)
        found: dict[int, list[Result]] = {ours: [], theirs: []}
        for _ in range(ROUNDS):
            for port, results in found.items():
                results.append(load(port, requests, n_connections, SECONDS))
        failed = [each for results in found.values() for result in results for each in result.failed]
        assert not failed, failed[0]
        rate, p50, p99 = (
            {port: statistics.median(measure(result) for result in results) for port, results in found.items()}
            for measure in (lambda r: r.per_second, lambda r: r.ms(50), lambda r: r.ms(99))
        )
        print(f"{name}: everfit {rate[ours]:.0f}/s, p50 {p50[ours]:.2f} ms, p99 {p99[ours]:.2f} ms;", end=" ")
        print(f"mlflow {rate[theirs]:.0f}/s, p50 {p50[theirs]:.2f} ms, p99 {p99[theirs]:.2f} ms")
        print(f"  throughput {rate[ours] / rate[theirs]:.1f} times, p99 {p99[ours] / p99[theirs]:.3f} of mlflow's")


def _release_under_load(port: int) -> None:
    from adapters import moves
    from core.moves import Move

    champions, result, newest = [(time.perf_counter(), 1)], list[Result](), 1
    requests = _requests(1)

    def keep(_head: bytes, body: bytes) -> tuple[float, int]:
        return time.perf_counter(), json.loads(body)["version"]

    loading = threading.Thread(target=lambda: result.append(load(port, requests, 4, UNDER_LOAD_S, keep)))
    loading.start()
    for i in range(N_MOVES):
        time.sleep(UNDER_LOAD_S / (N_MOVES + 1))
        before = champions[-1][1]
        if i in ROLLBACKS:
            kind: Literal["release", "rollback"] = "rollback"
            after = champions[-2][1]
        else:
            kind, after, newest = "release", newest + 1, newest + 1
        moves.make(Move(0, "flights", kind, before, after, "benchmark", None, None, None, ""))
        champions.append((time.perf_counter(), after))
    loading.join()
    wrong = [version for at, version in result[0].answers if version not in _champions_at(champions, at)]
    n_moves = f"{N_MOVES - len(ROLLBACKS)} releases and {len(ROLLBACKS)} rollbacks in {UNDER_LOAD_S:.0f} s of load"
    print(f"{n_moves}: {len(result[0].seconds)} answers, {len(result[0].failed)} failed,", end=" ")
    print(f"{len(wrong)} of a version that was no champion in the {PICKED_UP_WITHIN_S:g} s before")
    taken = [_picked_up(result[0].answers, move) for move in champions[1:]]
    print(
        f"  picked up after {statistics.median(taken):.2f} s, {max(taken):.2f} s at most; p99 {result[0].ms(99):.2f} ms"
    )


def _picked_up(answers: list[tuple[float, int]], move: tuple[float, int]) -> float:
    """How long after a move its version gave the first answer."""
    moved_at, version = move
    return next((at - moved_at for at, given in answers if given == version and at >= moved_at - 1.0), float("inf"))


def _champions_at(champions: list[tuple[float, int]], at: float) -> set[int]:
    """Versions that were champion at a moment, or so shortly before that the endpoint need not know better."""
    started = [*champions, (float("inf"), 0)]
    return {
        version
        for (since, version), (until, _) in pairwise(started)
        # The alias moves a moment before the move is told to us.
        if since - 1.0 <= at and until >= at - PICKED_UP_WITHIN_S
    }


def _requests(n_rows: int) -> list[bytes]:
    from adapters.registry import find_version
    from adapters.storage import read_frame

    record = find_version("flights", 1).record
    golden = read_frame(record.golden)[list(record.columns.names)]
    rows = golden.astype(object).where(golden.notna(), None).to_numpy().tolist()
    names = list(golden.columns)
    batches = [[row] for row in rows] if n_rows == 1 else [(rows * (n_rows // len(rows) + 1))[:n_rows]]
    return [
        post("/invocations", json.dumps({"dataframe_split": {"columns": names, "data": each}}).encode())
        for each in batches
    ]


@contextmanager
def _endpoint() -> Iterator[int]:
    from deployments.ports import free_port

    port = free_port()
    with _started([*_command(), "serve", "flights", "--port", str(port)], f"http://127.0.0.1:{port}/ready"):
        yield port


@contextmanager
def _mlflow(home: str) -> Iterator[int]:
    from deployments.ports import free_port

    port, program = free_port(), str(Path(sys.executable).with_name("mlflow"))
    where = ["--model-uri", "models:/flights/1", "--env-manager", "local", "--port", str(port)]
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{Path(home) / 'mlflow.db'}"
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with _started([program, "models", "serve", *where], f"http://127.0.0.1:{port}/ping"):
        yield port


@contextmanager
def _started(command: list[str], url: str) -> Iterator[None]:
    import psutil

    with psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            while not _answers(url):
                assert process.poll() is None, f"{command[0]} has ended"
                time.sleep(0.2)
            yield
        finally:
            for each in [*process.children(recursive=True), process] if process.is_running() else []:
                each.terminate()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _command() -> list[str]:
    return [sys.executable, "-m", "cli.main"]


def _everfit(*words: str) -> None:
    subprocess.run([*_command(), *words, "--json"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

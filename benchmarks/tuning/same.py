"""Whether one search finds the same with 1, 2 and 4 workers, time after time, and with a worker killed in the middle.

Each run has a process and a home of its own. Workers are processes here, so that there is one to kill.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

N_TRIALS = 40
N_TIMES = 3
KILLED_AFTER = 5


def run(table: Path) -> None:
    found = []
    for workers in (1, 2, 4):
        found += [_one(table, workers, "") for _ in range(N_TIMES)]
    found += [_one(table, 2, "killed") for _ in range(N_TIMES)]
    same = len({json.dumps(each) for each in found}) == 1
    print(f"{len(found)} searches of {N_TRIALS} trials: {'all the same' if same else 'NOT THE SAME'}")


def _one(table: Path, workers: int, kill: str) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"EVERFIT_HOME": home, "EVERFIT_WORKERS": "processes", "PYTHONWARNINGS": "ignore"}
        environment |= {"EVERFIT_STORE": f"{home}/store", "PREFECT_HOME": f"{home}/prefect"}
        words = [sys.executable, "-m", "benchmarks.tuning.same", str(table), str(workers), kill]
        told = subprocess.run(words, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    answer: dict[str, str] = json.loads(told.splitlines()[-1])
    print(f"{workers} workers{', one ' + kill if kill else '':<12} {answer}", flush=True)
    return answer


def main(table: str, workers: str, kill: str) -> None:
    from prefect.logging import disable_run_logger

    from benchmarks.tuning.ours import import_all

    # Prefect sets its loggers up while it is imported.
    import_all()
    with disable_run_logger():
        print(json.dumps(_found(Path(table), int(workers), kill)))


def _found(table: Path, workers: int, kill: str) -> dict[str, str]:
    from adapters.packaging import unpack
    from adapters.storage import read_bytes
    from benchmarks.tuning.ours import built
    from benchmarks.tuning.tables import read
    from core.features import feature_frame
    from core.fitting import LastFit, Learning, predict
    from core.learning_spec import SearchSpec
    from tasks import tuning
    from tasks.models import fit

    told = []

    class Recorder(tuning.Progress):
        def told(self, trial):
            told.append((trial.number, trial.candidate, trial.curve, trial.value))

    tuning.Progress = Recorder
    parts = read(table)
    features = built(parts)
    learning = Learning("target", "binary", "roc_auc", seed=0)
    spec = SearchSpec(metric="roc_auc", trials=N_TRIALS, patience=None, least_gain=None)
    killer = threading.Thread(target=_kill, args=(told,))
    if kill:
        killer.start()
    trials = tuning.tune.fn(features, spec, learning, (), tuning.Crew("same", workers))
    if kill:
        killer.join()
        if not KILLED_AFTER <= _killed_at[0] < N_TRIALS:
            raise AssertionError("the worker was not killed in the middle")
    model = fit.fn(features, trials.members, learning, LastFit(calibration=True))
    # As everfit's own digest: of what the model predicts. Its file holds where its parts lay in memory.
    pipeline = unpack(read_bytes(model.uri), model.uri)
    test = predict(pipeline, feature_frame(parts["test"][0], features.columns), "binary")
    return {
        "best": trials.best.family,
        "values": hashlib.sha256(repr(told).encode()).hexdigest()[:16],
        "model": hashlib.sha256(test.tobytes()).hexdigest()[:16],
    }


_killed_at: list[int] = []


def _kill(told: list) -> None:
    import psutil

    while len(told) < KILLED_AFTER:
        time.sleep(0.01)
    next(each for each in psutil.Process().children() if "spawn_main" in " ".join(each.cmdline())).kill()
    _killed_at.append(len(told))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Score golden rows with a packaged model in a clean process: what a server that loads it will see.

Run as a script it is that process: it imports libraries only, nothing of this project.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from adapters.packaging import TRUSTED
from core.errors import ServiceUnavailable
from core.features import FeatureColumns

TIMEOUT_S = 180
N_TIMED = 20


def score_in_clean_process(model_file: Path, golden_file: Path, columns: FeatureColumns) -> dict[str, Any]:
    """Load the model and score golden rows, away from this process and this project.

    Args:
        model_file: skops file.
        golden_file: Parquet of feature rows.
        columns: Which of its columns are features, by kind.

    Returns:
        `prediction` (a list a row), `probes` (the same for rows that a server may get), `latency_ms` (95th percentile
        of one row), `memory_mb`; or `error`.

    Raises:
        ServiceUnavailable: The process could not be run to its end.
    """
    request = json.dumps(
        {
            "model": str(model_file),
            "rows": str(golden_file),
            "features": {kind: getattr(columns, kind) for kind in ("numbers", "categories", "dates", "texts")},
            "trusted": TRUSTED,
            "n_timed": N_TIMED,
        }
    )
    script = Path(__file__).with_name("scoring_process.py")
    # -I: no PYTHONPATH, no user site, not the script's folder: only what is installed.
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(script)],
            input=request,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            cwd=model_file.parent,
            # One thread, as in a server with a request a core: threads that wait for each other cost a single row most.
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ServiceUnavailable(
            "the packaged model was not scored",
            f"it took more than {TIMEOUT_S} s",
            "look at the load of this machine, and release again",
        ) from error
    if done.returncode != 0:
        return {"error": done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit {done.returncode}"}
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer

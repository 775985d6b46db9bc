"""A clean process that loads a packaged model and scores rows; run by `adapters.acceptance`, request on standard input.

It imports libraries only: what it can load, a server without this project can load.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

ROUNDS = 3
UNSEEN = "a value that no training row had"


def main() -> None:
    import numpy as np
    import pandas as pd
    import skops.io

    request = json.load(sys.stdin)
    model = skops.io.load(request["model"], trusted=request["trusted"])
    golden = pd.read_parquet(request["rows"])
    rows = golden[[name for names in request["features"].values() for name in names]]
    score = model.predict_proba if hasattr(model, "predict_proba") else model.predict
    prediction = np.asarray(score(rows), dtype=float)
    singles = [rows.iloc[[i % len(rows)]] for i in range(request["n_timed"])]
    # Other work on this machine only ever adds time: the quietest round is the nearest to the model's own latency.
    latency = min(float(np.percentile(timed(score, singles), 95)) for _ in range(ROUNDS))
    answer = {
        "prediction": prediction.tolist(),
        "probes": probes(score, rows, request["features"]),
        "latency_ms": latency,
        "memory_mb": peak_memory_mb(),
    }
    json.dump(answer, sys.stdout)


def probes(score: Callable[[Any], Any], rows: Any, features: dict[str, list[str]]) -> dict[str, Any]:
    """Predictions for rows as a server may get them; a failure is an answer too."""
    import numpy as np
    import pandas as pd

    unseen = filled(rows, dict.fromkeys(features["categories"], UNSEEN))
    unknown = dict.fromkeys(features["categories"], pd.Series(np.nan, index=rows.index, dtype=object))
    numbers = dict.fromkeys([*features["numbers"], *features["dates"]], np.nan)
    empty = filled(rows, numbers | unknown | dict.fromkeys(features["texts"], ""))
    asked: dict[str, Callable[[], Any]] = {
        "one row alone": lambda: np.concatenate([score(rows.iloc[[i]]) for i in range(min(len(rows), 10))]),
        "columns in another order": lambda: score(rows[list(rows.columns)[::-1]]),
        "unseen categories": lambda: score(unseen),
        "nothing known": lambda: score(empty),
    }
    return {name: tried(ask) for name, ask in asked.items()}


def filled(rows: Any, columns: dict[str, Any]) -> Any:
    """The rows with other values; not by `assign`, which a column named `self` breaks."""
    made = rows.copy()
    for name, values in columns.items():
        made[name] = values
    return made


def tried(ask: Callable[[], Any]) -> dict[str, Any]:
    """A prediction, or the error that stood in its place."""
    import numpy as np

    try:
        return {"prediction": np.asarray(ask(), dtype=float).tolist()}
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this probe's answer, told whole
        return {"error": f"{type(error).__name__}: {error}"}


def peak_memory_mb() -> float:
    """The most memory that this process ever held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def timed(score: Callable[[Any], Any], singles: list[Any]) -> list[float]:
    """Milliseconds that each row takes."""
    took = []
    for one in singles:
        started = time.perf_counter()
        score(one)
        took.append((time.perf_counter() - started) * 1000)
    return took


if __name__ == "__main__":
    main()

"""A clean process that loads a packaged model and scores rows; run by `adapters.acceptance`, request on standard input.

It imports libraries only: what it can load, a server without this project can load.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

ROUNDS = 3


def main() -> None:
    import numpy as np
    import pandas as pd
    import skops.io

    request = json.load(sys.stdin)
    model = skops.io.load(request["model"], trusted=request["trusted"])
    rows = pd.read_parquet(request["rows"])
    rows = rows[list(rows.columns)[: request["n_features"]]]
    score = model.predict_proba if hasattr(model, "predict_proba") else model.predict
    prediction = np.asarray(score(rows), dtype=float)
    singles = [rows.iloc[[i % len(rows)]] for i in range(request["n_timed"])]
    # Other work on this machine only ever adds time: the quietest round is the nearest to the model's own latency.
    latency = min(float(np.percentile(timed(score, singles), 95)) for _ in range(ROUNDS))
    json.dump({"prediction": prediction.tolist(), "latency_ms": latency}, sys.stdout)


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

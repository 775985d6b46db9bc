"""FLAML with its default learners on the same parts; its own log says when it had found what."""

import json
import tempfile
from pathlib import Path

import numpy as np
from flaml import AutoML

from benchmarks.tuning.side import Race


def solve(race: Race) -> np.ndarray:
    (x, y), (x_val, y_val), (x_test, _) = (_prepared(race.parts[p]) for p in ("train", "validation", "test"))
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        model = AutoML()
        model.fit(
            X_train=x, y_train=y, X_val=x_val, y_val=y_val, task="classification", metric="roc_auc", verbose=0,
            time_budget=race.budget, seed=race.seed, eval_method="holdout", log_file_name=str(log), log_type="better",
        )  # fmt: skip
        share = race.cpu / race.elapsed
        for line in log.read_text().splitlines():
            entry = json.loads(line)
            if "wall_clock_time" in entry:
                seconds = float(entry["wall_clock_time"])
                race.curve.append((seconds, seconds * share, 1 - float(entry["validation_loss"])))
    return model.predict_proba(x_test)[:, 1]


def _prepared(part):
    frame, y = part
    texts = frame.select_dtypes(exclude="number").columns
    return frame.astype(dict.fromkeys(texts, "category")), y.astype(int)

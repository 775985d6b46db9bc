"""A held-out quarter of ten tables: `init`, `train` with 20 trials and `predict`, beside scikit-learn's boosting.

Ours is what a user gets who changes nothing: it keeps a share of its three quarters to stop on and another to judge by.
The peer, HistGradientBoosting as it is by default, trains on all three.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from sklearn import datasets
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from adapters.flights import read_flights
from core.fitting import predict
from core.metrics import METRICS, Floats, score
from core.target import TargetCoding, code_target

N_TRIALS = 20
TOLERANCE = 0.01
TARGET = "target"


def run(options: list[str] | None = None) -> None:
    """Compare on the tables that are named, or on all."""
    made = {name: make for name, make in TABLES.items() if not options or f"--{name}" in options}
    won = 0
    print(f"{'table':<16}{'rows':>6}  {'metric':<8}{'everfit':>8}{'peer':>8}  {'seconds':>7}  chosen")
    for name, make in made.items():
        frame = make()
        order = np.random.default_rng(0).permutation(len(frame))
        held_out, rest = frame.iloc[order[: len(frame) // 4]], frame.iloc[order[len(frame) // 4 :]]
        predicted, coding, trained = _ours(rest, held_out)
        metric = "r2" if coding.problem == "regression" else "roc_auc"
        y = coding.encode(held_out[TARGET])
        ours, peer = score(metric, y, predicted), score(metric, y, _peer(rest, held_out, coding))
        won += METRICS[metric].gain(ours, peer) >= -TOLERANCE
        told = f"{trained['seconds']:>7.0f}  {trained['best']['family']}"
        print(f"{name:<16}{len(frame):>6}  {metric:<8}{ours:>8.4f}{peer:>8.4f}  {told}", flush=True)
    print(f"at or above the peer, within {TOLERANCE:g}, on {won} of {len(made)} tables")


def _ours(rest: pd.DataFrame, held_out: pd.DataFrame) -> tuple[Floats, TargetCoding, dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        rest.to_parquet(place / "rest.parquet", index=False)
        held_out.drop(columns=TARGET).to_parquet(place / "held_out.parquet", index=False)
        _everfit(place, "init", "rest.parquet", "--target", TARGET, "--name", "table")
        trained = _everfit(place, "train", "table", "--set", f"search.trials={N_TRIALS}")
        number = str(trained["version"])
        _everfit(place, "predict", "table", "held_out.parquet", "-o", "out.parquet", "--version", number)
        out = pd.read_parquet(place / "out.parquet")
        written = yaml.safe_load((place / "models" / "table.yaml").read_text())
    # `init` says which class is the positive one: the rarer of two.
    coding = code_target(rest[TARGET], None, written["target"]["positive"])
    answers = {"regression": ["prediction"], "binary": ["probability"]}
    columns = answers.get(coding.problem, [f"probability_{each}" for each in coding.classes])
    values = out[columns].to_numpy(np.float64)
    return values if len(columns) > 1 else values[:, 0], coding, trained


def _everfit(place: Path, *words: str) -> Any:
    environment = os.environ | {
        "EVERFIT_HOME": str(place / "home"),
        "EVERFIT_MODELS": str(place / "models"),
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", *words, "--json"],
        cwd=place, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"everfit {' '.join(words)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return json.loads(done.stdout)


def _peer(rest: pd.DataFrame, held_out: pd.DataFrame, coding: TargetCoding) -> Floats:
    kind = HistGradientBoostingRegressor if coding.problem == "regression" else HistGradientBoostingClassifier
    words = rest.drop(columns=TARGET).select_dtypes(exclude=["number", "bool"]).columns
    levels = {name: pd.CategoricalDtype(rest[name].value_counts().index[:255]) for name in words}
    model = kind(random_state=0, categorical_features="from_dtype")
    model.fit(rest.drop(columns=TARGET).astype(levels), coding.encode(rest[TARGET]))
    return predict(model, held_out.drop(columns=TARGET).astype(levels), coding.problem)


def _made(maker: Any, *args: Any, **options: Any) -> pd.DataFrame:
    x, y = maker(*args, random_state=0, **options)
    return pd.DataFrame(x).add_prefix("x").assign(**{TARGET: y})


def _flights() -> pd.DataFrame:
    flights = read_flights()
    some = flights[flights["scheduled_at"] < "2013-02-01"].sample(6000, random_state=0).reset_index(drop=True)
    return some.drop(columns=["flight_id", "scheduled_at", "late"]).assign(**{TARGET: some["late"]})


TABLES = {
    "breast_cancer": lambda: datasets.load_breast_cancer(as_frame=True).frame,
    "wine": lambda: datasets.load_wine(as_frame=True).frame,
    "digits": lambda: datasets.load_digits(as_frame=True).frame,
    "iris": lambda: datasets.load_iris(as_frame=True).frame,
    "diabetes": lambda: datasets.load_diabetes(as_frame=True).frame,
    "friedman1": lambda: _made(datasets.make_friedman1, 2000, noise=1.0),
    "friedman2": lambda: _made(datasets.make_friedman2, 2000, noise=50.0),
    "linear": lambda: _made(datasets.make_regression, 1000, 20, n_informative=10, noise=20.0),
    "hard_binary": lambda: _made(datasets.make_classification, 4000, 30, n_informative=8, flip_y=0.1),
    "flights": _flights,
}

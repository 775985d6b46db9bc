"""The gate: its paired bootstrap beside the same with scikit-learn's metric, how often an interval lies, and A/A.

A/A: how often a search with another seed on the same data would be released over the one before.

CPU seconds of one process, interleaved; the ratio is what counts.
"""

import time
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from core.bootstrap import N_RESAMPLES, Paired, paired_difference
from core.families import FAMILIES, Range
from core.fitting import Candidate, Learning, fit_candidate, predict
from core.gate import compare
from core.gate_spec import ComparisonSpec
from core.metrics import score
from core.rows import Rows

N_ROWS = 10_000
N_REPEATS = 100
N_BLOCKS = 40
N_TABLE, N_TRIALS = 1500, 2
TOLD_EVERY = 20
SEARCHED = ("hist_gradient_boosting", "random_forest")


def run() -> None:
    random = np.random.default_rng(0)
    rows = _two_models(random, N_ROWS, np.arange(N_ROWS))
    started = time.process_time()
    ours = paired_difference(rows, "roc_auc", 0.95, seed=0)
    our_seconds = time.process_time() - started
    started = time.process_time()
    theirs = _with_scikit_learn(rows)
    their_seconds = time.process_time() - started
    print(f"{N_RESAMPLES} resamples, {N_ROWS} rows: {our_seconds:.2f} CPU s, scikit-learn {their_seconds:.2f} CPU s")
    apart = np.abs(theirs - [ours.low, ours.high]).max()
    print(f"  ratio {their_seconds / our_seconds:.1f}; ends of the interval differ by {apart:.1e}")
    for name, keep_blocks in (("blocks of rows that err together", True), ("single rows", False)):
        covered = sum(_covers_zero(np.random.default_rng(seed), keep_blocks) for seed in range(N_REPEATS))
        print(
            f"two equal models, 95 % interval drawn from {name}: zero lies inside in {covered} of {N_REPEATS} repeats"
        )
    verdicts: list[str] = []
    for repeat in range(N_REPEATS):
        verdicts.append(_same_data_other_seed(repeat))
        if (repeat + 1) % TOLD_EVERY == 0:
            told = ", ".join(f"{verdicts.count(name)} {name}" for name in ("promote", "undecided", "keep"))
            print(f"A/A, {len(verdicts)} tables of {N_TABLE} rows, each searched with two seeds: {told}", flush=True)


def _same_data_other_seed(repeat: int) -> str:
    random = np.random.default_rng(repeat)
    x = random.normal(size=(N_TABLE, 8))
    y = (x[:, 0] + x[:, 1] * x[:, 2] + random.normal(scale=1.5, size=N_TABLE) > 0).astype(float)
    ends = np.array([0.7, 0.85]) * N_TABLE
    train, validation, test = (Rows(*each, ()) for each in zip(_cut(x, ends), _cut(y, ends), strict=True))
    champion, challenger = (
        predict(_searched(seed, train, validation), test.x, "binary") for seed in (2 * repeat, 2 * repeat + 1)
    )
    return compare(Paired(test.y, challenger, champion), ComparisonSpec(), "roc_auc", seed=0).verdict


def _cut(values: np.ndarray, ends: np.ndarray) -> list[np.ndarray]:
    return np.split(values, ends.astype(int))


def _searched(seed: int, train: Rows, validation: Rows) -> Any:
    """The best of some candidates of our families, drawn and fitted with a seed of their own."""
    random, learning = np.random.default_rng(seed), Learning("y", "binary", "roc_auc", seed)
    candidates = [
        Candidate(name, tuple((key, _drawn(each, random)) for key, each in FAMILIES[name].space.items()))
        for name in (SEARCHED * N_TRIALS)[:N_TRIALS]
    ]
    fitted = [fit_candidate(each, learning, train, validation) for each in candidates]
    return max(fitted, key=lambda model: score("roc_auc", validation.y, predict(model, validation.x, "binary")))


def _drawn(space: Range, random: np.random.Generator) -> float | int:
    ends = np.log([space.low, space.high]) if space.log else [space.low, space.high]
    value = float(random.uniform(*ends))
    value = float(np.exp(value)) if space.log else value
    return round(value) if space.whole else value


def _two_models(random: np.random.Generator, n_rows: int, blocks: np.ndarray) -> Paired:
    shared = random.normal(size=int(blocks.max()) + 1)[blocks] + random.normal(size=n_rows)
    y = (shared + random.normal(size=n_rows) > 1).astype(float)
    wrong = [random.normal(size=int(blocks.max()) + 1)[blocks] + random.normal(size=n_rows) for _ in range(2)]
    return Paired(y, shared + wrong[0], shared + wrong[1], blocks)


def _with_scikit_learn(rows: Paired) -> np.ndarray:
    random = np.random.default_rng(0)
    gains = []
    for _ in range(N_RESAMPLES):
        drawn = random.integers(0, len(rows.y), len(rows.y))
        y = rows.y[drawn]
        gains.append(roc_auc_score(y, rows.challenger[drawn]) - roc_auc_score(y, rows.champion[drawn]))
    return np.quantile(gains, [0.025, 0.975])


def _covers_zero(random: np.random.Generator, keep_blocks: bool) -> bool:
    blocks = np.repeat(np.arange(N_BLOCKS), 50)
    rows = _two_models(random, len(blocks), blocks)
    drawn = rows if keep_blocks else Paired(rows.y, rows.challenger, rows.champion)
    found = paired_difference(drawn, "roc_auc", 0.95, seed=0)
    return found.low <= 0 <= found.high

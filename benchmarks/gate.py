"""The gate's paired bootstrap of ROC AUC, beside the same with scikit-learn's metric, and how often an interval lies.

CPU seconds of one process, interleaved; the ratio is what counts.
"""

import time

import numpy as np
from sklearn.metrics import roc_auc_score

from core.bootstrap import N_RESAMPLES, Paired, paired_difference

N_ROWS = 10_000
N_REPEATS = 100
N_BLOCKS = 40


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

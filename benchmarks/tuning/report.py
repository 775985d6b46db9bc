"""What the race has shown: curves, seconds to the peers' final scores as ratios, and test scores."""

import json
from pathlib import Path

import numpy as np

MARKS = (5, 10, 20, 40, 80, 120)


def tell(out: Path, tables: list[str], budget: int) -> None:
    """Print medians over the seeds."""
    for table in tables:
        runs = {}
        for path in sorted(out.glob(f"*-{table}-*-{budget}.json")):
            runs.setdefault(path.name.split("-")[0], {})[path.name.split("-")[2]] = json.loads(path.read_text())
        if runs:
            _tell_table(table, runs, budget)


def _tell_table(table: str, runs: dict, budget: int) -> None:
    marks = [mark for mark in MARKS if mark <= budget]
    print(f"\n{table}: best validation AUC after seconds (CPU seconds below), medians of the seeds")
    print(f"{'':<12}" + "".join(f"{mark:>8}" for mark in marks) + f"{'test':>10}{'seeds':>7}")
    for side, seeds in runs.items():
        for axis, name in ((0, side), (1, "  by CPU s")):
            values = [[_at(run["curve"], axis, mark) for run in seeds.values()] for mark in marks]
            line = f"{name:<12}" + "".join(f"{np.median(each):>8.4f}" for each in values)
            print(line + (f"{_median(seeds, 'test_auc'):>10.4f}{len(seeds):>7}" if axis == 0 else ""))
    for side, seeds in runs.items():
        if side != "everfit" and "everfit" in runs:
            _tell_ratio(side, seeds, runs["everfit"], budget)


def _tell_ratio(side: str, seeds: dict, ours: dict, budget: int) -> None:
    # Two ratios: against the moment at which the peer happened on its final score, and against its budget, at whose end
    # it knows that this is the score.
    pairs = [(seeds[seed], ours[seed]) for seed in seeds if seed in ours]
    if not pairs:
        return
    found = {}
    for axis in (0, 1):
        theirs = [_reaches(peer["curve"], axis, _final(peer)) for peer, _ in pairs]
        mine = [_reaches(run["curve"], axis, _final(peer)) for peer, run in pairs]
        found[axis] = np.median(theirs), np.median(mine)
    gain = _median({i: run for i, (_, run) in enumerate(pairs)}, "test_auc") - _median(seeds, "test_auc")
    (peer_s, our_s), (peer_cpu, our_cpu) = found[0], found[1]
    print(
        f"  final score of {side}: it took {peer_s:.1f} s, everfit {our_s:.1f} s, ratio {peer_s / our_s:.1f} "
        f"(of its budget {budget / our_s:.1f}) "
        f"(CPU {peer_cpu / our_cpu:.1f}); test AUC {gain:+.4f}"
    )


def _at(curve: list, axis: int, mark: float) -> float:
    return max((value for *when, value in curve if when[axis] <= mark), default=float("nan"))


def _final(run: dict) -> float:
    return max(value for *_, value in run["curve"])


def _reaches(curve: list, axis: int, target: float) -> float:
    return next((when[axis] for *when, value in curve if value >= target), float("inf"))


def _median(seeds: dict, key: str) -> float:
    return float(np.median([run[key] for run in seeds.values()]))

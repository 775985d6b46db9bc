"""What the race has shown: curves, how much sooner than its peers everfit has their final scores, and test scores."""

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
    pairs = [(seeds[seed], ours[seed]) for seed in seeds if seed in ours]
    if not pairs:
        return
    gain = np.median([run["test_auc"] - peer["test_auc"] for peer, run in pairs])
    print(f"  how many times sooner than {side} at its final score; test AUC {gain:+.4f} in the middle")
    # At the ceiling of all models, sides differ in the sixth digit, which the validation rows cannot tell.
    for digits, words in ((6, "to six digits"), (4, "to four digits")):
        print(f"    {words:<15} {_ratios(pairs, 0, digits, budget)}; in CPU s {_ratios(pairs, 1, digits, None)}")


def _ratios(pairs: list, axis: int, digits: int, budget: int | None) -> str:
    """The middle, and by seed: against the moment at which the peer happened on its final score.

    In brackets against its budget, at whose end it knows that this is the score.
    """
    goals = [round(_final(peer), digits) for peer, _ in pairs]
    mine = [_reaches(run["curve"], axis, goal, digits) for (_, run), goal in zip(pairs, goals, strict=True)]
    theirs = [_reaches(peer["curve"], axis, goal, digits) for (peer, _), goal in zip(pairs, goals, strict=True)]
    by_moment = _row([peer / own for peer, own in zip(theirs, mine, strict=True)])
    return by_moment if budget is None else f"{by_moment} (of its budget {_row([budget / own for own in mine])})"


def _row(ratios: list[float]) -> str:
    told = [f"{ratio:.1f}" if ratio else "never" for ratio in (*ratios, np.median(ratios))]
    return f"{told[-1]} [{' '.join(told[:-1])}]"


def _at(curve: list, axis: int, mark: float) -> float:
    return max((value for *when, value in curve if when[axis] <= mark), default=float("nan"))


def _final(run: dict) -> float:
    return max(value for *_, value in run["curve"])


def _reaches(curve: list, axis: int, goal: float, digits: int) -> float:
    return next((when[axis] for *when, value in curve if round(value, digits) >= goal), float("inf"))


def _median(seeds: dict, key: str) -> float:
    return float(np.median([run[key] for run in seeds.values()]))

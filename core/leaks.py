"""Columns that give the target away.

A high score alone proves nothing: a good measurement has one too (the best column of the breast cancer table has a ROC
AUC of 0.97, the petals of the irises nearly separate the species). What sets a leak apart is one of:

1. It *is* the target: one value for each class, or the target itself as a number plus noise (its mean within each
   class is the class's own number). No measurement has that by chance, so nothing else needs to be compared.
2. It explains far more than all other columns together: its unexplained share is at most a quarter of theirs, with
   certainty row by row. A strong honest column has company that says much of the same. Columns that explain nearly
   everything are kept out of the comparison, so that one leak does not excuse another.
3. Its name or its times say that it was recorded after the outcome; then weaker numbers are enough.

A name that speaks of an earlier value (`lag`, `previous`) turns a block into a warning: yesterday's price may be known.

Measured over twelve splits each: the best honest column explains 0.68 of breast cancer, 0.89 of the irises (which the
other petal column explains too), 0.37 of diabetes, 0.29 of wine, 0.10 of digits; the target plus noise of a tenth of
its spread explains 0.99 and more, and of three tenths 0.8 to 0.9. `setosa or not`, which both petal columns tell
without an error, is only warned of: the sepals tell it nearly as well. A measured law of nature in one column cannot
be told from a leak; `sentinel.leaks: warn` is for it.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.alone import Evidence, Skill, certainty, most_telling, skill_alone, skill_together
from core.findings import Finding
from core.metrics import Floats
from core.recorded_after import Later, compare_times, sounds_earlier, sounds_later

NEARLY_ALL = 0.97
STRONG, STRONG_IF_NAMED = 0.8, 0.5
TIMES_LESS_UNEXPLAINED, TIMES_LESS_IF_NAMED = 4.0, 1.5
# Standard errors. Losses of classes sit in few rows, so more are asked there than of numbers.
CERTAIN = {"binary": 5.0, "multiclass": 5.0, "regression": 3.0}
NOTEWORTHY_IF_NAMED = 0.15
N_COMPARED = 5
FEWEST_ROWS = 20
WIDEST_BIAS, WIDEST_ERROR, FARTHEST = 0.05, 0.1, 1e9


@dataclass(frozen=True, slots=True)
class Suspect:
    """A column, what it explains alone, and what else is known of it."""

    name: str
    alone: Skill
    is_target: str | None
    named: bool
    later: Later | None


def find_leaks(evidence: Evidence, times: pd.DataFrame, target: str, time: str | None) -> list[Finding]:
    """Every column that gives the target away; `blocks` is what the evidence asks for.

    Args:
        evidence: Candidates as numbers and codes, with the target.
        times: The datetime columns among them, and the rows' time.
        target: The target's name.
        time: The rows' time column.
    """
    if len(evidence.y) < FEWEST_ROWS:
        return []
    later = {str(name): compare_times(times[name], times[time]) for name in times if time and name != time}
    closer = dict.fromkeys([*most_telling(evidence), *later])
    suspects = [
        Suspect(
            name,
            skill_alone(evidence, name),
            _as_target(evidence, name),
            sounds_later(name, target),
            later.get(name),
        )
        for name in closer
    ]
    suspects.sort(key=lambda suspect: -suspect.alone.explained)
    found = [_judge(evidence, suspect, suspects) for suspect in suspects]
    return [finding for finding in found if finding]


def _judge(evidence: Evidence, suspect: Suspect, ranked: list[Suspect]) -> Finding | None:
    alone = suspect.alone.explained
    told = _in_numbers(evidence, suspect, ranked)
    if suspect.is_target and alone >= STRONG_IF_NAMED:
        return _finding(suspect, f"is the target: {suspect.is_target}", told, blocks=True)
    if suspect.later and suspect.later.is_later:
        return _by_time(suspect, told)
    if alone >= (STRONG_IF_NAMED if suspect.named else STRONG) and ranked.index(suspect) < N_COMPARED:
        rest = _without(evidence, suspect, ranked)
        told += f", all other columns together {_metric(evidence, rest)}"
        if _stands_out(evidence, suspect, rest):
            return _finding(suspect, "predicts the target too well alone", told, blocks=True)
    if alone >= NEARLY_ALL:
        what = "predicts the target nearly perfectly; so do others, or rows are too few to tell a leak"
        return _finding(suspect, what, told, blocks=False)
    others = max((other.alone.explained for other in ranked if other is not suspect), default=0.0)
    if suspect.named and alone >= max(NOTEWORTHY_IF_NAMED, 2 * others):
        return _finding(suspect, "sounds as if it was recorded after the outcome", told, blocks=False)
    return None


def _by_time(suspect: Suspect, told: str) -> Finding:
    later = suspect.later
    assert later is not None  # nosec B101 # noqa: S101 - only called with times
    evidence = (
        f"{later.share:.1%} of {later.n_rows:,} values lie after the row's time, half by more than {later.median}"
    )
    recorded = later.varies and (later.to_the_second or suspect.named or suspect.alone.explained >= STRONG_IF_NAMED)
    return _finding(suspect, "is recorded after the row's time", f"{evidence}; {told}", blocks=recorded)


def _finding(suspect: Suspect, what: str, evidence: str, *, blocks: bool) -> Finding:
    return Finding("leaks", suspect.name, what, evidence, blocks and not sounds_earlier(suspect.name))


def _without(evidence: Evidence, suspect: Suspect, ranked: list[Suspect]) -> Skill:
    near = {other.name for other in ranked if other.alone.explained >= NEARLY_ALL or other.is_target} | {suspect.name}
    strongest = [other.name for other in ranked]
    names = [*strongest, *(name for name in (*evidence.numbers, *evidence.codes) if name not in strongest)]
    return skill_together(evidence, [name for name in names if name not in near])


def _stands_out(evidence: Evidence, suspect: Suspect, rest: Skill) -> bool:
    if len(evidence.numbers) + len(evidence.codes) < 2:
        return False
    times = TIMES_LESS_IF_NAMED if suspect.named else TIMES_LESS_UNEXPLAINED
    less = (1 - rest.explained) >= times * (1 - suspect.alone.explained)
    return less and certainty(suspect.alone, rest, evidence.problem) >= CERTAIN[evidence.problem]


def _in_numbers(evidence: Evidence, suspect: Suspect, ranked: list[Suspect]) -> str:
    rows = f"{len(evidence.scored):,} " + ("validation rows" if len(evidence.folds) == 1 else "rows in turns")
    best = next((other for other in ranked if other is not suspect), None)
    next_best = f", next best {best.alone.metric:.3g} ('{best.name}')" if best else ""
    explained = f"explains {max(suspect.alone.explained, 0):.1%} of the target"
    return f"{_metric(evidence, suspect.alone)} alone{next_best}, {explained}, {rows}"


def _metric(evidence: Evidence, skill: Skill) -> str:
    if np.isnan(skill.metric):
        return f"explained share {skill.explained:.4f}"
    return f"{'R2' if evidence.problem == 'regression' else 'ROC AUC'} {skill.metric:.4f}"


def _as_target(evidence: Evidence, name: str) -> str | None:
    if evidence.problem == "regression":
        return None
    values = evidence.numbers[name] if name in evidence.numbers else evidence.codes[name].astype(float)
    classes, counts = np.unique(evidence.y, return_counts=True)
    # What copies classes has no gap, and no value far from the numbers that count them.
    if counts.min() < 2 or not bool((np.abs(values) < FARTHEST).all()):
        return None
    pairs = len(np.unique(np.column_stack([values, evidence.y]), axis=0))
    distinct = len(np.unique(values))
    if distinct == pairs == len(classes):
        return "one value for each class"
    return _noisy_copy(evidence, values) if name in evidence.numbers and distinct > len(classes) else None


def _noisy_copy(evidence: Evidence, values: Floats) -> str | None:
    rows = [values[evidence.y == code] for code in np.unique(evidence.y)]
    means = np.array([each.mean() for each in rows])
    errors = np.array([each.std() / np.sqrt(len(each)) for each in rows])
    if errors.max() > WIDEST_ERROR or len(rows) != len(evidence.class_numbers):
        return None
    # Of two classes either may be the one: positive and negative are only names.
    for numbers in (evidence.class_numbers, evidence.class_numbers[::-1])[: 2 if len(rows) == 2 else 1]:
        if (np.abs(means - numbers) <= np.maximum(WIDEST_BIAS, 3 * errors)).all():
            return f"its mean within each class is {', '.join(f'{mean:.2f}' for mean in means[:5])}"
    return None

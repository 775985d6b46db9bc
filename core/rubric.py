"""The ML Test Score (Breck, Cai, Nielsen, Salib, Sculley: What's your ML test score?, IEEE Big Data 2017).

28 tests in four sections. A test that runs by itself is worth 1, one that a person does and writes down 0.5; the score
is the smallest sum of a section. What everfit can see it judges; what it cannot see, a person attests.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from core.moves import Move
from core.records import Version
from core.spec import TrainingSpec

SECTIONS = ("Data", "Model", "Infrastructure", "Monitoring")
AUTOMATED, BY_HAND = 1.0, 0.5


@dataclass(frozen=True, slots=True)
class Seen:
    """All that tests are judged by.

    Attributes:
        spec: The YAML as it is now.
        weak: Slices of the gate that are clearly worse than the whole, None where none is declared or known.
        training: Journal entry of this version's training, if it is there.
        trainings: Of every training of the model, newest first.
        checks: Of this version as champion, newest first.
        releases: Releases of this version, newest first.
        rollbacks: Of the model, newest first.
        moves: Of the model's champion, oldest first.
        committed: Whether the YAML is checked in as it is; None outside a git checkout.
        listened: Events that somebody is told of.
    """

    version: Version
    spec: TrainingSpec
    weak: tuple[str, ...] | None
    training: Mapping[str, Any] | None
    trainings: Sequence[Mapping[str, Any]]
    checks: Sequence[Mapping[str, Any]]
    releases: Sequence[Mapping[str, Any]]
    rollbacks: Sequence[Mapping[str, Any]]
    moves: Sequence[Move]
    committed: bool | None
    listened: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What a test found.

    Attributes:
        passed: None where there is nothing to judge by yet: then a person's word counts.
        told: In a sentence, with numbers.
        evidence: Where it can be looked up: a journal entry, a file of the version, a line of the YAML.
    """

    passed: bool | None
    told: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Test:
    """One of the 28; without a judge only a person can tell."""

    __test__ = False

    key: str
    title: str
    todo: str
    judge: Callable[[Seen], Found] | None = None

    @property
    def section(self) -> str:
        """Which of the four it belongs to."""
        return {"D": "Data", "M": "Model", "I": "Infrastructure", "W": "Monitoring"}[self.key[0]]


@dataclass(frozen=True, slots=True)
class Scored:
    """A test with its points, and what a person must still do."""

    key: str
    section: str
    title: str
    points: float
    how: str
    told: str
    evidence: str
    todo: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """All tests of a version; `score` is the smallest sum of a section."""

    tests: tuple[Scored, ...]
    sections: Mapping[str, float]
    score: float


def measured_later(seen: Seen) -> list[Mapping[str, Any]]:
    """Checks of windows that end after the training's rows and whose labels have arrived, newest first."""
    return [each for each in later(seen) if (each.get("performance") or {}).get("realized")]


def later(seen: Seen) -> list[Mapping[str, Any]]:
    """Checks of windows that end after the training's rows: on its own test rows any model is what it was."""
    until = seen.version.record.data_until
    return [each for each in seen.checks if until is None or str(each["window"]["end"] or "9") > until]


def sheet_of(tests: Sequence[Test], seen: Seen, attested: Mapping[str, Mapping[str, Any]]) -> Sheet:
    """Score a version.

    Args:
        tests: The rubric.
        seen: What is known.
        attested: What persons have attested, by the key of the test.
    """
    scored = tuple(_score(test, seen, attested.get(test.key)) for test in tests)
    sums = {name: sum(each.points for each in scored if each.section == name) for name in SECTIONS}
    return Sheet(scored, MappingProxyType(sums), min(sums.values()))


def _score(test: Test, seen: Seen, word: Mapping[str, Any] | None) -> Scored:
    found = test.judge(seen) if test.judge else Found(None, "no record of everfit can tell")

    def scored(points: float, how: str, told: str, evidence: str) -> Scored:
        todo = "" if points == AUTOMATED or how == "attested" else test.todo
        return Scored(test.key, test.section, test.title, points, how, told, evidence, todo)

    if found.passed:
        return scored(AUTOMATED, "automated", found.told, found.evidence)
    # What is seen to fail fails: nobody's word makes it pass.
    if found.passed is False:
        return scored(0.0, "fails", found.told, found.evidence)
    if word:
        return scored(BY_HAND, "attested", f"{word['by']} on {word['at'][:10]}: {word['why']}", str(word["evidence"]))
    return scored(0.0, "not shown", found.told, found.evidence)

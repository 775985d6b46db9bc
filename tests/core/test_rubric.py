"""The ML Test Score: each test that everfit judges can pass and can fail, and nobody's word beats what is seen."""

from dataclasses import replace
from typing import Any

import pytest

from core.moves import Move
from core.rubric import SECTIONS, Seen, sheet_of
from core.rubric_data import DATA, MODEL
from core.rubric_running import INFRASTRUCTURE, MONITORING
from core.spec import TrainingSpec
from tests.core.test_card import RECORD, REPORT, story

TESTS = (*DATA, *MODEL, *INFRASTRUCTURE, *MONITORING)
SPEC = TrainingSpec.model_validate(
    {
        "name": "toy",
        "problem": "binary",
        "target": {"column": "bought"},
        "data": {"source": "lake://toy"},
        "contract": {"columns": {"age": {"type": "float"}, "place": {"type": "category"}}},
        "gate": {"minimum": {"roc_auc": 0.7}, "slices": {"columns": ["place"]}},
        "monitor": {"max_age": "60d"},
    }
)
WORD = {"by": "ada", "at": "2026-04-01T00:00:00", "why": "looked at all of it", "evidence": "https://wiki/1"}


def check(end: str, **more: Any) -> dict[str, Any]:
    window = {"end": end, "digest": end}
    realized = {"loss": 0.42}
    told = {
        "id": f"c-{end}",
        "window": window,
        "severity": "none",
        "reason": "fine",
        "findings": [{}],
        "matters": False,
    }
    return told | {"drifted_share": 0.1, "performance": {"realized": realized}} | more


def training(digest: str = "m", cached: bool = False) -> dict[str, Any]:
    stages = [{"name": "fit", "seconds": 1.0, "cached": cached}]
    same = {"data_digest": "d", "spec_digest": "s", "model_digest": digest}
    return same | {"id": "t-1", "stages": stages, "trials": 20, "metrics": {"difference": None}}


def change(kind: str = "release", failed: str = "", **more: Any) -> dict[str, Any]:
    names = (
        "shadow-scores the newest rows", "scores golden rows as at training", "unseen categories", "nothing known",
        "predictions differ", "latency", "memory",
    )  # fmt: skip
    checks = [{"name": name, "passed": name != failed, "detail": "x"} for name in names]
    return {"id": kind, "at": "2026-04-02T00:00:00", "reason": "r", "move": 1, "checks": checks} | more


MOVES = (
    Move(1, "toy", "release", None, 1, "r", None, None, None, "2026-01-01"),
    Move(2, "toy", "release", 1, 3, "r", None, None, None, "2026-04-02"),
)
GOOD = Seen(
    version=replace(story().version, record=replace(RECORD, spec_digest=SPEC.digest)),
    spec=SPEC,
    weak=(),
    training=training(),
    trainings=(training(), training()),
    checks=(check("2026-05-03"), check("2026-05-02"), check("2026-05-01")),
    releases=(change(),),
    rollbacks=(change("rollback"),),
    moves=MOVES,
    committed=True,
    listened=("data.rejected", "drift.detected"),
)


def part(**changes: Any) -> TrainingSpec:
    return TrainingSpec.model_validate(SPEC.model_dump(mode="json") | changes)


def recorded(**changes: Any) -> Seen:
    return replace(GOOD, version=replace(GOOD.version, record=replace(GOOD.version.record, **changes)))


BAD: dict[str, Seen] = {
    "D1": replace(GOOD, spec=part(contract={"columns": {"age": {"type": "float"}}})),
    "D2": recorded(report=replace(REPORT, importance={"age": 1.0, "place": 0.0})),
    "M1": replace(GOOD, committed=False),
    "M2": replace(GOOD, checks=(check("2026-05-01", performance={"realized": {"loss": 0.9}}),)),
    "M3": replace(GOOD, training=training() | {"trials": 2}),
    "M5": recorded(report=replace(REPORT, metrics={"roc_auc": 0.79})),
    "M6": replace(GOOD, weak=("place = north",)),
    "I1": replace(GOOD, trainings=(training("m"), training("another"))),
    "I4": replace(GOOD, spec=part(gate={"minimum": {}})),
    "I6": replace(GOOD, releases=(change(failed="shadow-scores the newest rows"),)),
    "W1": replace(GOOD, listened=("data.rejected",)),
    "W2": replace(GOOD, checks=(check("2026-05-01", severity="broken_data"),)),
    "W3": replace(GOOD, checks=(check("2026-05-01", matters=True),)),
    "W4": replace(GOOD, checks=(check("2026-09-01"),)),
    "W5": replace(GOOD, releases=(change(failed="nothing known"),)),
    "W6": replace(GOOD, releases=(change(failed="latency"),)),
    "W7": replace(GOOD, checks=(check("2026-05-01", severity="decay"),)),
}
# Nothing has been done with it yet, and nobody can tell.
NEW = replace(
    GOOD, weak=None, training=None, trainings=(), checks=(), releases=(), rollbacks=(), moves=(), committed=None
)
UNKNOWN = ("M1", "M2", "M3", "M4", "M6", "I1", "I3", "I6", "I7", "W2", "W3", "W4", "W5", "W6", "W7")
# Git does not tell who reviewed, nor a route whether it reaches anybody.
NEVER_ALONE = ("M1", "W1")


def points(seen: Seen, attested: dict[str, dict[str, str]] | None = None) -> dict[str, float]:
    return {each.key: each.points for each in sheet_of(TESTS, seen, attested or {}).tests}


def test_there_are_seven_tests_in_each_of_the_four_sections():
    assert [sum(test.section == name for test in TESTS) for name in SECTIONS] == [7, 7, 7, 7]
    assert len({test.key for test in TESTS}) == 28


@pytest.mark.parametrize("key", [test.key for test in TESTS if test.judge and test.key not in NEVER_ALONE])
def test_what_is_seen_to_be_done_counts_whole(key: str):
    assert points(GOOD)[key] == 1.0


@pytest.mark.parametrize("key", sorted(BAD))
def test_what_is_seen_to_fail_fails_whatever_anybody_says(key: str):
    (found,) = [each for each in sheet_of(TESTS, BAD[key], {key: WORD}).tests if each.key == key]
    assert (found.points, found.how) == (0.0, "fails")
    assert found.todo


@pytest.mark.parametrize("key", UNKNOWN)
def test_what_cannot_be_seen_counts_half_by_somebodys_word_and_nothing_without(key: str):
    assert (points(NEW)[key], points(NEW, {key: WORD})[key]) == (0.0, 0.5)


@pytest.mark.parametrize("key", [test.key for test in TESTS if not test.judge])
def test_what_only_a_person_can_do_says_what_to_do(key: str):
    (found,) = [each for each in sheet_of(TESTS, GOOD, {}).tests if each.key == key]
    assert (found.points, found.how, bool(found.todo)) == (0.0, "not shown", True)
    assert points(GOOD, {key: WORD})[key] == 0.5


def test_every_judged_test_has_a_world_in_which_it_does_not_pass():
    judged = {test.key for test in TESTS if test.judge}
    # Code of the user is what the last one asks about.
    assert judged - set(BAD) - set(UNKNOWN) == {"D7"}


def test_score_is_the_smallest_section():
    sheet = sheet_of(TESTS, GOOD, {})
    assert sheet.score == min(sheet.sections.values()) == sheet.sections["Data"]
    everything = sheet_of(TESTS, GOOD, {test.key: WORD for test in TESTS})
    assert everything.sections["Data"] == 3 + 4 * 0.5


def test_window_of_the_training_itself_tells_nothing_of_what_came_later():
    early = replace(GOOD, checks=(check("2026-03-01"), check("2026-03-02"), check("2026-03-03")))
    assert [points(early)[key] for key in ("M2", "M4", "W3", "W7")] == [0.0] * 4


def test_training_that_came_from_the_cache_proves_no_repeat():
    assert points(replace(GOOD, trainings=(training(), training(cached=True))))["I1"] == 0.0


def test_shadow_that_was_switched_off_is_no_canary():
    off = change()
    off["checks"][0]["detail"] = "switched off by release.shadow_rows: 0"
    assert points(replace(GOOD, releases=(off,)))["I6"] == 0.0

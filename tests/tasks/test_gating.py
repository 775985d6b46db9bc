"""The gate on predictions of a table: what simpler models say, with and without a champion."""

from typing import Any

import numpy as np
import pytest

from adapters.storage import write_array, write_frame
from core.metrics import score_all
from core.performance import scorecard
from core.records import Report, Simpler
from core.spec_reading import parse_spec
from core.target import TargetCoding
from tasks.gating import gate
from tests.conftest import TOY, Project, toy_table

SPEC = parse_spec(TOY, "toy.yaml").for_problem("binary")
CODING = TargetCoding("binary", (False, True))
TABLE = toy_table(1500)
Y = TABLE["bought"].to_numpy(float)


def score(noise: float, seed: int = 0) -> np.ndarray:
    """Probabilities of the toy table that mean what they say when there is no noise."""
    random = np.random.default_rng(seed)
    told = (TABLE["age"] - 40) / 6 + 2 * (TABLE["plan"] == "pro") - 0.5 + noise * random.normal(size=len(TABLE))
    return (1 / (1 + np.exp(-told))).to_numpy()


def report(challenger: np.ndarray, linear: np.ndarray | None, **more: Any) -> Report:
    simpler = {"dummy": np.full(len(Y), Y.mean())} | ({} if linear is None else {"linear": linear})
    return Report(
        score_all("binary", Y, challenger),
        {},
        scorecard("binary", Y, challenger),
        {},
        write_array(challenger),
        "d1",
        simpler={name: Simpler(write_array(each)) for name, each in simpler.items()},
        **more,
    )


def verdict(found: Report, spec: Any = SPEC) -> tuple[str, str]:
    told = gate.fn(found, write_frame(TABLE), CODING, spec, None)
    return told.verdict, told.reason


def test_first_model_tells_its_gain_over_both_simpler_ones(project: Project) -> None:
    told, reason = verdict(report(score(0.0), score(3.0)))
    assert told == "promote"
    assert "over a constant prediction +0." in reason
    assert "over a linear model +0." in reason


TREES = SPEC.model_copy(update={"search": SPEC.search.model_copy(update={"families": ("random_forest",)})})


def test_first_model_that_loses_to_a_linear_one_is_refused(project: Project) -> None:
    told, reason = verdict(report(score(3.0), score(0.0)))
    assert told == "keep"
    assert "a linear model of the same rows is better: -0." in reason


def test_linear_model_is_not_held_against_another_linear_one(project: Project) -> None:
    assert verdict(report(score(3.0), None))[0] == "promote"


def test_model_that_equals_a_linear_one_is_a_persons_choice_unless_the_search_has_tried_both(project: Project) -> None:
    found = report(score(1.0), score(1.0))
    assert [verdict(found, spec)[0] for spec in (TREES, SPEC)] == ["undecided", "promote"]
    assert "is as good there, and was worse on validation rows: +0.0000" in verdict(found)[1]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"gate": {"calibration": {"max_error": 0.01}}}, "calibration error 0."),
        ({"gate": {"minimum": {"roc_auc": 0.99}}}, "the gate's minimum is 0.99"),
    ],
    ids=["too far off", "too bad"],
)
def test_model_that_misses_a_limit_of_its_own_is_refused(project: Project, changed: dict[str, Any], words: str) -> None:
    spec = type(SPEC).model_validate(SPEC.model_dump() | changed)
    told, reason = verdict(report(np.clip(score(0.0) * 0.8, 0, 1), score(3.0)), spec)
    assert told == "keep"
    assert words in reason


def test_slow_model_is_registered_and_told_that_its_release_asks_for_more(project: Project) -> None:
    told, reason = verdict(report(score(0.0), score(3.0), row_ms=1001.0))
    assert told == "promote"
    assert "but half of single rows take more than 1001.0 ms to predict, release.max_latency_ms is 1000" in reason

from typing import Any

import numpy as np
import pytest

from core.acceptance import Limits, judge, same_inputs

EXPECTED = np.array([[0.2], [0.9]])
BOTH = [[0.8, 0.2], [0.1, 0.9]]


def answer(**changes: Any) -> dict[str, Any]:
    """What the clean process says of a good binary model, with changes."""
    names = ("one row alone", "columns in another order", "unseen categories", "nothing known")
    probes = {name: {"prediction": BOTH} for name in names}
    told = {"prediction": BOTH, "probes": probes | changes.pop("probes", {}), "latency_ms": 4.0, "memory_mb": 300.0}
    return told | changes


def failed(told: dict[str, Any], limits: Limits = Limits()) -> set[str]:  # noqa: B008 - frozen
    return {check.name for check in judge(told, EXPECTED, limits) if not check.passed}


def test_good_model_passes_every_check():
    assert failed(answer(), Limits(50, 2000)) == set()


@pytest.mark.parametrize(
    ("changes", "limits", "named"),
    [
        ({"prediction": [[0.8, 0.2], [0.1, 0.9 + 1e-6]]}, Limits(), "scores golden rows as at training"),
        ({"prediction": [[0.8, 0.2], [0.1, float("nan")]]}, Limits(), "scores golden rows as at training"),
        ({"prediction": [[0.8, 0.2]] * 2}, Limits(), "predictions differ"),
        ({"probes": {"one row alone": {"prediction": [[0.8, 0.2 + 1e-6]]}}}, Limits(), "one row alone"),
        ({"probes": {"columns in another order": {"prediction": BOTH[::-1]}}}, Limits(), "columns in another order"),
        ({"probes": {"unseen categories": {"error": "ValueError: unknown"}}}, Limits(), "unseen categories"),
        ({"probes": {"nothing known": {"prediction": [[float("inf")] * 2]}}}, Limits(), "nothing known"),
        ({"latency_ms": 51.0}, Limits(latency_ms=50), "latency"),
        ({"memory_mb": 2001.0}, Limits(memory_mb=2000), "memory"),
    ],
)  # fmt: skip
def test_each_fault_fails_its_check(changes, limits, named):
    assert named in failed(answer(**changes), limits)


def test_model_that_does_not_load_fails_with_its_error():
    (only,) = judge({"error": "untrusted type os.system"}, EXPECTED, Limits())
    assert (only.passed, only.detail) == (False, "untrusted type os.system")


def test_signature_with_other_columns_is_told():
    assert same_inputs(["age", "plan"], ["plan", "age"]).passed
    told = same_inputs(["age", "city"], ["age", "plan"])
    assert (told.passed, told.detail) == (False, "differs in city, plan")

"""What a packaged model must do in a clean process before it may serve, judged from what that process answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.metrics import Floats

TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One condition of a release."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What a model may take: milliseconds a row (95th percentile) and megabytes; None is no limit."""

    latency_ms: float | None = None
    memory_mb: float | None = None


def judge(answer: Mapping[str, Any], expected: Floats, limits: Limits) -> list[CheckResult]:
    """Every condition, with its numbers.

    Args:
        answer: Of the clean process: `prediction` of the golden rows, shape (n, n_outputs) or (n,), `probes`,
            `latency_ms`, `memory_mb`; or `error`.
        expected: What the model predicted for them at training, shape (n, n_outputs); of a binary problem the positive
            class alone.
        limits: On time and memory.
    """
    if "error" in answer:
        return [CheckResult("loads in a clean process", False, answer["error"])]
    scored = np.asarray(answer["prediction"], dtype=float)
    away = _apart(_positive(scored, expected), expected)
    return [
        CheckResult("loads in a clean process", True, "skops, trusted types only"),
        CheckResult("scores golden rows as at training", away <= TOLERANCE, f"largest difference {away:.1e}"),
        _varied(scored),
        *(_same(name, answer["probes"][name], scored) for name in ("one row alone", "columns in another order")),
        *(_finite(name, answer["probes"][name]) for name in ("unseen categories", "nothing known")),
        _within("latency", answer["latency_ms"], limits.latency_ms, "p95 of one row {:.1f} ms"),
        _within("memory", answer["memory_mb"], limits.memory_mb, "{:.0f} MB with the model loaded"),
    ]


def same_inputs(signature: Sequence[str], features: Sequence[str]) -> CheckResult:
    """Whether the registry tells a caller to send the columns that the model reads."""
    wrong = [name for name in signature if name not in features] + [name for name in features if name not in signature]
    told = f"differs in {', '.join(wrong[:5])}" if wrong else f"{len(features)} columns"
    return CheckResult("signature names the features", not wrong, told)


def _positive(scored: Floats, expected: Floats) -> Floats:
    both = scored.ndim == 2 and scored.shape[1] == 2 and expected.shape[1] == 1
    return (scored[:, 1] if both else scored).reshape(expected.shape)


def _apart(one: Floats, other: Floats) -> float:
    # NaN is no number and so not near any: it must not slip through a comparison.
    return float(np.nan_to_num(np.abs(one - other), nan=np.inf).max(initial=0.0))


def _varied(scored: Floats) -> CheckResult:
    spread = float(np.ptp(scored, axis=0).max()) if len(scored) > 1 else np.inf
    return CheckResult("predictions differ", spread > 0, f"by up to {spread:.3g} over {len(scored)} golden rows")


def _same(name: str, probe: Mapping[str, Any], scored: Floats) -> CheckResult:
    if "error" in probe:
        return CheckResult(name, False, probe["error"])
    found = np.asarray(probe["prediction"], dtype=float)
    away = _apart(found, scored[: len(found)])
    return CheckResult(name, away <= TOLERANCE, f"largest difference {away:.1e} over {len(found)} rows")


def _finite(name: str, probe: Mapping[str, Any]) -> CheckResult:
    if "error" in probe:
        return CheckResult(name, False, probe["error"])
    found = np.asarray(probe["prediction"], dtype=float)
    n_wrong = int((~np.isfinite(found)).sum())
    return CheckResult(name, not n_wrong, f"{n_wrong} of {found.size} predictions are no numbers")


def _within(name: str, value: float, limit: float | None, told: str) -> CheckResult:
    bound = "no limit" if limit is None else f"at most {limit:g}"
    return CheckResult(name, limit is None or value <= limit, f"{told.format(value)}, {bound}")

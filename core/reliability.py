"""Calibration error: how far predictions are from what came true, where they are alike.

Rows are put into bins of equal size by their prediction; the error of a bin is the distance of its mean prediction from
its mean target. The root of the mean square over bins would find an error in any finite sample, so what chance alone
makes of it is taken off: Kumar, Liang, Ma, Verified Uncertainty Calibration (2019), section 4.
"""

import numpy as np

from core.bootstrap import Difference, Paired, drawn_again
from core.gate_spec import CalibrationSpec
from core.metrics import Floats, Scorer

N_BINS = 10
FEWEST_ROWS = 200


def calibration_scorer(y: Floats, prediction: Floats) -> Scorer:
    """Calibration error as a function of row weights: of probabilities 0 to 1, of numbers in spreads of the target.

    Args:
        y: Targets in the form of `core.metrics`, shape (n,).
        prediction: In its form too; all classes of a row count, each by its probability.
    """
    n_classes = prediction.shape[1] if prediction.ndim == 2 else 1
    happened = (y[:, None] == np.arange(n_classes)).astype(float).ravel() if n_classes > 1 else y
    told = prediction.ravel()
    # Classes do not spread as numbers do: their error is told in probability as it is.
    is_number = prediction.ndim == 1 and not np.isin(y, (0.0, 1.0)).all()
    unit = float(y.std()) or 1.0 if is_number else 1.0
    order = np.argsort(told, kind="stable")
    bins = np.empty(len(told), dtype=np.int64)
    bins[order] = np.arange(len(told)) * N_BINS // len(told)
    away = told - happened

    def weighted(weights: Floats) -> float:
        each = np.repeat(weights, n_classes)
        size = np.bincount(bins, each, N_BINS)
        total, square = np.bincount(bins, each * away, N_BINS), np.bincount(bins, each * away * away, N_BINS)
        known = size > 1
        mean = total[known] / size[known]
        chance = (square[known] / size[known] - mean**2) / (size[known] - 1)
        return float(np.sqrt(max(np.average(mean**2 - chance, weights=size[known]), 0.0)) / unit)

    return weighted


def worse_calibrated(rows: Paired, spec: CalibrationSpec, confidence: float, seed: int) -> str | None:
    """Why the challenger's numbers would be believed less, or None.

    Args:
        rows: Targets and both predictions.
        spec: Largest rise of the error.
        confidence: Coverage of the interval of the rise.
        seed: Seed of the resampling.
    """
    if len(rows.y) < FEWEST_ROWS:
        return None
    challenger, champion = (calibration_scorer(rows.y, each) for each in (rows.challenger, rows.champion))
    rise: Difference = drawn_again(lambda weights: challenger(weights) - champion(weights), rows, confidence, seed)
    if rise.value <= spec.max_rise or rise.low <= 0:
        return None
    each = np.ones(len(rows.y))
    return (
        f"calibration error {champion(each):.4f} -> {challenger(each):.4f}, a rise of {rise.value:.4f} "
        f"[{rise.low:.4f}, {rise.high:.4f}] on {len(rows.y)} rows, at most {spec.max_rise:g} is allowed"
    )


def too_far_off(y: Floats, prediction: Floats, spec: CalibrationSpec) -> str | None:
    """Why nobody should believe the numbers on their own, or None."""
    if spec.max_error is None:
        return None
    error = calibration_scorer(y, prediction)(np.ones(len(y)))
    told = f"calibration error {error:.4f} on the test rows, at most {spec.max_error:g} is allowed"
    return told if error > spec.max_error else None

"""What a model's loss is likely to be on rows without labels, by what it was on rows with the same predictions."""

from dataclasses import dataclass

import numpy as np

from core.bins import NumberCells, number_cells
from core.metrics import Floats, row_loss
from core.performance import estimated_metrics
from core.sketch import sketch_of
from core.survey import survey_numbers
from core.threshold import HALF

# A classifier that is wrong about its own probabilities by more than this cannot estimate itself.
CALIBRATED = 0.05
FEWEST_IN_CELL = 30


@dataclass(frozen=True, slots=True)
class ErrorModel:
    """The holdout's loss by prediction.

    Attributes:
        cells: Of the predicted number, or of the probability of the predicted class.
        losses: Mean loss in each cell, shape (n_cells,); that of all rows where a cell held few.
        loss: Mean loss of the holdout.
        calibration_error: Mean distance of predicted from realized rates over the cells; 0 for numbers.
    """

    cells: NumberCells
    losses: tuple[float, ...]
    loss: float
    calibration_error: float


def error_model(problem: str, y: Floats, prediction: Floats) -> ErrorModel:
    """Learn it from rows that the model did not see."""
    axis, truth = _axis(problem, prediction), _truth(problem, y, prediction)
    cells = number_cells(survey_numbers(axis))
    places = cells.place(axis)
    counts = sketch_of(cells, places, None).counts
    sums = [np.bincount(places, values, cells.n_cells) for values in (row_loss(problem, y, prediction), truth, axis)]
    loss = float(sums[0].sum() / len(y))
    means = np.where(counts >= FEWEST_IN_CELL, sums[0] / np.maximum(counts, 1), loss)
    # Twenty neighbours are judged together: single cells differ from their rate by chance alone.
    wide = np.minimum(np.cumsum(counts) * 20 // max(len(y), 1), 19)
    gaps = [np.bincount(wide, sums[1] - sums[2])]
    error = 0.0 if problem == "regression" else float(np.abs(gaps[0]).sum() / len(y))
    return ErrorModel(cells, tuple(map(float, means)), loss, error)


def estimate(problem: str, prediction: Floats, model: ErrorModel | None, threshold: float = HALF) -> dict[str, float]:
    """Expected metrics of unlabelled rows.

    Right where only the inputs have moved, misleading where the world has changed what follows from them: a hint,
    never the only reason to retrain.

    Returns:
        `loss` by the holdout's losses, beside it what a calibrated classifier expects of itself, and how far from
        calibrated it was; for numbers `rmse`.
    """
    if model is None:
        return estimated_metrics(problem, prediction, threshold)
    loss = float(np.asarray(model.losses)[model.cells.place(_axis(problem, prediction))].mean())
    if problem == "regression":
        return {"rmse": float(np.sqrt(loss)), "loss": loss}
    told = estimated_metrics(problem, prediction, threshold) if model.calibration_error <= CALIBRATED else {}
    return told | {"loss": loss, "calibration_error": model.calibration_error}


def _axis(problem: str, prediction: Floats) -> Floats:
    return prediction.max(axis=1) if problem == "multiclass" else prediction


def _truth(problem: str, y: Floats, prediction: Floats) -> Floats:
    return (prediction.argmax(axis=1) == y).astype(np.float64) if problem == "multiclass" else y

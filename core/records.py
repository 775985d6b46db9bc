"""What is known of a model: how it was made and how good it is; it stays with every registered version."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from core.features import FeatureColumns
from core.fitting import Candidate, predict
from core.lineage import Feature
from core.metrics import Floats
from core.performance import Scorecard
from core.preparation import AS_IT_IS, Preparation, Step, WithStep, feature_rows
from core.refs import DatasetRef
from core.splitting import SeenRows
from core.target import TargetCoding
from core.threshold import HALF

# Columns of the golden rows that hold what the model predicted at training.
EXPECTED = "expected_"


@dataclass(frozen=True, slots=True)
class ClassShare:
    """How often a class occurs, in all parts together and in each."""

    name: Any
    share: float
    n_train: int
    n_validation: int
    n_test: int


@dataclass(frozen=True, slots=True)
class Simpler:
    """A simpler model of the same training rows: its predictions of the test rows, and by what it decides."""

    predictions: str
    threshold: float = HALF


@dataclass(frozen=True, slots=True)
class Report:
    """The evaluation of a fitted model on rows that it never saw.

    Attributes:
        metrics: On the test rows.
        baselines: The same for a constant and a linear model, by name.
        holdout: Loss and calibration on the test rows, what later performance is compared with.
        importance: Each feature's share of the model's importance, 0 to 1 (permutation on validation rows).
        predictions: Address of the predictions of the test rows.
        digest: SHA-256 of those predictions and of the user's step: the same model, the same digest.
        threshold: Above which probability of the positive class a row counts as positive.
        weighted: Whether the model was fitted with balanced classes.
        log: Whether it learned the logarithm of the target.
        classes: How often each class occurs.
        features: What became of each raw column, the most important first.
        simpler: Models that are simpler than this one, by name: a constant, and a linear one where this one is none.
        shapley: How much each feature moves a prediction on average, in units of the prediction, the largest first.
        row_ms: Median time of one core to predict a single row, in milliseconds; None where it was not measured.
    """

    metrics: dict[str, float]
    baselines: dict[str, dict[str, float]]
    holdout: Scorecard
    importance: dict[str, float]
    predictions: str
    digest: str
    threshold: float = HALF
    weighted: bool = False
    log: bool = False
    classes: tuple[ClassShare, ...] = ()
    features: tuple[Feature, ...] = ()
    simpler: dict[str, Simpler] = field(default_factory=dict)
    row_ms: float | None = None
    shapley: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """Everything about a version that checks, gates and people ask for.

    Attributes:
        profile: Where its reference is stored.
        members: Candidates whose mean it predicts; the first is the best alone.
        calibration: How its probabilities were put right; empty: not at all.
    """

    model: str
    coding: TargetCoding
    columns: FeatureColumns
    best: Candidate
    report: Report
    seen: SeenRows
    data: DatasetRef
    data_until: str | None
    reference: DatasetRef
    golden: DatasetRef
    spec: dict[str, Any]
    spec_digest: str
    verdict: str
    reason: str
    cause: str | None
    flow_run: str | None
    git_commit: str | None
    environment: dict[str, str]
    preparation: Preparation = AS_IT_IS
    profile: str | None = None
    members: tuple[Candidate, ...] = ()
    calibration: str = ""

    @property
    def identity(self) -> str:
        """What makes two versions the same."""
        return identity(self.report.digest, self.data.sha256, self.spec_digest, self.verdict)

    def predict(self, pipeline: Any, frame: pd.DataFrame) -> Floats:
        """Predictions for raw rows, in the form of `core.metrics`."""
        pipeline, step = (pipeline.pipeline, pipeline.step) if isinstance(pipeline, WithStep) else (pipeline, None)
        return predict(pipeline, self.feature_rows(frame, step), self.coding.problem)

    def feature_rows(self, frame: pd.DataFrame, step: Step | None) -> pd.DataFrame:
        """Raw rows as the packed pipeline reads them."""
        return feature_rows(frame, self.columns, self.preparation, step)

    def expects(self, frame: pd.DataFrame) -> list[str]:
        """Columns that a frame lacks."""
        made, lags = self.preparation.made, self.preparation.lags
        read = lags.reads if lags and not set(lags.made) <= set(frame.columns) else ()
        needed = (*(name for name in self.columns.names if name not in made), *read)
        return [name for name in needed if name not in frame.columns]

    def lacks_past(self, frame: pd.DataFrame) -> bool:
        """Whether lags would be computed from these rows alone."""
        return self.preparation.lags is not None and not set(self.preparation.lags.made) <= set(frame.columns)


@dataclass(frozen=True, slots=True)
class Version:
    """A registered version and its record; `file_digest` is the SHA-256 of its model file."""

    number: int
    run_id: str
    location: str
    record: ModelRecord
    file_digest: str


def identity(model_digest: str, data_digest: str, spec_digest: str, verdict: str) -> str:
    """Digest of what makes two versions the same: predictions, data, spec and verdict."""
    return hashlib.sha256("|".join((model_digest, data_digest, spec_digest, verdict)).encode()).hexdigest()


def class_shares(coding: TargetCoding, parts: tuple[Floats, Floats, Floats]) -> tuple[ClassShare, ...]:
    """How often each class occurs in train, validation and test targets; empty for numbers."""
    if coding.problem == "regression":
        return ()
    counts = [[int((y == code).sum()) for y in parts] for code in range(len(coding.classes))]
    n_rows = sum(map(sum, counts))
    return tuple(ClassShare(name, sum(each) / n_rows, *each) for name, each in zip(coding.classes, counts, strict=True))


def prediction_columns(coding: TargetCoding, prediction: Floats, threshold: float = HALF) -> pd.DataFrame:
    """Predictions as people read them: `prediction`, and for classes their probability."""
    if coding.problem == "regression":
        return pd.DataFrame({"prediction": prediction})
    if coding.problem == "binary":
        chosen = np.asarray(coding.classes, dtype=object)[(prediction > threshold).astype(int)]
        return pd.DataFrame({"prediction": chosen, "probability": prediction})
    named = {f"probability_{name}": prediction[:, code] for code, name in enumerate(coding.classes)}
    chosen = np.asarray(coding.classes, dtype=object)[prediction.argmax(axis=1)]
    return pd.DataFrame({"prediction": chosen, **named})

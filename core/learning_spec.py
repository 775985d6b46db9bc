"""The `target`, `features`, `split` and `search` parts of a model's YAML: what is learned, from what, and how."""

from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, StrictBool, model_validator

from core.contract_spec import Share
from core.durations import Duration
from core.section import Section

Metric = Literal["accuracy", "roc_auc", "f1", "log_loss", "rmse", "mae", "r2"]
FamilyName = Literal[
    "hist_gradient_boosting",
    "logistic_regression",
    "linear_regression",
    "random_forest",
    "extra_trees",
    "nearest_neighbors",
    "neural_network",
]


class TargetSpec(Section):
    column: str = Field(description="Column to predict")
    positive: StrictBool | str | int | float | None = Field(
        None, union_mode="left_to_right", description="Value that counts as positive; default the rarer one"
    )


class FeatureSpec(Section):
    drop: tuple[str, ...] = Field((), description="Columns that are never features")
    dates: Literal["auto", "off"] = Field(
        "auto", description="Moments become elapsed time and places in day, week, year"
    )
    text: Literal["auto", "off"] = Field("auto", description="Prose becomes TF-IDF in a few dimensions (SVD)")
    rare_category_share: Share = Field(0.001, description="Categories rarer than this are folded into one")


class SplitSpec(Section):
    by: Literal["time", "hash", "group"] | None = Field(
        None, description="time | hash | group; default group or time where data names one, else hash of the key"
    )
    test: float = Field(0.15, gt=0, lt=0.9, description="Share of rows that score the model")
    validation: float = Field(0.15, gt=0, lt=0.9, description="Share of rows that tune and stop it")
    gap: Duration = Field(timedelta(0), description="Span left out between the parts of a time split")

    @model_validator(mode="after")
    def _leaves_training_rows(self) -> Self:
        if self.test + self.validation >= 1:
            raise ValueError("`test` and `validation` leave no training rows; their sum must be below 1")
        return self


class SearchSpec(Section):
    families: tuple[FamilyName, ...] = Field(
        (), description="Model families to search; default the usual ones that suit the problem"
    )
    sampler: Literal["tpe", "random", "grid", "qmc", "cmaes", "gp", "nsgaii"] = Field(
        "tpe", description="How Optuna proposes parameters: tpe | random | grid | qmc | cmaes | gp | nsgaii"
    )
    trials: int = Field(40, ge=1, le=100_000, description="How many candidates are fitted")
    timeout: Duration | None = Field(None, description="No new candidates are started after this span")
    patience: int | None = Field(
        100, ge=1, description="Trials in a row without a better one that end the search; null never"
    )
    pruner: Literal["halving", "median", "percentile", "none"] = Field(
        "halving", description="Which candidates see all training rows: halving | median | percentile | none (all)"
    )
    warm_start: bool = Field(True, description="Begin with what was best in earlier trainings on other data")
    max_rows: int | None = Field(
        None, ge=1000, description="Training rows that a candidate sees at most, drawn at random; null all"
    )
    metric: Metric | None = Field(None, description="What is optimized; default roc_auc for classes, rmse for numbers")

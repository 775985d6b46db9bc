"""The `target`, `features`, `split` and `search` parts of a model's YAML: what is learned, from what, and how."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StrictBool, model_validator

from core.boosters import SPREADABLE
from core.contract_spec import Share
from core.durations import Duration
from core.section import Section

Metric = Literal["accuracy", "balanced_accuracy", "roc_auc", "average_precision", "f1", "log_loss", "rmse", "mae", "r2"]
FamilyName = Literal[
    "hist_gradient_boosting",
    "pairwise_boosting",
    "logistic_regression",
    "linear_regression",
    "crossed_linear",
    "random_forest",
    "extra_trees",
    "nearest_neighbors",
    "neural_network",
    "lightgbm",
    "xgboost",
]

# No search has time for more.
MOST_TRIALS = 100_000


class TargetSpec(Section):
    column: str = Field(description="Column to predict")
    positive: StrictBool | str | int | float | None = Field(
        None, union_mode="left_to_right", description="Value that counts as positive; default the rarer one"
    )
    weights: Literal["auto", "balanced", "none"] = Field(
        "auto", description="Of classes: all the same (balanced), none, or as the search finds for rare ones (auto)"
    )
    threshold: Literal["auto"] | Annotated[float, Field(gt=0, lt=1)] = Field(
        "auto", description="Above which probability a row is positive; auto: chosen for the metric on validation rows"
    )
    log: Literal["auto"] | StrictBool = Field(
        "auto", description="Whether log(1 + number) is learned; auto: as the search finds for skewed numbers"
    )


# A module and a function in it: neither a path nor an expression.
REFERENCE = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$"
# YAML reads a bare `off` as false.
Switch = Annotated[Literal["auto", "off"], BeforeValidator(lambda value: "off" if value is False else value)]


Pair = Annotated[tuple[str, str], Field(description="Two columns of numbers")]
Interactions = Annotated[
    Literal["off"] | Annotated[int, Field(ge=1, le=50)] | tuple[Pair, ...],
    BeforeValidator(lambda value: "off" if value is False else value),
]


Ensemble = Annotated[
    Literal["off"] | Annotated[int, Field(ge=2, le=10)],
    BeforeValidator(lambda value: "off" if value is False else value),
]


class LagSpec(Section):
    columns: tuple[str, ...] = Field(
        min_length=1, description="Whose earlier values become features; also dropped ones"
    )
    by: str | None = Field(None, description="Column that names whose past it is, such as a shop; default the table's")
    periods: tuple[Annotated[int, Field(ge=1, le=1000)], ...] = Field(
        (1,), min_length=1, description="How many moments of `data.time` back"
    )


class FeatureSpec(Section):
    drop: tuple[str, ...] = Field((), description="Columns that are never features")
    dates: Switch = Field("auto", description="auto | off; moments become elapsed time and places in day, week, year")
    text: Switch = Field("auto", description="auto | off; prose becomes TF-IDF in a few dimensions (SVD)")
    rare_category_share: Share = Field(0.001, description="Categories rarer than this are folded into one")
    custom: str | None = Field(
        None, pattern=REFERENCE, description="Your own step, module:function; the module lies beside this file"
    )
    interactions: Interactions = Field(
        "off", description="off | N | [[a, b], ...]; products of up to N pairs that tell more than their columns alone"
    )
    selection: Switch = Field(
        "off", description="auto | off; columns that tell no more than shuffled copies of them are dropped"
    )
    lags: LagSpec | None = Field(None, description="Earlier values as features: {columns, by, periods}")


class SplitSpec(Section):
    by: Literal["time", "hash", "group"] | None = Field(
        None, description="time | hash | group; default group or time where data names one, else hash of the key"
    )
    test: float = Field(0.15, gt=0, lt=0.9, description="Share of rows that score the model")
    validation: float = Field(0.15, gt=0, lt=0.9, description="Share of rows that tune and stop it")
    gap: Duration = Field(timedelta(0), description="Span left out between the parts of a time split")
    salt: int = Field(
        0,
        ge=0,
        lt=2**32,
        description="Which arrangement of a hash or group split; another one moves rows between parts",
    )

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
    trials: int | None = Field(
        40, ge=1, le=MOST_TRIALS, description="How many candidates are fitted; null as many as `timeout` has time for"
    )
    timeout: Duration | None = Field(
        None,
        description="The search ends after this span, with what it has found, if only one candidate",
    )
    patience: int | None = Field(
        100, ge=1, description="Trials in a row without a better one that end the search; null never"
    )
    least_gain: float | None = Field(
        0.0002,
        ge=0,
        description="The search ends when it expects less of all trials left; of an error as a share; null never",
    )
    pruner: Literal["halving", "median", "percentile", "none"] = Field(
        "halving", description="Which candidates see all training rows: halving | median | percentile | none (all)"
    )
    ensemble: Ensemble = Field(
        3, description="off | N; the mean of up to N candidates, where it is better than the best alone"
    )
    calibration: Switch = Field("auto", description="auto | off; probabilities are put right where log loss falls")
    warm_start: bool = Field(True, description="Begin with what was best in earlier trainings on other data")
    task_runs: bool = Field(False, description="Each trial is a task run in the Prefect UI; some requests a trial")
    max_rows: int | None = Field(
        None, ge=1000, description="Training rows that a candidate sees at most, drawn at random; null all"
    )
    distributed: bool = Field(
        False,
        description="The last fit of xgboost is done by all Dask workers together, each on its parts of the rows",
    )
    metric: Metric | None = Field(None, description="What is optimized; default roc_auc for classes, rmse for numbers")

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if self.trials is None and self.timeout is None:
            raise ValueError("`trials: null` leaves the search to `timeout`, which is not set: give one of them")
        return self

    @property
    def most_trials(self) -> int:
        """The budget by number; by time only, more than there is time for."""
        return self.trials or MOST_TRIALS

    @model_validator(mode="after")
    def _has_what_is_distributed(self) -> Self:
        if self.distributed and SPREADABLE not in self.families:
            raise ValueError(f"`distributed` is for the family {SPREADABLE}, which `families` does not name")
        return self

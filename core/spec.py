"""What to compute: the model's YAML as frozen pydantic models. Where things live is `adapters.settings`, not here."""

import hashlib
import re
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, StrictBool, field_validator, model_validator

from core.contract_spec import ColumnSpec, ContractSpec, SentinelSpec, Share  # noqa: F401 - the spec's one door
from core.durations import Duration
from core.families import families_for
from core.metrics import METRICS, default_metric
from core.section import Section
from core.source_spec import FormatSpec, Source, literal_secret

NAME_PATTERN = r"^[a-z][a-z0-9_-]{0,62}$"
Problem = Literal["binary", "multiclass", "regression"]
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
Action = Literal["retrain", "alert", "note"]


class TargetSpec(Section):
    column: str = Field(description="Column to predict")
    positive: StrictBool | str | int | float | None = Field(
        None, union_mode="left_to_right", description="Value that counts as positive; default the rarer one"
    )


class WindowSpec(Section):
    last: Duration | None = Field(None, description="Rows of this span of time, counted back from the newest row")
    rows: int | None = Field(None, gt=0, description="This many newest rows")

    @model_validator(mode="before")
    @classmethod
    def _read_all(cls, value: Any) -> Any:
        return {} if value in (None, "all") else value

    @model_validator(mode="after")
    def _one_measure(self) -> Self:
        if self.last is not None and self.rows is not None:
            raise ValueError("give either `last` or `rows`, not both")
        return self


class DataSpec(Section):
    source: Source = Field(
        description="lake://folder/*.parquet, any path, glob or fsspec URL (csv, parquet, jsonl), or {sql, url}"
    )
    format: FormatSpec = Field(FormatSpec(), description="How text is read; what is null is found out from the file")
    key: tuple[str, ...] = Field((), description="Columns that identify a row; default the whole row")
    time: str | None = Field(None, description="Column that orders rows: time split, windows, drift")
    group: str | None = Field(None, description="Rows of one group stay on one side of the split")
    window: WindowSpec = Field(WindowSpec(), description="Which rows to train on: all, the last span, or newest rows")

    @field_validator("source")
    @classmethod
    def _without_secrets(cls, source: Source) -> Source:
        if isinstance(source, str) and (found := literal_secret(source)):
            raise ValueError(
                f"it holds a {found} in the clear; write ${{NAME}} for it, and set NAME where everfit runs"
            )
        return source


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
    sampler: Literal["tpe", "random", "grid"] = Field("tpe", description="How Optuna proposes parameters")
    trials: int = Field(40, ge=1, le=100_000, description="How many candidates are fitted")
    timeout: Duration | None = Field(None, description="No new candidates are started after this span")
    metric: Metric | None = Field(None, description="What is optimized; default roc_auc for classes, rmse for numbers")


class ComparisonSpec(Section):
    metric: Metric | None = Field(None, description="What the challenger must be better in; default the search metric")
    margin: float = Field(0.002, ge=0, description="Smallest gain worth a release, in units of the metric")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="Coverage of the bootstrap interval of the gain")


class SliceSpec(Section):
    columns: tuple[str, ...] = Field((), description="Columns whose values are compared one by one")
    max_drop: float = Field(0.03, ge=0, description="Largest loss against the champion that a slice may show")


class GateSpec(Section):
    minimum: dict[Metric, float] = Field({}, description="Worst acceptable test metrics")
    versus_champion: ComparisonSpec = Field(ComparisonSpec(), description="What it takes to replace the champion")
    slices: SliceSpec = Field(SliceSpec(), description="Groups of rows that may not get worse")


class LabelSpec(Section):
    source: str | None = Field(None, description="Where labels arrive, joined by data.key; default the data themselves")
    delay: Duration = Field(timedelta(0), description="How long after its time a row's label is known")


class PersistenceSpec(Section):
    needed: int = Field(2, ge=1, description="Drifted windows it takes")
    among: int = Field(3, ge=1, description="The newest windows that are looked at")

    @model_validator(mode="before")
    @classmethod
    def _read_words(cls, value: Any) -> Any:
        match = re.fullmatch(r"(\d+)\s+of\s+(\d+)", str(value))
        return {"needed": int(match[1]), "among": int(match[2])} if match else value

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        if self.needed > self.among:
            raise ValueError("more drifted windows are needed than are looked at")
        return self


def _as_actions(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Actions = Annotated[tuple[Action, ...], BeforeValidator(_as_actions), Field(min_length=1)]


class WhenSpec(Section):
    broken_data: Annotated[tuple[Literal["alert", "note"], ...], BeforeValidator(_as_actions), Field(min_length=1)] = (
        Field(("alert",), description="The window breaks the contract; never a reason to retrain")
    )
    mild_drift: Actions = Field(("note",), description="Drift in few, unimportant or not yet persistent columns")
    drift: Actions = Field(("retrain",), description="Persistent drift in columns that matter")
    decay: Actions = Field(("retrain",), description="Realized loss or calibration is significantly worse")
    severe_decay: Actions = Field(("alert", "retrain"), description="Realized performance is below the gate's minimum")


class MonitorSpec(Section):
    every: Duration = Field(timedelta(days=1), description="How often the schedule checks")
    window: WindowSpec = Field(WindowSpec(rows=5000), description="The newest rows that a check looks at")
    persistence: PersistenceSpec = Field(PersistenceSpec(), description="Drifted windows before drift counts: N of M")
    cooldown: Duration = Field(
        timedelta(hours=6), description="Least time between two retrainings, on the data's clock"
    )
    min_new_rows: int = Field(1000, ge=0, description="Rows that must be new since the last training")
    labels: LabelSpec = Field(LabelSpec(), description="Where labels come from, and how late")
    when: WhenSpec = Field(WhenSpec(), description="What to do: retrain, alert or note")


class ReleaseSpec(Section):
    approval: Literal["never", "when_undecided", "always"] = Field("never", description="When a person must agree")
    shadow_rows: int = Field(2000, ge=0, description="Newest rows that both models score before the move")
    max_latency_ms: float = Field(50.0, gt=0, description="Largest 95th percentile of the time to score one row")


class TrainingSpec(Section):
    name: str = Field(pattern=NAME_PATTERN, description="The model's name")
    problem: Problem | None = Field(
        None, description="binary | multiclass | regression; default inferred from the target"
    )
    seed: int = Field(0, ge=0, description="Seed of everything random")
    target: TargetSpec = Field(description="What is predicted")
    data: DataSpec = Field(description="Which rows there are, and which columns tell them apart")
    contract: ContractSpec = Field(ContractSpec(), description="What may be in the data; what breaks it never trains")
    sentinel: SentinelSpec = Field(SentinelSpec(), description="What its findings do before a training")
    features: FeatureSpec = Field(FeatureSpec(), description="What is learned from")
    split: SplitSpec = Field(SplitSpec(), description="Which rows train, tune and test")
    search: SearchSpec = Field(SearchSpec(), description="Which candidates are tried")
    gate: GateSpec = Field(GateSpec(), description="What a new model must reach")
    monitor: MonitorSpec = Field(MonitorSpec(), description="When new data count as drift, and what follows")
    release: ReleaseSpec = Field(ReleaseSpec(), description="How a registered model becomes champion")

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if self.contract.freshness is not None and self.data.time is None:
            raise ValueError("`contract.freshness` needs `data.time`")
        if self.problem and not families_for(self.problem, self.search.families):
            raise ValueError(f"none of `search.families` can predict a {self.problem} problem")
        if self.split.by in ("time", "group") and getattr(self.data, self.split.by) is None:
            raise ValueError(f"`split.by: {self.split.by}` needs `data.{self.split.by}`")
        named = (self.search.metric, self.gate.versus_champion.metric, *self.gate.minimum)
        if self.problem:
            wrong = [name for name in named if name and self.problem not in METRICS[name].problems]
            if wrong:
                raise ValueError(f"the metric {wrong[0]} does not fit a {self.problem} problem")
        return self

    def for_problem(self, problem: str) -> "TrainingSpec":
        """The same spec with its problem spelled out.

        Raises:
            ValueError: A metric of the spec does not fit the problem.
        """
        return TrainingSpec.model_validate(self.model_dump() | {"problem": problem})

    @property
    def metric(self) -> str:
        """The metric of search and gate; the problem must be known."""
        return self.search.metric or default_metric(self.problem or "binary")

    @property
    def split_by(self) -> Literal["time", "hash", "group"]:
        """How rows are split when the YAML leaves it open."""
        return self.split.by or ("group" if self.data.group else "time" if self.data.time else "hash")

    @property
    def digest(self) -> str:
        """SHA-256 of the spec's canonical JSON."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

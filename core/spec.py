"""What to compute: the model's YAML as frozen pydantic models. Where things live is `adapters.settings`, not here."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from core.contract_spec import ContractSpec, SentinelSpec
from core.data_spec import DataSpec
from core.families import families_for
from core.gate_spec import GateSpec, ReleaseSpec
from core.learning_spec import FeatureSpec, SearchSpec, SplitSpec, TargetSpec
from core.metrics import METRICS, default_metric
from core.monitor_spec import MonitorSpec
from core.section import Section

NAME_PATTERN = r"^[a-z][a-z0-9_-]{0,62}$"
Problem = Literal["binary", "multiclass", "regression"]


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
        self._check_windows()
        if self.features.lags is not None:
            if self.data.time is None:
                raise ValueError("`features.lags` needs `data.time`, which says what is earlier")
            if self.target.column in self.features.lags.columns:
                raise ValueError("`features.lags` reads the target, whose earlier values may not be known in time")
        if self.problem and not families_for(self.problem, self.search.families):
            raise ValueError(f"none of `search.families` can predict a {self.problem} problem")
        if self.split.by in ("time", "group") and getattr(self.data, self.split.by) is None:
            raise ValueError(f"`split.by: {self.split.by}` needs `data.{self.split.by}`")
        self._check_target()
        named = (self.search.metric, self.gate.versus_champion.metric, *self.gate.minimum)
        if self.problem:
            wrong = [name for name in named if name and self.problem not in METRICS[name].problems]
            if wrong:
                raise ValueError(f"the metric {wrong[0]} does not fit a {self.problem} problem")
        return self

    def _check_windows(self) -> None:
        if self.data.window.auto and self.data.time is None:
            raise ValueError("`data.window: auto` needs `data.time`")
        if self.monitor.window.auto:
            raise ValueError("`monitor.window` cannot be `auto`; give rows or a span of time")

    def _check_target(self) -> None:
        given = {"weights": self.target.weights == "balanced", "log": self.target.log is True}
        given["threshold"] = self.target.threshold != "auto"
        fits = {"weights": ("binary", "multiclass"), "log": ("regression",), "threshold": ("binary",)}
        for name, problems in fits.items():
            if self.problem and given[name] and self.problem not in problems:
                raise ValueError(f"`target.{name}` is for {' and '.join(problems)} problems, not for {self.problem}")

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
    def watched(self) -> DataSpec:
        """The data that checks look at."""
        return self.data.model_copy(update={"source": self.monitor.source}) if self.monitor.source else self.data

    @property
    def watched_contract(self) -> ContractSpec:
        """What they must look like; labels may be missing still, and who is asked about twice is in a log twice."""
        contract = self.contract.without(self.target.column)
        return contract.model_copy(update={"unique": ()}) if self.monitor.source else contract

    @property
    def digest(self) -> str:
        """SHA-256 of the spec's canonical JSON."""
        return spec_digest(self.model_dump(mode="json"))


def spec_digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of a spec's document, as it was then: fields that came later do not change it."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()

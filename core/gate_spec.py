"""The `gate` and `release` parts of a model's YAML: what a new model must reach, and how it becomes champion."""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from core.durations import Duration
from core.learning_spec import Metric
from core.section import Section


class ComparisonSpec(Section):
    metric: Metric | None = Field(None, description="What the challenger must be better in; default the search metric")
    margin: float = Field(0.002, ge=0, description="Smallest gain worth a release, in units of the metric")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="Coverage of the bootstrap interval of the gain")


class SliceSpec(Section):
    columns: tuple[str, ...] = Field((), description="Columns whose values are compared one by one")
    max_drop: float = Field(0.03, ge=0, description="Largest loss against the champion that a slice may show")


class CalibrationSpec(Section):
    max_rise: float = Field(0.02, ge=0, description="Largest rise of the calibration error over the champion's")
    max_error: float | None = Field(None, gt=0, description="Largest calibration error on the test rows; null any")


class GateSpec(Section):
    minimum: dict[Metric, float] = Field({}, description="Worst acceptable test metrics")
    versus_champion: ComparisonSpec = Field(ComparisonSpec(), description="What it takes to replace the champion")
    slices: SliceSpec = Field(SliceSpec(), description="Groups of rows that may not get worse")
    calibration: CalibrationSpec = Field(
        CalibrationSpec(), description="How far predictions may be from what came true, where they are alike"
    )


class WatchSpec(Section):
    requests: int = Field(200, ge=0, description="How many of the endpoint's next requests are watched; 0 none")
    span: Duration = Field(timedelta(minutes=2), description="The watch ends after this span, whatever has come")
    first_within: Duration = Field(
        timedelta(seconds=30), description="The watch ends after this span where no request at all has come"
    )
    max_error_share: float = Field(
        0.02, ge=0, lt=1, description="Share of requests that may fail, over what failed with the version before"
    )


class ApprovalSpec(Section):
    approval: Literal["never", "when_undecided", "always"] = Field("never", description="When a person must agree")
    approval_timeout: Duration = Field(
        timedelta(days=7), description="How long a release waits for a person; then the champion stays"
    )


class ReleaseSpec(ApprovalSpec):
    shadow_rows: int = Field(2000, ge=0, description="Newest rows that both models score before the move")
    max_latency_ms: float = Field(50.0, gt=0, description="Largest 95th percentile of the time to score one row")
    max_memory_mb: float = Field(2000.0, gt=0, description="Largest memory of a process that has loaded the model")
    watch: WatchSpec = Field(
        WatchSpec(), description="Requests after the release: too many that fail or are slow take it back"
    )
    staging: ApprovalSpec | None = Field(
        None, description="{approval, approval_timeout}: a version is NAME@staging first; null releases at once"
    )

"""The `monitor` part of a model's YAML: when new data count as drift, and what follows."""

import re
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from core.data_spec import WindowSpec
from core.durations import Duration
from core.section import Section
from core.source_spec import Source

Action = Literal["retrain", "alert", "note"]


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
    drift: Actions = Field(
        ("retrain",), description="Persistent drift in columns that matter, and no labels say that it does not hurt"
    )
    stale: Actions = Field(("retrain",), description="The last training is longer ago than max_age")
    decay: Actions = Field(
        ("retrain",), description="Realized loss or calibration is worse, or the newest labels teach something new"
    )
    severe_decay: Actions = Field(("alert", "retrain"), description="Realized performance is below the gate's minimum")


class MonitorSpec(Section):
    every: Duration = Field(timedelta(days=1), description="How often the schedule checks")
    source: Source | None = Field(
        None, description="Where the windows come from; default data.source, log://NAME is what was predicted"
    )
    window: WindowSpec = Field(WindowSpec(rows=5000), description="The newest rows that a check looks at")
    false_alarms: float = Field(
        0.01, gt=0, lt=1, description="Share of checks that may find drift where there is none, over all columns"
    )
    reference: Literal["training", "weekday", "month"] = Field(
        "training", description="Compared with: all training rows, or those of the same weekdays or months"
    )
    context: tuple[str, ...] = Field(
        (), description="Columns whose drift is reported and never a reason, such as the weather"
    )
    persistence: PersistenceSpec = Field(PersistenceSpec(), description="Drifted windows before drift counts: N of M")
    cooldown: Duration = Field(
        timedelta(hours=6), description="Least time between two retrainings, on the data's clock"
    )
    max_age: Duration | None = Field(None, description="Retrain when the last training is longer ago, whatever is seen")
    weekly_budget: int | None = Field(None, ge=1, description="Most trainings in seven days that drift may start")
    min_new_rows: int = Field(1000, ge=0, description="Rows that must be new since the last training")
    labels: LabelSpec = Field(LabelSpec(), description="Where labels come from, and how late")
    when: WhenSpec = Field(WhenSpec(), description="What to do: retrain, alert or note")

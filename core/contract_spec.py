"""The YAML's `contract` and `sentinel`: what data must look like, and what of them may train a model."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from core.durations import Duration
from core.section import Section

Share = Annotated[float, Field(ge=0, le=1)]
Level = Literal["block", "warn", "off"]


class ColumnSpec(Section):
    type: Literal["float", "int", "category", "text", "datetime", "boolean"] = Field(description="Kind of value")
    min: float | None = Field(None, description="Smallest allowed number")
    max: float | None = Field(None, description="Largest allowed number")
    values: tuple[str | int | float | bool, ...] | None = Field(None, description="The allowed categories; default any")
    nullable: bool = Field(True, description="Whether values may be missing")


class VolumeSpec(Section):
    min_share: float = Field(0.5, ge=0, description="Fewest rows, as a share of the median of earlier ones")
    max_share: float = Field(2.0, gt=0, description="Most rows, as a share of the median of earlier ones")

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        if self.min_share > self.max_share:
            raise ValueError("`min_share` is above `max_share`")
        return self


class ContractSpec(Section):
    columns: dict[str, ColumnSpec] = Field({}, description="Columns that must be there, and what may be in them")
    max_null_share: Share = Field(1.0, description="Largest share of missing values in any column of the contract")
    unique: tuple[str, ...] = Field((), description="Columns whose values together may not repeat")
    freshness: Duration | None = Field(None, description="Oldest age of the newest row, by data.time; default any")
    volume: VolumeSpec | None = Field(None, description="How many rows, against earlier ones; default any number")
    quarantine: Literal["batch", "rows"] = Field("batch", description="What is set aside: the batch, or broken rows")
    max_broken_share: Share = Field(0.05, description="With `quarantine: rows`: above it the batch is set aside")

    def without(self, column: str) -> "ContractSpec":
        """The same contract for rows whose label may be missing still."""
        columns = {name: rules for name, rules in self.columns.items() if name != column}
        return self.model_copy(update={"columns": columns})


class SentinelSpec(Section):
    leaks: Level = Field("block", description="Columns that give the target away or are recorded after it")
    ids: Level = Field("warn", description="Columns with another value in every row")
    constants: Level = Field("warn", description="Columns that never change")
    duplicates: Level = Field("warn", description="Rows of validation or test that training rows repeat")
    groups: Level = Field("block", description="A value of data.group on two sides of the split")
    order: Level = Field("block", description="Test rows older than training rows, where the split is by time")
    rare: Level = Field("warn", description="Classes that too few test rows hold to measure a model on them")

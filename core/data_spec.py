"""The `data` part of a model's YAML: which rows there are, and which columns tell them apart."""

from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from core.durations import Duration
from core.section import Section
from core.source_spec import FormatSpec, Source, literal_secret


class WindowSpec(Section):
    last: Duration | None = Field(None, description="Rows of this span of time, counted back from the newest row")
    rows: int | None = Field(None, gt=0, description="This many newest rows")
    auto: bool = Field(False, description="As long as scores best on the newest labelled rows")

    @model_validator(mode="before")
    @classmethod
    def _read_all(cls, value: Any) -> Any:
        return {"auto": True} if value == "auto" else {} if value in (None, "all") else value

    @model_validator(mode="after")
    def _one_measure(self) -> Self:
        if self.last is not None and self.rows is not None:
            raise ValueError("give either `last` or `rows`, not both")
        if self.auto and (self.last is not None or self.rows is not None):
            raise ValueError("`auto` finds the length by itself: give no `last` and no `rows` with it")
        return self


class DataSpec(Section):
    source: Source = Field(
        description="lake://folder/*.parquet, any path, glob or fsspec URL (csv, parquet, jsonl), or {sql, url}"
    )
    format: FormatSpec = Field(FormatSpec(), description="How text is read; what is null is found out from the file")
    key: tuple[str, ...] = Field((), description="Columns that identify a row; default the whole row")
    time: str | None = Field(None, description="Column that orders rows: time split, windows, drift")
    group: str | None = Field(None, description="Rows of one group stay on one side of the split")
    window: WindowSpec = Field(
        WindowSpec(), description="Which rows to train on: all, auto, the last span, or newest rows"
    )

    @field_validator("source")
    @classmethod
    def _without_secrets(cls, source: Source) -> Source:
        if isinstance(source, str) and (found := literal_secret(source)):
            raise ValueError(
                f"it holds a {found} in the clear; write ${{NAME}} for it, and set NAME where everfit runs"
            )
        return source

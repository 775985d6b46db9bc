"""Where rows come from and how their text is read: the parts of the YAML below `data`."""

import re
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import Discriminator, Field, Tag, field_validator

from core.section import Section

NULL_WORDS = (
    "", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-nan", "NULL", "Null", "null", "None", "?", "-", "--", ".",
    "inf", "-inf", "Inf", "-Inf", "Infinity", "-Infinity",
)  # fmt: skip
PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
SECRET_NAME = re.compile(r"(?i)pass(word|wd)?$|pwd|secret|token|signature|api_?key|accountkey|^sig$")


def literal_secret(address: str) -> str | None:
    """The part of an address that holds a secret in the clear, such as `password`; None when there is none."""
    # A placeholder may stand for anything, the whole address too.
    parts = urlsplit(PLACEHOLDER.sub("", address))
    if parts.password:
        return "password"
    return next((name for name, value in parse_qsl(parts.query) if value and SECRET_NAME.search(name)), None)


class SqlSource(Section):
    sql: str = Field(min_length=1, description="The query whose rows are the table")
    url: str = Field(
        min_length=1, description="sqlite:///file.db, postgresql://...; secrets as ${NAME} of the environment"
    )

    @field_validator("url")
    @classmethod
    def _without_secrets(cls, url: str) -> str:
        if found := literal_secret(url):
            raise ValueError(
                f"it holds a {found} in the clear; write ${{NAME}} for it, and set NAME where everfit runs"
            )
        return url

    def __str__(self) -> str:
        return f"{self.url} ({' '.join(self.sql.split())[:60]})"


def _is_query(value: Any) -> str:
    return "[query]" if isinstance(value, dict | SqlSource) else "[address]"


# Told apart by shape, so that an error names what is wrong in the query and not that it is no text.
Source = Annotated[Annotated[str, Tag("[address]")] | Annotated[SqlSource, Tag("[query]")], Discriminator(_is_query)]


class FormatSpec(Section):
    delimiter: str | None = Field(None, pattern=r"^([^\n]|\\s\+)$", description="Between the fields of a CSV")
    encoding: str | None = Field(None, description="utf-8, utf-8-sig, cp1252, utf-16, ...")
    decimal: Literal[".", ","] | None = Field(None, description="Decimal mark of plain numbers")
    skip_lines: int | None = Field(None, ge=0, description="Lines before the line with the names")
    nulls: tuple[str, ...] = Field(NULL_WORDS, description="Words that mean a missing value")
    index: str | None = Field(None, description="Column that only counts rows; it is left out")
    text: tuple[str, ...] | None = Field(None, description="Columns that stay text whatever they hold")
    numbers: dict[str, Literal[".", ","]] | None = Field(
        None, description="Columns of numbers written as text (1,234.5 or 12 %), and their decimal mark"
    )
    dates: dict[str, tuple[str, ...]] | None = Field(
        None, description="Columns of dates, and how they are written: ISO8601, %d.%m.%Y, unix_s, ..."
    )

    @property
    def of_columns(self) -> "FormatSpec":
        """How the same columns are read in another file, whatever is between its fields."""
        return self.model_copy(update=dict.fromkeys(("delimiter", "encoding", "decimal", "skip_lines")))

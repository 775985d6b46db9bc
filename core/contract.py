"""The data contract as a pandera schema: what may be in which column, and which rows break it."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
import pandera.pandas as pa

from core.errors import DataMissing
from core.spec import ColumnSpec, ContractSpec

N_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule of one column."""

    column: str
    rule: str
    n_rows: int
    examples: tuple[str, ...]

    def __str__(self) -> str:
        shown = f", such as {', '.join(self.examples)}" if self.examples else ""
        return f"{self.column}: {self.rule} broken by {self.n_rows} rows{shown}"


def check_columns(frame: pd.DataFrame, needed: tuple[str, ...], source: str) -> None:
    """Refuse a table that is empty or lacks columns that the spec names.

    Raises:
        DataMissing: No rows, or a column is not there.
    """
    if frame.empty:
        raise DataMissing(f"{source} holds no rows", "the table is empty", "give a source with rows, or another window")
    absent = [name for name in needed if name not in frame.columns]
    if absent:
        known = ", ".join(map(str, list(frame.columns)[:20]))
        raise DataMissing(
            f"{source} has no column '{absent[0]}'",
            f"its columns are {known}",
            "correct the name in the YAML, or the source",
        )


def violations(frame: pd.DataFrame, contract: ContractSpec) -> list[Violation]:
    """Every broken rule, by column; empty when the frame keeps the contract.

    Args:
        frame: Rows to check, shape (n, n_columns).
        contract: Types, ranges, categories, nulls and uniqueness.
    """
    absent = [Violation(name, "column must be there", len(frame), ()) for name in contract.unique if name not in frame]
    schema = pa.DataFrameSchema(
        {name: _column(column, contract.max_null_share) for name, column in contract.columns.items()},
        unique=None if absent else list(contract.unique) or None,
    )
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        return [*absent, *_summary(error.failure_cases, len(frame))]
    return absent


def _column(spec: ColumnSpec, max_null_share: float) -> pa.Column:
    checks = [pa.Check(_has_type(spec.type), error=f"type {spec.type}")]
    if spec.min is not None:
        checks.append(pa.Check.ge(spec.min, error=f"min {spec.min:g}"))
    if spec.max is not None:
        checks.append(pa.Check.le(spec.max, error=f"max {spec.max:g}"))
    if spec.values is not None:
        checks.append(pa.Check.isin(spec.values, error="values"))
    if spec.nullable and max_null_share < 1:
        share = pa.Check(
            lambda column: column.isna().mean() <= max_null_share,
            ignore_na=False,
            error=f"max_null_share {max_null_share:g}",
        )
        checks.append(share)
    return pa.Column(nullable=spec.nullable, checks=checks)


def _has_type(kind: str) -> Any:
    types = pd.api.types
    tests: dict[str, Any] = {
        "float": _is_number,
        # A whole-number column with missing values arrives as float.
        "int": lambda c: _is_number(c) and bool((c.dropna() % 1 == 0).all()),
        "datetime": types.is_datetime64_any_dtype,
        "boolean": lambda c: types.is_bool_dtype(c) or set(c.dropna().unique()) <= {True, False},
        "category": lambda c: not types.is_datetime64_any_dtype(c),
        "text": lambda c: types.is_string_dtype(c) or types.is_object_dtype(c),
    }
    # A column without a value has whatever type its file gave it.
    return lambda column: bool(column.isna().all()) or tests[kind](column)


def _is_number(column: pd.Series) -> bool:
    if pd.api.types.is_object_dtype(column):
        return pd.api.types.infer_dtype(column, skipna=True) in {
            "decimal",
            "integer",
            "floating",
            "mixed-integer-float",
        }
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _summary(failures: pd.DataFrame, n_rows: int) -> list[Violation]:
    found = []
    for (column, rule), cases in failures.groupby(["column", "check"], sort=False, dropna=False):
        rows = cases["index"].nunique()
        shown = [str(case) for case in cases["failure_case"].head(50)] if rows else []
        examples = tuple(dict.fromkeys(shown))[:N_EXAMPLES]
        if cases["column"].isna().all():
            found.append(Violation(str(cases["failure_case"].iloc[0]), "column must be there", n_rows, ()))
        else:
            found.append(Violation(str(column), _in_words(str(rule)), int(rows) or n_rows, examples))
    return found


def _in_words(rule: str) -> str:
    return {"not_nullable": "nullable: false", "multiple_fields_uniqueness": "unique"}.get(rule, rule)

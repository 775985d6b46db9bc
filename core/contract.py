"""The data contract as a pandera schema: what may be in which column, and which rows break it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from numpy.typing import NDArray

from core.contract_spec import ColumnSpec, ContractSpec
from core.errors import DataMissing

N_EXAMPLES = 3
# Text of so many broken rows is looked through for different examples.
N_LOOKED_AT = 50
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule of one column.

    Attributes:
        of_batch: Whether it says something of the batch as a whole, so that no single row is to blame.
    """

    column: str
    rule: str
    n_rows: int
    examples: tuple[str, ...]
    of_batch: bool = False

    def __str__(self) -> str:
        shown = f", such as {', '.join(self.examples)}" if self.examples else ""
        return f"{self.column}: {self.rule} broken by {self.n_rows} rows{shown}"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a column: `broken` gives the rows that break it, shape (n,), all of them where it is of the batch."""

    column: str
    words: str
    broken: Callable[[pd.Series], Mask]
    of_batch: bool = False


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
    try:
        schema_of(contract).validate(frame, lazy=True)
    except pa.errors.SchemaErrors:
        # Counted here and not by pandera, which makes an object of every broken value: 36 s for 300,000 repeated keys.
        absent = [name for name in dict.fromkeys([*contract.columns, *contract.unique]) if name not in frame]
        found = [Violation(name, "column must be there", len(frame), (), of_batch=True) for name in absent]
        return found + _broken_rules(frame, contract)
    return []


def schema_of(contract: ContractSpec) -> pa.DataFrameSchema:
    """The contract as pandera sees it; a check answers yes or no for its column."""
    checks: dict[str, list[pa.Check]] = {name: [] for name in contract.columns}
    for rule in rules_of(contract):
        checks[rule.column].append(pa.Check(_keeps(rule), error=rule.words, ignore_na=False))
    unique = pa.Check(lambda frame: not _repeated(frame, contract.unique).any(), error="unique", ignore_na=False)
    return pa.DataFrameSchema(
        {name: pa.Column(nullable=True, checks=each) for name, each in checks.items()},
        checks=[unique] if contract.unique else [],
    )


def broken_rows(frame: pd.DataFrame, contract: ContractSpec) -> NDArray[np.object_]:
    """What each row breaks, in words, shape (n,); empty text for rows that keep the contract."""
    reasons = np.full(len(frame), "", dtype=object)
    broken = [(f"{rule.column}: {rule.words}", _mask(rule, frame[rule.column])) for rule in rules_of(contract)]
    if contract.unique:
        broken.append((f"{', '.join(contract.unique)}: unique", _repeated(frame, contract.unique)))
    for words, mask in broken:
        reasons[mask] = [f"{reason}; {words}" if reason else words for reason in reasons[mask]]
    return reasons


def rules_of(contract: ContractSpec) -> list[Rule]:
    """The rules of all columns, a column's type first."""
    return [rule for name, column in contract.columns.items() for rule in _rules(name, column, contract.max_null_share)]


def _rules(name: str, spec: ColumnSpec, max_null_share: float) -> list[Rule]:
    kind, low, high, values = spec.type, spec.min, spec.max, spec.values
    rules = [Rule(name, f"type {kind}", lambda c: _all_or_none(c, not has_type(c, kind)), of_batch=True)]
    if low is not None:
        rules.append(Rule(name, f"min {low:g}", lambda c: _known(c < low, c)))
    if high is not None:
        rules.append(Rule(name, f"max {high:g}", lambda c: _known(c > high, c)))
    if values is not None:
        rules.append(Rule(name, "values", lambda c: _known(~c.isin(values), c)))
    if not spec.nullable:
        rules.append(Rule(name, "nullable: false", lambda c: c.isna().to_numpy(bool)))
    elif max_null_share < 1:
        words = f"max_null_share {max_null_share:g}"
        rules.append(Rule(name, words, lambda c: _all_or_none(c, c.isna().mean() > max_null_share), of_batch=True))
    return rules


def _known(broken: pd.Series, column: pd.Series) -> Mask:
    return np.asarray(broken.fillna(False).to_numpy(bool) & column.notna().to_numpy(bool))


def _all_or_none(column: pd.Series, broken: bool) -> Mask:
    return np.full(len(column), broken)


def _keeps(rule: Rule) -> Callable[[pd.Series], bool]:
    return lambda column: not _mask(rule, column).any()


def _mask(rule: Rule, column: pd.Series) -> Mask:
    try:
        return rule.broken(column)
    except (TypeError, ValueError):
        # Values that cannot be compared: the column has another type, which its own rule tells.
        return np.full(len(column), not rule.words.startswith(("min", "max")))


def _repeated(frame: pd.DataFrame, columns: tuple[str, ...]) -> Mask:
    if not columns:
        return np.full(len(frame), False)
    if not set(columns) <= set(frame.columns):
        return np.full(len(frame), True)
    return frame.duplicated(list(columns), keep=False).to_numpy(bool)


def _broken_rules(frame: pd.DataFrame, contract: ContractSpec) -> list[Violation]:
    found = []
    for rule in rules_of(contract):
        if rule.column in frame and (mask := _mask(rule, frame[rule.column])).any():
            shown = () if rule.of_batch else _examples(frame.loc[mask, rule.column])
            found.append(Violation(rule.column, rule.words, int(mask.sum()), shown, rule.of_batch))
    # Where a column of the key is not there, that is told, and nothing can repeat.
    if set(contract.unique) <= set(frame.columns) and (mask := _repeated(frame, contract.unique)).any():
        shown = _examples(frame.loc[mask, contract.unique[0]])
        found.append(Violation(", ".join(contract.unique), "unique", int(mask.sum()), shown))
    return found


def _examples(values: pd.Series) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(value)[:80] for value in values.head(N_LOOKED_AT)))[:N_EXAMPLES]


def has_type(column: pd.Series, kind: str) -> bool:
    """Whether the values that are there are of a kind of `ColumnSpec.type`; a column without any is of every kind."""
    known = column.dropna()
    return known.empty or bool(TYPES[kind](known))


def _is_number(column: pd.Series) -> bool:
    if pd.api.types.is_object_dtype(column):
        return pd.api.types.infer_dtype(column) in ("integer", "floating", "decimal", "mixed-integer-float")
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


TYPES: Mapping[str, Callable[[pd.Series], Any]] = MappingProxyType(
    {
        "float": _is_number,
        # A whole-number column with missing values arrives as float.
        "int": lambda c: _is_number(c) and (c % 1 == 0).all(),
        "datetime": pd.api.types.is_datetime64_any_dtype,
        "boolean": lambda c: pd.api.types.is_bool_dtype(c) or set(c.unique()) <= {True, False},
        "category": lambda c: not pd.api.types.is_datetime64_any_dtype(c),
        "text": lambda c: pd.api.types.is_string_dtype(c) or pd.api.types.is_object_dtype(c),
    }
)

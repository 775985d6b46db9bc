"""What changed in a source since its contract was frozen, and the contract that takes it over."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.contract import has_type
from core.contract_spec import ColumnSpec, ContractSpec
from core.first_contract import column_rules
from core.kinds import find_kind

MOST_CATEGORIES = 200
N_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between the contract and the source.

    Attributes:
        column: Where it is.
        kind: new | gone | type | min | max | values | nulls | null_share | unique.
        frozen, now: What the contract says, and what the source holds.
        detail: In words, with numbers.
        accepted: What the column's part of the contract becomes, as keys and values; None where nobody but a person
            can say (a repeated key).
    """

    column: str
    kind: str
    frozen: Any
    now: Any
    detail: str
    accepted: dict[str, Any] | None

    def __str__(self) -> str:
        return f"{self.column}: {self.detail}"


def changes(frame: pd.DataFrame, contract: ContractSpec) -> list[Change]:
    """Every difference, column by column; what the source holds less of than the contract allows is none."""
    found = [change for name, spec in contract.columns.items() for change in _of_column(frame, name, spec)]
    # A column without a value has no kind yet: it is new when it has.
    fresh = [name for name in frame.columns if name not in contract.columns and frame[name].notna().any()]
    found += [_new_column(name, frame[name]) for name in fresh]
    shares = {
        name: _null_share(frame[name]) for name, spec in contract.columns.items() if spec.nullable and name in frame
    }
    name, share = max(shares.items(), key=lambda each: each[1], default=("", 0.0))
    if share > contract.max_null_share:
        told = f"{share:.1%} of the values are missing, the contract allows {contract.max_null_share:.1%}"
        found.append(Change(name, "null_share", contract.max_null_share, math.ceil(share * 100) / 100, told, {}))
    found += _repeated(frame, contract.unique)
    return found


def accept(contract: ContractSpec, found: Sequence[Change]) -> ContractSpec:
    """The contract that allows what the source holds now; `unique` stays unless one of its columns is gone."""
    columns = {name: spec.model_dump(exclude_unset=True) for name, spec in contract.columns.items()}
    rest: dict[str, Any] = {}
    for change in found:
        if change.kind == "gone":
            columns.pop(change.column)
        elif change.kind == "null_share":
            rest["max_null_share"] = change.now
        elif change.kind in ("new", "type"):
            columns[change.column] = dict(change.accepted or {})
        elif change.accepted:
            columns[change.column] |= change.accepted
    if not set(contract.unique) <= {*columns} | ({*contract.unique} - {*contract.columns}):
        rest["unique"] = ()
    return ContractSpec.model_validate(contract.model_dump(exclude_unset=True) | rest | {"columns": columns})


def column_spec(column: pd.Series) -> dict[str, Any]:
    """What `init` would say of a column as it is now; it holds a value."""
    return column_rules(column, find_kind(column).kind, whole=True)


def _of_column(frame: pd.DataFrame, name: str, spec: ColumnSpec) -> Iterator[Change]:
    if name not in frame:
        yield Change(name, "gone", spec.type, None, "the column is gone", None)
        return
    column = frame[name]
    if not has_type(column, spec.type):
        now = column_spec(column)
        yield Change(name, "type", spec.type, now["type"], f"type {spec.type} became {now['type']}", now)
        return
    if spec.type in ("float", "int"):
        yield from _wider(name, column, spec)
    if spec.values is not None:
        yield from _new_values(name, column, spec.values)
    if not spec.nullable and column.isna().any():
        share = _null_share(column)
        told = f"{int(column.isna().sum()):,} of {len(column):,} values are missing ({share:.1%}), none was allowed"
        yield Change(name, "nulls", 0, share, told, {"nullable": True})


def _wider(name: str, column: pd.Series, spec: ColumnSpec) -> Iterator[Change]:
    for kind, bound in (("min", spec.min), ("max", spec.max)):
        if bound is None:
            continue
        outside = column < bound if kind == "min" else column > bound
        if outside.any():
            now = _plain(column.min() if kind == "min" else column.max())
            told = f"{kind} {bound:g} became {now:g}, {int(outside.sum()):,} of {len(column):,} rows lie beyond"
            yield Change(name, kind, bound, now, told, {kind: now})


def _new_values(name: str, column: pd.Series, values: tuple[Any, ...]) -> Iterator[Change]:
    outside = column[column.notna() & ~column.isin(values)]
    if outside.empty:
        return
    fresh = _values(outside)
    shown = ", ".join(map(str, fresh[:N_SHOWN])) + (f" and {len(fresh) - N_SHOWN} more" if len(fresh) > N_SHOWN else "")
    told = f"{len(fresh)} new categories in {len(outside):,} rows: {shown}"
    kept = [*values, *fresh]
    # A list that grows beyond reading becomes "any".
    yield Change(name, "values", list(values), fresh, told, {"values": kept if len(kept) <= MOST_CATEGORIES else None})


def _new_column(name: Any, column: pd.Series) -> Change:
    spec = column_spec(column)
    return Change(str(name), "new", None, spec["type"], f"a new column, type {spec['type']}", spec)


def _repeated(frame: pd.DataFrame, unique: tuple[str, ...]) -> list[Change]:
    if not unique or not set(unique) <= set(frame.columns):
        return []
    n_rows = int(frame.duplicated(list(unique), keep=False).sum())
    told = f"{n_rows:,} rows repeat a value; correct the data, or edit `contract.unique` by hand"
    return [Change(", ".join(unique), "unique", 0, n_rows, told, None)] if n_rows else []


def _values(column: pd.Series) -> list[Any]:
    return sorted((_plain(value) for value in column.dropna().unique()), key=lambda value: (str(type(value)), value))


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    return value if isinstance(value, str | int | float | bool) else float(value) if _is_decimal(value) else str(value)


def _is_decimal(value: Any) -> bool:
    return type(value).__name__ == "Decimal"


def _null_share(column: pd.Series) -> float:
    return float(column.isna().mean())

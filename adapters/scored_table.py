"""Scored rows in Arrow's types, the same for every chunk: key, prediction, probabilities, reason."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from core.cells import read_cells, texts_of, whole_numbers
from core.errors import DataRejected
from core.scoring import PREDICTION, REASON, ROW, ScoringPlan, answer_columns

INTS = range(-(2**63), 2**63)
OF_TYPE = {"int": pa.int64(), "float": pa.float64(), "boolean": pa.bool_(), "datetime": pa.timestamp("us")}


def schema_of(plan: ScoringPlan, kind: str) -> pa.Schema:
    """Names and types of what is written; a CSV hands its key through as it is written in the source."""
    types = plan.types
    keys = [(name, pa.string() if kind == "csv" else OF_TYPE.get(types[name], pa.string())) for name in plan.key]
    answers = [(name, pa.float64()) for name in answer_columns(plan) if name != PREDICTION]
    predicted = (PREDICTION, _type_of_classes(plan.record.coding.classes))
    return pa.schema([*(keys or [(ROW, pa.int64())]), predicted, *answers, (REASON, pa.string())])


def scored_table(
    scored: pd.DataFrame, raw: pd.DataFrame, plan: ScoringPlan, schema: pa.Schema, n_before: int
) -> pa.Table:
    """The rows of one chunk.

    Args:
        scored: Predictions and reasons.
        raw: The rows that were scored.
        plan: Which columns are the key.
        schema: What is written.
        n_before: Rows of the chunks before; the first row of the table is row 1.
    """
    columns = {name: _key(raw[name], plan, schema.field(name).type) for name in plan.key}
    if not plan.key:
        columns[ROW] = pa.array(np.arange(n_before + 1, n_before + 1 + len(scored)), pa.int64())
    columns[PREDICTION] = _prediction(scored[PREDICTION], schema.field(PREDICTION).type)
    rest = [name for name in schema.names if name not in columns]
    columns |= {name: pa.array(scored[name], schema.field(name).type, from_pandas=True) for name in rest}
    return pa.table({name: columns[name] for name in schema.names}, schema=schema)


def _type_of_classes(classes: tuple[Any, ...]) -> pa.DataType:
    kinds = {type(each) for each in classes}
    if kinds == {bool}:
        return pa.bool_()
    if kinds <= {int, float}:
        whole = bool(classes) and all(float(each).is_integer() for each in classes)
        return pa.int64() if whole else pa.float64()
    return pa.string()


def _prediction(column: pd.Series, type_: pa.DataType) -> pa.Array:
    ways = {pa.string(): str, pa.int64(): int, pa.float64(): float, pa.bool_(): bool}
    way = ways[type_]
    return pa.array(
        [None if missing else way(each) for each, missing in zip(column, column.isna(), strict=True)], type_
    )


def _key(column: pd.Series, plan: ScoringPlan, type_: pa.DataType) -> pa.Array:
    if type_ == pa.string():
        return pa.array(texts_of(column), type_, from_pandas=True)
    cells = read_cells(column, plan.types[str(column.name)], plan.how)
    if type_ == pa.int64():
        known = cells.values.notna()
        whole = cells.values.astype(object).where(known, None)
        whole[known] = _of_64_bits(whole_numbers(column[known], cells.values[known]))
        return pa.array(whole, type_)
    values = cells.values.astype("boolean") if type_ == pa.bool_() else cells.values
    return pa.array(values, type_, from_pandas=True)


def _of_64_bits(numbers: list[int]) -> list[int]:
    for number in numbers:
        if number not in INTS:
            raise DataRejected(
                f"the key {number} cannot be written to Parquet as a whole number",
                "whole numbers there end at 2^63",
                "write a .csv, or set the key's type to text in `contract.columns`",
            )
    return numbers

"""Score rows that nobody checked before: a row that breaks the contract has a reason, the others a prediction."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.broken_rows import Broken, reasons_of
from core.cells import Cells, as_held, read_cells, texts_of
from core.columns import with_columns
from core.contract import Mask, rules_of
from core.contract_spec import ColumnSpec, ContractSpec
from core.errors import DataMissing, EverfitError, SpecError
from core.records import ModelRecord, prediction_columns
from core.repeats import KeysBefore, ToldBefore
from core.source_spec import FormatSpec
from core.values import text_of

REASON, PREDICTION, ROW = "reason", "prediction", "row"
LONGEST_VALUE = 80
# So many rows that the model cannot score are looked for one by one; then their whole stretch is given up.
MOST_SEARCHED = 100


@dataclass(frozen=True, slots=True)
class ScoringPlan:
    """What is known before the first row.

    Attributes:
        record: The model.
        contract: What a row must keep, without the target.
        key: Columns that are handed through; empty where rows are counted.
        how: How texts are read.
        held: Types of the columns that the model was trained on, as in `ColumnSpec.type`.
    """

    record: ModelRecord
    contract: ContractSpec
    key: tuple[str, ...]
    how: FormatSpec
    held: Mapping[str, str]

    @property
    def types(self) -> dict[str, str]:
        """The type of each column that is read: the contract's, else the one that the model was trained on."""
        declared = {name: spec.type for name, spec in self.contract.columns.items()}
        read = {name: self.held.get(name, "text") for name in (*self.key, *self.before_features)}
        lags = self.record.preparation.lags
        return read | declared | self.features | ({lags.time: "datetime"} if lags else {})

    @property
    def before_features(self) -> tuple[str, ...]:
        """Columns that lags and the user's step read: of the step nobody knows, so it is given what it had."""
        preparation = self.record.preparation
        of_step = [name for name in self.held if name != preparation.target] if preparation.custom else []
        return (*of_step, *(preparation.lags.reads if preparation.lags else ()))

    @property
    def features(self) -> dict[str, str]:
        """The type of each feature, as the model reads it."""
        kinds, columns = ("float", "category", "datetime", "text"), self.record.columns
        names = (columns.numbers, columns.categories, columns.dates, columns.texts)
        found = {name: kind for kind, some in zip(kinds, names, strict=True) for name in some}
        if self.record.preparation.custom:
            # What the step has changed comes in as it was before.
            found = {name: kind for name, kind in found.items() if name not in self.held}
        # The contract may say more of a number: that it is whole, or yes and no.
        return {name: self._number(name) if kind == "float" else kind for name, kind in found.items()}

    def _number(self, name: str) -> str:
        declared = self.contract.columns.get(name)
        told = declared.type if declared else self.held.get(name)
        return told if told in ("int", "boolean") and (declared or told == "boolean") else "float"


@dataclass(frozen=True, slots=True)
class ScoredRows:
    """Prediction, probabilities and reason of each row, and how many rows broke each rule of each column."""

    frame: pd.DataFrame
    counts: Counter[tuple[str, str]]


def check_scorable(names: list[str], plan: ScoringPlan, source: str) -> None:
    """Refuse a table that lacks a feature or a key.

    Raises:
        DataMissing: Names what is not there.
    """
    needed = dict.fromkeys((*plan.key, *plan.record.expects(pd.DataFrame(columns=names))))
    absent = [name for name in needed if name not in names]
    if absent:
        raise DataMissing(
            f"{source} cannot be scored: it has no column {', '.join(repr(name) for name in absent[:10])}",
            f"{plan.record.model} needs them; the columns of the table are {', '.join(names[:20])}",
            "give every feature and the key; a value may be missing where the contract allows it",
        )


def check_key(plan: ScoringPlan) -> None:
    """Refuse a key that the columns of the answer would hide.

    Raises:
        SpecError: It has the name of one of them.
    """
    made = [*answer_columns(plan), REASON]
    clash = [name for name in plan.key if name in made]
    if clash:
        raise SpecError(
            f"the key column '{clash[0]}' cannot be handed through",
            f"predict writes a column of that name itself: {', '.join(made)}",
            "rename the column in the source and in `data.key`",
        )


def answer_columns(plan: ScoringPlan) -> list[str]:
    """The columns that a prediction has."""
    shape = (0, len(plan.record.coding.classes)) if plan.record.coding.problem == "multiclass" else (0,)
    return [str(name) for name in prediction_columns(plan.record.coding, np.empty(shape)).columns]


def score_rows(frame: pd.DataFrame, plan: ScoringPlan, pipeline: Any, before: KeysBefore | ToldBefore) -> ScoredRows:
    """Score the rows of one chunk.

    Args:
        frame: Raw rows, shape (n, n_columns), numbered from 0; texts are read by the types of the plan.
        plan: What is known before.
        pipeline: The model's.
        before: The keys of the chunks before; those of this chunk are added.

    Returns:
        A row for each, in order. Rows that break the contract, or that the model cannot score, have no prediction.
    """
    types = plan.types
    cells = {
        name: read_cells(frame[name], types[name], plan.how, held_type(plan, name)) for name in types if name in frame
    }
    broken = [*_broken_cells(frame, cells, plan), *_repeated(frame, plan, before)]
    good = ~np.any([np.full(len(frame), False), *(each.rows for each in broken)], axis=0)
    read = with_columns(frame, {name: each.values for name, each in cells.items()})
    answer, failed = _predicted(plan.record, pipeline, _as_trained(read[good], plan))
    if failed:
        rows = np.isin(np.arange(len(frame)), failed)
        broken.append(Broken("all features", "can be scored", rows, lambda _: "the model has no answer"))
    counts = Counter({(each.column, each.rule): int(each.rows.sum()) for each in broken if each.rows.any()})
    answer = answer.reindex(frame.index)
    return ScoredRows(with_columns(answer, {REASON: reasons_of(broken, len(frame))}), counts)


def held_type(plan: ScoringPlan, name: str) -> str:
    """The type of a column when the model was trained, as far as it is known."""
    listed = plan.contract.columns[name].values if name in plan.contract.columns else None
    if name in plan.held or not listed:
        return plan.held.get(name, "text")
    kinds = {type(value) for value in listed}
    return "boolean" if kinds == {bool} else "float" if kinds <= {int, float} else "text"


def _as_trained(rows: pd.DataFrame, plan: ScoringPlan) -> pd.DataFrame:
    # The features' own types are the same for all; a step of the user's may care for 7 and 7.0.
    return as_held(rows, plan.held) if plan.record.preparation.custom else rows


def _broken_cells(frame: pd.DataFrame, cells: Mapping[str, Cells], plan: ScoringPlan) -> Iterator[Broken]:
    for name, read in cells.items():
        yield _told_with_value(frame[name], f"type {plan.types[name]}", read.unreadable)
    for rule in rules_of(_of_rows(plan, cells)):
        if not rule.of_batch:
            read = cells[rule.column]
            yield _told_with_value(frame[rule.column], rule.words, rule.broken(read.values) & ~read.unreadable)


def _of_rows(plan: ScoringPlan, cells: Mapping[str, Cells]) -> ContractSpec:
    types = plan.types
    columns = {name: _as_read(spec, types[name]) for name, spec in plan.contract.columns.items() if name in cells}
    return plan.contract.model_copy(update={"columns": columns, "max_null_share": 1.0, "unique": ()})


def _as_read(spec: ColumnSpec, kind: str) -> ColumnSpec:
    if spec.type != kind and {spec.type, kind} != {"category", "text"}:
        # The YAML has changed since the training: limits of another type say nothing about what the model reads.
        return ColumnSpec(type=spec.type, nullable=spec.nullable)
    if spec.values is None or kind not in ("category", "text"):
        return spec
    # Categories are compared as text: whether a source gives 1, 1.0 or "1" says nothing of the row.
    return spec.model_copy(update={"values": tuple(map(text_of, spec.values))})


def unique_keys(frame: pd.DataFrame, plan: ScoringPlan) -> pd.DataFrame | None:
    """The columns that may not repeat, as texts; None where the contract or the table has none."""
    unique = plan.contract.unique
    if not unique or not set(unique) <= set(frame.columns):
        return None
    return pd.DataFrame({name: texts_of(frame[name], held_type(plan, name)) for name in unique})


def _repeated(frame: pd.DataFrame, plan: ScoringPlan, before: KeysBefore | ToldBefore) -> Iterator[Broken]:
    unique, keys = plan.contract.unique, unique_keys(frame, plan)
    if keys is not None:
        shown = keys.fillna("nothing").agg(", ".join, axis=1) if len(unique) > 1 else keys[unique[0]]
        told = lambda row: f"{_shown(shown.iloc[row])} came before"  # noqa: E731
        yield Broken(", ".join(unique), "unique", before.repeats(keys), told)


def _told_with_value(column: pd.Series, rule: str, rows: Mask) -> Broken:
    return Broken(str(column.name), rule, rows, lambda row: f"it is {_shown(column.iloc[row])}")


def _shown(value: Any) -> str:
    text = texts_of(pd.Series([value], dtype=object)).iloc[0]
    return repr(text[:LONGEST_VALUE]) if isinstance(text, str) else "missing"


def _predicted(record: ModelRecord, pipeline: Any, rows: pd.DataFrame) -> tuple[pd.DataFrame, list[int]]:
    parts, failed = [], list[int]()
    stretches = [rows] if len(rows) else []
    while stretches:
        some = stretches.pop()
        try:
            with np.errstate(all="ignore"):
                found = record.predict(pipeline, some)
        except (EverfitError, ValueError, TypeError, ArithmeticError):
            # One value that the model cannot take, such as 1e300, must cost its own row only.
            if len(some) == 1 or len(failed) >= MOST_SEARCHED:
                failed += some.index.tolist()
            else:
                half = len(some) // 2
                stretches += [some.iloc[half:], some.iloc[:half]]
            continue
        known: Mask = np.asarray(np.isfinite(found).reshape(len(some), -1).all(axis=1))
        failed += some.index[~known].tolist()
        parts.append(
            prediction_columns(record.coding, found[known], record.report.threshold).set_index(some.index[known])
        )
    shape = (0, len(record.coding.classes)) if record.coding.problem == "multiclass" else (0,)
    return pd.concat(parts or [prediction_columns(record.coding, np.empty(shape))]), failed

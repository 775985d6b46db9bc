"""What a request must hold so that a version can answer it: its fields, their types and the contract's rules."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from core.contract_spec import ColumnSpec
from core.features import FeatureColumns
from core.records import ModelRecord
from core.refusals import Refusal
from core.request_columns import NUMERIC, Field, Values
from core.request_rows import RequestRows

OF_CONTRACT: Mapping[str, str] = MappingProxyType(
    {
        "float": "number",
        "int": "whole",
        "boolean": "yes_or_no",
        "category": "category",
        "datetime": "date",
        "text": "text",
    }
)
OF_FEATURES: Mapping[str, str] = MappingProxyType(
    {"numbers": "number", "categories": "category", "dates": "date", "texts": "text"}
)


@dataclass(frozen=True, slots=True)
class RequestContract:
    """The fields of a version's requests.

    Attributes:
        needed: Fields that every request has, each a feature of the model, in the model's order.
        others: Fields that a request may have beside them: key, time, and what else the contract knows.
    """

    needed: Mapping[str, Field]
    others: Mapping[str, Field]

    def read(self, rows: RequestRows) -> dict[str, Values]:
        """Each needed field's values as the model reads them.

        Raises:
            Refusal: A field is missing, unknown, or holds what it may not.
        """
        if rows.columns.keys() != self.needed.keys():
            self._check_names(rows)
        return {name: field.read(rows.columns[name]) for name, field in self.needed.items()}

    def from_text(self, rows: RequestRows) -> RequestRows:
        """The same rows with numbers, yes and no in place of what a CSV says.

        Raises:
            Refusal: A text in a column of numbers is none.
        """
        fields = {**self.needed, **self.others}
        columns = {
            name: fields[name].from_text(each) if name in fields else each for name, each in rows.columns.items()
        }
        return RequestRows(columns, rows.n_rows)

    def _check_names(self, rows: RequestRows) -> None:
        for name in self.needed:
            if name not in rows.columns:
                raise Refusal(
                    f"the field '{name}' is missing",
                    f"the model reads {', '.join(list(self.needed)[:30])}",
                    "send it in every row; null where its value is not known",
                ).at(name)
        for name in rows.columns:
            if name in self.needed:
                continue
            if name not in self.others:
                raise self._unknown(name)
            self.others[name].read(rows.columns[name])

    def _unknown(self, name: str) -> Refusal:
        near = difflib.get_close_matches(name[:100], [*self.needed, *self.others], n=1)
        fix = f"did you mean '{near[0]}'?" if near else "leave it out"
        known = ", ".join([*self.needed, *self.others][:40])
        return Refusal(f"the field '{name[:80]}' is not known", f"the model knows {known}", fix).at(name[:80])


def request_contract(record: ModelRecord, held: Iterable[str] = ()) -> RequestContract:
    """The contract of a version's requests, from what it learned from and what its spec said then.

    Values of earlier rows are fields too: a request does not hold the past, and who sends it must say what it was.

    Args:
        record: What is known of the version.
        held: Further columns of the table that it was trained on, which a step of the user's may read.
    """
    spec, lags = record.spec, record.preparation.lags
    rules = {
        name: ColumnSpec.model_validate(each) for name, each in spec.get("contract", {}).get("columns", {}).items()
    }
    learned = {name: kind for part, kind in OF_FEATURES.items() for name in getattr(record.columns, part)}
    made = set(record.preparation.made) - set(lags.made if lags else ())
    needed = {name: _field(name, learned[name], rules.get(name)) for name in record.columns.names if name not in made}
    data = spec.get("data", {})
    named = [*data.get("key", ()), data.get("time"), data.get("group"), spec.get("target", {}).get("column"), *rules]
    named += [*spec.get("features", {}).get("drop", ()), *held]
    known = {data.get("time"): "date"}
    others = {name: _field(name, known.get(name), rules.get(name)) for name in named if name and name not in needed}
    return RequestContract(needed, others)


def _field(name: str, learned: str | None, rules: ColumnSpec | None) -> Field:
    declared = OF_CONTRACT[rules.type] if rules else "any"
    if learned is None or (learned == "number" and declared in NUMERIC):
        return Field(name, declared, rules)
    # What is declared a text may have been learned as a category: the model's own reading decides.
    return Field(name, learned, rules)


def as_frame(values: Mapping[str, Values], columns: FeatureColumns) -> pd.DataFrame:
    """Read values as the raw table that a pipeline's features are made from."""
    ready: dict[str, Any] = {}
    for name, each in values.items():
        if name in columns.dates:
            ready[name] = pd.to_datetime(np.round(np.array(each, dtype=float) * 86_400_000_000), unit="us", utc=True)
        else:
            ready[name] = pd.Series(each, dtype=np.float64 if name in columns.numbers else object)
    return pd.DataFrame(ready)

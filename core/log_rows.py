"""Answered requests as columns of the prediction log: what was asked, what was answered, by whom and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.answers import Answers
from core.request_contract import RequestContract
from core.request_rows import RequestRows

ANSWERED_AT = "answered_at"
Columns = dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Logged:
    """One answered request; `at` is in UTC, and says no zone."""

    at: datetime
    request: str
    role: str
    rows: RequestRows
    answers: Answers


def as_columns(
    entries: Sequence[Logged], version: int, contract: RequestContract, time: str | None
) -> tuple[Columns, dict[str, str]]:
    """The rows of requests that one version answered, and of which kind each column is.

    Args:
        entries: The requests.
        version: Who answered.
        contract: Its fields.
        time: The column that orders rows; where a request lacks it, a row is as old as its answer.
    """
    fields = {**contract.needed, **contract.others}
    names = dict.fromkeys(name for entry in entries for name in entry.rows.columns)
    columns: Columns = {
        name: [v for e in entries for v in e.rows.columns.get(name, [None] * e.rows.n_rows)] for name in names
    }
    kinds = {name: fields[name].kind for name in names if name in fields}
    each = [(entry, row) for entry in entries for row in range(entry.rows.n_rows)]
    if time:
        asked = columns.get(time, [None] * len(each))
        columns[time] = [entry.at if value is None else value for value, (entry, _) in zip(asked, each, strict=True)]
        kinds[time] = "date"
    ours = _answered(entries) | {
        "model_version": [version] * len(each),
        "served_as": [entry.role for entry, _ in each],
        ANSWERED_AT: [entry.at for entry, _ in each],
        "request_id": [entry.request for entry, _ in each],
        "request_row": [row for _, row in each],
    }
    for name, values in ours.items():
        # What was asked keeps its name; ours makes way.
        free = name
        while free in columns:
            free += "_"
        columns[free] = values
        kinds |= {free: "date"} if name == ANSWERED_AT else {}
    return columns, kinds


def _answered(entries: Sequence[Logged]) -> Columns:
    return {name: [answer[name] for entry in entries for answer in entry.answers] for name in entries[0].answers[0]}

"""The rows of a scoring request, in each form that MLflow's scoring protocol knows."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from core.refusals import Refusal, TooLarge, Unreadable

FORMS = "dataframe_split, dataframe_records, inputs or instances"
EXAMPLE = '{"dataframe_records": [{"column": 1.5}]}'
# Beside the rows a request may hold parameters, which MLflow's clients send even where a model has none.
BESIDE = frozenset({"params"})
N_SHOWN = 80


@dataclass(frozen=True, slots=True)
class RequestRows:
    """Rows as columns of plain values: name to a list of n_rows values."""

    columns: dict[str, list[Any]]
    n_rows: int


def rows_of(document: Any, most_rows: int) -> RequestRows:
    """The rows of a JSON document.

    Raises:
        Unreadable: It is none of the protocol's forms.
        TooLarge: It holds more rows than are answered at once.
        Refusal: A row has no value for a column.
    """
    if not isinstance(document, dict):
        raise _unreadable(f"it is {_kind(document)}, not an object")
    forms = [name for name in document if name in READERS]
    if len(forms) != 1:
        held = ", ".join(repr(name[:N_SHOWN]) for name in list(document)[:5]) or "nothing"
        raise _unreadable(f"it holds {held}; exactly one of {FORMS} is needed")
    odd = next((name for name in document if name not in READERS and name not in BESIDE), None)
    if odd is not None:
        raise _unreadable(f"beside {forms[0]!r} it holds {odd[:N_SHOWN]!r}, which is not known")
    return READERS[forms[0]](document[forms[0]], forms[0], most_rows)


def rows_of_csv(text: str, most_rows: int) -> RequestRows:
    """The rows of a CSV with a line of names, all of them texts; an empty field is null.

    Raises:
        Unreadable: A line has more or fewer fields than the first.
        TooLarge: Too many rows.
    """
    try:
        lines = [line for line in csv.reader(io.StringIO(text), strict=True) if line]
    except csv.Error as error:
        raise _unreadable(f"the CSV is broken: {error}") from error
    if not lines:
        raise _unreadable("the CSV is empty")
    names, data = lines[0], lines[1:]
    wrong = next((i for i, line in enumerate(data) if len(line) != len(names)), None)
    if wrong is not None:
        raise _unreadable(f"row {wrong} has {len(data[wrong])} fields, the first line names {len(names)}")
    return _split({"columns": names, "data": [[value or None for value in line] for line in data]}, "CSV", most_rows)


def _split(value: Any, form: str, most_rows: int) -> RequestRows:
    if not isinstance(value, dict) or not {"columns", "data"} <= set(value) <= {"columns", "data", "index"}:
        raise _unreadable(f"{form!r} must be an object with `columns` and `data`, and may have `index`")
    names, data = value["columns"], value["data"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _unreadable(f"`columns` of {form!r} must be a list of names")
    if len(set(names)) < len(names):
        twice, _ = Counter(names).most_common(1)[0]
        raise _unreadable(f"`columns` of {form!r} names {twice[:N_SHOWN]!r} twice")
    if not isinstance(data, list):
        raise _unreadable(f"`data` of {form!r} must be a list of rows, it is {_kind(data)}")
    _check_count(len(data), most_rows)
    for i, row in enumerate(data):
        if not isinstance(row, list) or len(row) != len(names):
            held = f"{len(row)} values" if isinstance(row, list) else _kind(row)
            raise _unreadable(f"row {i} of `data` is {held}, `columns` has {len(names)} names")
    return RequestRows({name: [row[j] for row in data] for j, name in enumerate(names)}, len(data))


def _records(value: Any, form: str, most_rows: int) -> RequestRows:
    if not isinstance(value, list):
        raise _unreadable(f"{form!r} must be a list of objects, it is {_kind(value)}")
    _check_count(len(value), most_rows)
    odd = next((i for i, row in enumerate(value) if not isinstance(row, dict)), None)
    if odd is not None:
        raise _unreadable(f"row {odd} of {form!r} is {_kind(value[odd])}, not an object")
    if len(value) == 1:
        return RequestRows({name: [cell] for name, cell in value[0].items()}, 1)
    names = dict.fromkeys(name for row in value for name in row)
    columns = {}
    for name in names:
        lacking = next((i for i, row in enumerate(value) if name not in row), None)
        if lacking is not None:
            raise Refusal(
                f"row {lacking} lacks the field '{name[:N_SHOWN]}'",
                "other rows of the request have it",
                "give every row the same fields; write null where a value is not known",
            ).at(name[:N_SHOWN], lacking)
        columns[name] = [row[name] for row in value]
    return RequestRows(columns, len(value))


def _by_column(value: Any, form: str, most_rows: int) -> RequestRows:
    # MLflow takes `inputs` by column; a list of objects is what people send by mistake, and means the same.
    if isinstance(value, list):
        return _records(value, form, most_rows)
    if not isinstance(value, dict):
        raise _unreadable(f"{form!r} must be an object of columns, it is {_kind(value)}")
    columns = {name: cells if isinstance(cells, list) else [cells] for name, cells in value.items()}
    lengths = {len(cells) for cells in columns.values()}
    if len(lengths) > 1:
        raise _unreadable(f"the columns of {form!r} have different lengths, from {min(lengths)} to {max(lengths)}")
    n_rows = lengths.pop() if lengths else 0
    _check_count(n_rows, most_rows)
    return RequestRows(columns, n_rows)


def _check_count(n_rows: int, most_rows: int) -> None:
    if n_rows > most_rows:
        raise TooLarge(
            f"the request holds {n_rows} rows",
            f"at most {most_rows} are answered at once",
            "send them in parts, or score the table with `everfit predict`",
        )
    if not n_rows:
        raise _unreadable("it holds no rows")


def _kind(value: Any) -> str:
    return KINDS.get(type(value), "a value")


def _unreadable(why: str) -> Unreadable:
    return Unreadable("the request cannot be read", why, f"send for example {EXAMPLE}")


KINDS = MappingProxyType(
    {
        dict: "an object",
        list: "a list",
        str: "a text",
        int: "a number",
        float: "a number",
        bool: "true or false",
        type(None): "null",
    }
)
READERS: Mapping[str, Callable[[Any, str, int], RequestRows]] = MappingProxyType(
    {"dataframe_split": _split, "dataframe_records": _records, "inputs": _by_column, "instances": _by_column}
)

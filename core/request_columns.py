"""The values of one field of a request, held against its type and its contract, in the form that a model reads."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from types import MappingProxyType, NoneType
from typing import Any

from core.contract_spec import ColumnSpec
from core.features import LARGEST
from core.refusals import Refusal
from core.values import text_of

N_SHOWN = 60
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
NAN = float("nan")
WORDS = MappingProxyType({"true": True, "false": False})

Types = frozenset[type[Any]]
NUMBERS: Types = frozenset({int, float, NoneType})
SCALARS: Types = frozenset({str, int, float, bool, NoneType})
NUMBERS_OR_YES: Types = NUMBERS | {bool}
NUMERIC = ("number", "whole", "yes_or_no")
Values = list[Any]


@dataclass(frozen=True)
class Field:
    """One field that a request may have.

    Attributes:
        kind: number, whole, yes_or_no, category, date, text or any.
        rules: What the contract says of it; None where it says nothing.
    """

    name: str
    kind: str
    rules: ColumnSpec | None = None

    # The rules in the form in which they are asked for every row.
    @cached_property
    def needs_value(self) -> bool:
        return self.rules is not None and not self.rules.nullable

    @cached_property
    def allowed(self) -> frozenset[str] | None:
        known = self.rules.values if self.rules else None
        return None if known is None else frozenset(map(text_of, known))

    @cached_property
    def limits(self) -> tuple[float, float] | None:
        if self.rules is None or self.kind not in NUMERIC or (self.rules.min is None and self.rules.max is None):
            return None
        return (
            -math.inf if self.rules.min is None else self.rules.min,
            math.inf if self.rules.max is None else self.rules.max,
        )

    def read(self, values: Values) -> Values:
        """The values as a model reads them: numbers (NaN where missing), texts (None where missing), days since 1970.

        Raises:
            Refusal: A value cannot be one of this field.
        """
        if self.needs_value and None in values:
            raise self._refused(values.index(None), None, "the contract wants a value", "send one in every row")
        ready = READERS[self.kind](self, values)
        if self.allowed is not None:
            self._check_allowed(values, self.allowed)
        if self.limits is not None:
            low, high = self.limits
            for number in ready:
                if number < low or number > high:
                    raise self._beyond(values, ready, low, high)
        return ready

    def _check_allowed(self, values: Values, allowed: frozenset[str]) -> None:
        for row, value in enumerate(values):
            if value is not None and value not in allowed and text_of(value) not in allowed:
                known = sorted(allowed)
                shown = ", ".join(map(repr, known[:20])) + (", ..." if len(known) > 20 else "")
                raise self._refused(row, value, f"the contract allows {shown}", "send one of them, or null")

    def _beyond(self, values: Values, ready: Values, low: float, high: float) -> Refusal:
        row = next(row for row, number in enumerate(ready) if number < low or number > high)
        wanted = f"the contract wants a number from {low:g} to {high:g}"
        return self._refused(row, values[row], wanted, "correct the value, or send null if it is not known")

    def from_text(self, values: Values) -> Values:
        """What the texts of a CSV say: numbers, yes and no where the field has them."""
        return [None if text is None else self._from_text(text, row) for row, text in enumerate(values)]

    def _from_text(self, text: str, row: int) -> Any:
        if self.kind in NUMERIC[:2]:
            number = _number(text)
            if number is None:
                raise self._refused(row, text, "it is no finite number", "write it as 1234.5, or leave it empty")
            return number
        return WORDS.get(text.lower(), text) if self.kind == "yes_or_no" else text

    def numbers(self, values: Values) -> Values:
        # Where nothing is declared, training read yes and no as 1 and 0.
        allowed = NUMBERS if self.rules else NUMBERS_OR_YES
        if not allowed.issuperset(map(type, values)):
            self._refuse_type(values, allowed, "it is no number", "send a number, or null")
        # JSON has neither NaN nor infinity; what is larger than a model reads is cut as in `core.features`.
        return [
            NAN if value is None else float(value) if -LARGEST <= value <= LARGEST else math.copysign(LARGEST, value)
            for value in values
        ]

    def whole_numbers(self, values: Values) -> Values:
        ready = self.numbers(values)
        for row, value in enumerate(values):
            if value is not None and value % 1:
                raise self._refused(row, value, "it is no whole number", "send one without a fraction")
        return ready

    def yes_or_no(self, values: Values) -> Values:
        for row, value in enumerate(values):
            if value is not None and (isinstance(value, str | list | dict) or value not in (0, 1)):
                raise self._refused(row, value, "it is neither true nor false", "send true, false or null")
        return [NAN if value is None else float(value) for value in values]

    def categories(self, values: Values) -> Values:
        if not SCALARS.issuperset(map(type, values)):
            self._refuse_type(values, SCALARS, "it is no single value", "send a text or a number, or null")
        return [None if value is None else text_of(value) for value in values]

    def texts(self, values: Values) -> Values:
        for row, value in enumerate(values):
            if value is not None and not isinstance(value, str):
                raise self._refused(row, value, "it is no text", "send a text, or null")
        return ["" if value is None else value for value in values]

    def days(self, values: Values) -> Values:
        return [NAN if value is None else (self.moment(value, row) - EPOCH) / DAY for row, value in enumerate(values)]

    def moment(self, value: Any, row: int) -> datetime:
        """A moment in UTC; without an offset it is taken as UTC, as training does."""
        try:
            found = datetime.fromisoformat(value)
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        except (TypeError, ValueError, OverflowError):
            raise self._refused(row, value, "it is no moment", "write it as 2026-01-31T12:00:00") from None

    def scalars(self, values: Values) -> Values:
        if not SCALARS.issuperset(map(type, values)):
            self._refuse_type(values, SCALARS, "it is no single value", "send a text or a number, or null")
        return values

    def _refuse_type(self, values: Values, allowed: Types, why: str, fix: str) -> None:
        for row, value in enumerate(values):
            if type(value) not in allowed:
                raise self._refused(row, value, why, fix)

    def _refused(self, row: int, value: Any, why: str, fix: str) -> Refusal:
        shown = "null" if value is None else repr(value)
        shown = shown if len(shown) <= N_SHOWN else f"{shown[:N_SHOWN]}..."
        return Refusal(f"row {row}: the field '{self.name}' cannot be {shown}", why, fix).at(self.name, row)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


READERS: Mapping[str, Callable[[Field, Values], Values]] = MappingProxyType(
    {
        "number": Field.numbers,
        "whole": Field.whole_numbers,
        "yes_or_no": Field.yes_or_no,
        "category": Field.categories,
        "date": Field.days,
        "text": Field.texts,
        "any": Field.scalars,
    }
)

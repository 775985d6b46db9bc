"""Numbers as people write them: `1,234.50`, `1.234,50 EUR`, `12 %`, `(3)`, `1'000`."""

from typing import Literal

import pandas as pd

Mark = Literal[".", ","]
CURRENCIES = "USD|EUR|GBP|JPY|CHF|CAD|AUD|INR|CNY|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|KRW"
SIGNS = rf"[$€£¥₹%]|{CURRENCIES}"
# The characters themselves and not their escapes: Arrow's regular expressions know none.
BLANKS, MINUS = " '\u2019\u00a0\u202f", "\u2212(-"
GROUPED = {mark: rf"\d{{1,3}}(?:[{other}{BLANKS}]\d{{3}})+|\d+" for mark, other in ((".", ","), (",", "."))}


def parse_written(values: pd.Series, decimal: Mark) -> pd.Series:
    """Numbers from their text, float64; NaN where a text is no number.

    Args:
        values: Texts or missing values.
        decimal: The decimal mark; the other one, blanks and apostrophes group thousands.
    """
    parts = values.astype("string").str.extract(_pattern(decimal))
    digits = parts["whole"].str.replace(r"[^\d]", "", regex=True) + parts["rest"].fillna("").str.replace(",", ".")
    sign = 1 - 2 * (parts["minus"].fillna("").str.contains(f"[{MINUS}]", regex=True)).astype(float)
    numbers: pd.Series = pd.to_numeric(digits, errors="coerce").astype("Float64").astype("float64") * sign
    return numbers


def affixes(values: pd.Series, decimal: Mark) -> set[str]:
    """The signs of currency or share around the numbers; more than one means that units differ."""
    parts = values.astype("string").str.extract(_pattern(decimal))
    found = parts["before"].fillna("") + parts["after"].fillna("")
    return set(found[parts["whole"].notna()].unique().tolist())


def decimal_of(values: pd.Series, usual: Mark) -> Mark | None:
    """The decimal mark with which nearly all texts are numbers of one unit; None when there is none.

    Args:
        values: Texts, none missing.
        usual: The mark that wins where both would do, such as in `1,234`.
    """
    marks: tuple[Mark, Mark] = (usual, "," if usual == "." else ".")
    shares = {mark: float(parse_written(values, mark).notna().mean()) for mark in marks}
    best = max(marks, key=lambda mark: shares[mark])
    return best if shares[best] >= 0.95 and len(affixes(values, best)) == 1 else None


def _pattern(decimal: Mark) -> str:
    rest = rf"(?P<rest>{'[.]' if decimal == '.' else ','}\d+)?"
    return (
        rf"^\s*(?P<minus>[+{MINUS}])?\s*(?P<before>{SIGNS})?\s*(?:[-+])?"
        rf"(?P<whole>{GROUPED[decimal]}){rest}\s*(?P<after>{SIGNS})?\s*\)?\s*$"
    )

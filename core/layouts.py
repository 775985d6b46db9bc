"""How a text holds a table: what is between its fields, and where its names are."""

import csv
import io
from collections import Counter
from dataclasses import dataclass

from core.errors import DataRejected

DELIMITERS = (",", ";", "\t", "|", ":", " ")
BLANKS = r"\s+"
MOST_LINES = 500


@dataclass(frozen=True, slots=True)
class Layout:
    """Where fields and names are in a text."""

    delimiter: str
    skip_lines: int


def detect_layout(text: str) -> Layout:
    """The delimiter that cuts the lines into the same number of fields, and the lines before the names.

    Args:
        text: The start of the file, whole lines.
    """
    told = text.split("\n", 1)[0].strip().strip('"')
    # Excel's own way to say it.
    if told.lower().startswith("sep=") and len(told) == 5:
        return Layout(told[-1], 1)
    counts = {delimiter: _field_counts(text, delimiter) for delimiter in (*DELIMITERS, BLANKS)}
    best = max(counts, key=lambda delimiter: _regularity(counts[delimiter], delimiter))
    if _regularity(counts[best], best)[0] == 0:
        return Layout(",", 0)
    return Layout(best, _lines_before_names(text, counts[best]))


def names_of(text: str, layout: Layout) -> list[str]:
    """The names in the header; an unnamed column has an empty one."""
    if layout.delimiter == BLANKS:
        lines = [line.split() for line in text.split("\n")[layout.skip_lines :] if line.strip()]
        return lines[0] if lines else []
    lines_after = io.StringIO("\n".join(text.split("\n")[layout.skip_lines :]))
    rows = csv.reader(lines_after, delimiter=layout.delimiter)
    return next((row for row in rows if row), [])


def refuse_twins(names: list[str], source: str) -> None:
    """Refuse a table in which two columns have one name.

    Raises:
        DataRejected: They have.
    """
    twins = [name for name, count in Counter(names).items() if count > 1 and name != ""]
    if twins:
        places = ", ".join(str(place + 1) for place, name in enumerate(names) if name == twins[0])
        raise DataRejected(
            f"{source} has two columns named '{twins[0]}'",
            f"the columns {places} of {len(names)} have that name, nobody can tell which is meant",
            "rename one of them in the file",
        )


def _field_counts(text: str, delimiter: str) -> list[int]:
    lines = [line for line in text.split("\n")[:MOST_LINES] if line.strip()]
    if delimiter == BLANKS:
        return [len(line.split()) for line in lines]
    try:
        return [len(row) for row in csv.reader(lines, delimiter=delimiter)]
    except csv.Error:
        return []


def _regularity(counts: list[int], delimiter: str) -> tuple[float, int, int]:
    # Share of the lines that have the commonest number of fields, 0 to 1; a wrong delimiter cuts here and there.
    if not counts:
        return (0.0, 0, 0)
    fields, lines = Counter(counts[1:] or counts).most_common(1)[0]
    # Blanks and colons stand inside dates and sentences: they count only where they cut the names too, save one for an
    # index that has none.
    weak = delimiter in {":", " ", BLANKS}
    if fields < 2 or (weak and counts[0] not in ({fields, fields - 1} - {1})):
        return (0.0, 0, 0)
    share = round(lines / max(len(counts) - 1, 1), 1) * (1.0 if counts[0] == fields else 0.6)
    order = -(*DELIMITERS, BLANKS).index(delimiter)
    return (share * (0.5 if weak else 1.0), fields, order)


def _lines_before_names(text: str, counts: list[int]) -> int:
    usual = Counter(counts).most_common(1)[0][0] if counts else 1
    if usual < 3:
        return 0
    # A title or a remark above the table has fewer fields than half of its columns.
    before = next((place for place, n in enumerate(counts[:20]) if n > usual / 2), 0)
    filled = [place for place, line in enumerate(text.split("\n")[:MOST_LINES]) if line.strip()]
    return filled[before] if before else 0

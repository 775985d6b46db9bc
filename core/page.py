"""What a page about a version is made of, and the same as Markdown; `adapters.html` makes the HTML."""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """Lines of cells under names of columns."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Link:
    """Words, and where they lead."""

    words: str
    address: str


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG that needs nothing else."""

    title: str
    svg: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what is below it; what is empty is left out."""

    title: str
    text: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    pictures: tuple[Picture, ...] = ()
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A page.

    Attributes:
        verdict: One word that is shown as a badge.
        lead: The sentence that says it all.
        facts: Names and values that are read first.
    """

    title: str
    verdict: str
    lead: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]


# The order is that of the model card of Mitchell et al. 2019; what is special to Markdown is a letter here.
MARKDOWN = re.compile(r"([\\`*_\[\]<>|#])")


def markdown_of(page: Page) -> str:
    """The page as Markdown, without its pictures."""
    lines = [f"# {plain(page.title)}", "", f"**{plain(page.verdict)}**: {plain(page.lead)}", ""]
    lines += [f"- {plain(name)}: {plain(value)}" for name, value in page.facts]
    for section in page.sections:
        lines += ["", f"## {plain(section.title)}", *_section(section)]
    return "\n".join(lines) + "\n"


def _section(section: Section) -> Iterator[str]:
    for words in section.text:
        yield from ("", plain(words))
    for table in section.tables:
        yield from ("", *table_lines(table))
    if section.links:
        yield ""
    yield from (f"- {link_text(link)}" for link in section.links)


def table_lines(table: Table) -> Iterator[str]:
    """A table as lines of Markdown."""
    yield _line(table.head)
    yield _line(("---",) * len(table.head), raw=True)
    yield from (_line(row) for row in table.rows)


def link_text(link: Link) -> str:
    """A link as Markdown; an address that would end it early is in angle brackets."""
    return f"[{plain(link.words)}](<{link.address.replace('<', '%3C').replace('>', '%3E')}>)"


def plain(words: str) -> str:
    """Words that Markdown shows as they are: names of columns come from whoever made the table."""
    return MARKDOWN.sub(r"\\\1", " ".join(words.split()))


def _line(cells: tuple[str, ...], raw: bool = False) -> str:
    return f"| {' | '.join(cell if raw else plain(cell) for cell in cells)} |"

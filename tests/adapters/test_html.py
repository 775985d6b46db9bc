"""The page as a browser gets it."""

from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from adapters.html import html_of
from core.card import card_of
from core.charts import Axes, Line, bar_chart, heat_table, histogram, line_chart
from core.lineage import Feature
from core.page import Link, Page, Section, Table
from tests.core.test_card import REPORT, story

VOID = {"meta", "link", "br", "img"}
NASTY = "<script>alert(1)</script>\x07 & \"quoted\" 'name'"


class Reader(HTMLParser):
    """Which tags there are, and whether each is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self.wrong: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_page_is_well_formed_small_and_asks_nothing_of_the_network():
    text = html_of(card_of(story()))
    read = Reader(text)
    assert (read.wrong, read.open) == ([], [])
    assert len(text) < 3_000_000
    outside = [tag for tag, given in read.tags if tag in {"script", "link", "iframe", "img"} or "src" in given]
    assert outside == []
    assert "default-src 'none'" in text
    assert any(given.get("name") == "viewport" for _, given in read.tags)


def test_page_shows_the_pictures_of_the_version():
    labels = {given["aria-label"] for tag, given in Reader(html_of(card_of(story()))).tags if tag == "svg"}
    assert labels == {"ROC", "Precision and recall", "Confusion", "Calibration", "Permutation importance"}


def test_page_of_very_many_columns_is_below_three_megabytes():
    told = story()
    many = tuple(Feature(f"column {i} " * 9, "number", "source", ("x",) * 5, 9, 0.0) for i in range(5000))
    record = replace(told.version.record, report=replace(REPORT, features=many))
    columns = tuple(replace(told.appraisal.columns[0], name=f"column {i}") for i in range(300))
    wide = replace(
        told, version=replace(told.version, record=record), appraisal=replace(told.appraisal, columns=columns)
    )
    assert 50_000 < len(html_of(card_of(wide))) < 3_000_000


@pytest.mark.parametrize(
    "svg",
    [
        bar_chart(NASTY, [(NASTY, 0.5)]),
        heat_table("t", [NASTY, "b"], [[1, 2], [0, 0]]),
        line_chart(Axes("t", NASTY, "y"), [Line(NASTY, (0, 1), (0, 1)), Line("b", (0, 1), (1, 1))]),
        histogram(Axes(NASTY, "x", "y"), [(0.0, 0.0, 5)]),
        bar_chart("t", []),
    ],
)
def test_names_in_pictures_are_words_and_never_tags(svg):
    assert {each.tag.rpartition("}")[2] for each in ET.fromstring(svg).iter()} <= {
        "svg", "title", "text", "rect", "polyline", "path", "circle",
    }  # fmt: skip


def test_words_of_a_page_are_escaped_and_a_link_that_would_run_code_is_none():
    links = (Link("bad", "javascript:alert(1)"), Link("good", "https://example.org/a?b=1&c=2"))
    page = Page(NASTY, NASTY, NASTY, ((NASTY, NASTY),), (Section(NASTY, (NASTY,), (Table((NASTY,), ((NASTY,),)),)),))
    text = html_of(replace(page, sections=(*page.sections, Section("links", links=links))))
    tags = Reader(text).tags
    assert "script" not in [tag for tag, _ in tags]
    assert [given["href"] for tag, given in tags if tag == "a"] == ["https://example.org/a?b=1&c=2"]

"""The page as a browser gets it."""

from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from adapters.html import html_of
from core.appraisal import Scored, appraise
from core.card import card_of
from core.card_data import SHAPLEY
from core.charts import Axes, Line, bar_chart, heat_table, histogram, line_chart
from core.lineage import Feature
from core.metrics import score_all
from core.page import Link, Page, Section, Table
from core.story import Story
from core.target import TargetCoding
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
    assert labels == {"ROC", "Precision and recall", "Confusion", "Calibration", "Permutation importance", SHAPLEY}


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


def of_problem(problem: str) -> Story:
    """The story of a model of numbers or of three classes."""
    random = np.random.default_rng(1)
    told, n_rows = story(), 900
    classes = ("a", "b", "c") if problem == "multiclass" else ()
    truth = random.integers(0, 3, n_rows).astype(float) if classes else random.gamma(2, 400, n_rows)
    prediction = random.dirichlet(np.ones(3), n_rows) if classes else truth + random.normal(0, 50, n_rows)
    metric = "roc_auc" if classes else "rmse"
    rows = Scored(problem, classes, truth, prediction, 0.5, None)
    values = pd.Series(np.where(np.arange(n_rows) % 2 == 0, "north", "south"))
    metrics = score_all(problem, truth, prediction)
    report = replace(REPORT, metrics=metrics, baselines={"dummy": metrics, "linear": metrics}, classes=())
    record = replace(told.version.record, coding=TargetCoding(problem, classes), report=report)
    return replace(
        told,
        version=replace(told.version, record=record),
        appraisal=appraise(rows, metric, 0, {"place": (values, True)}),
        training=told.training | {"metrics": {"champion": None, "challenger": None}},
    )


@pytest.mark.parametrize(
    ("problem", "pictures"),
    [
        ("regression", {"Residuals", "Calibration", "Permutation importance", SHAPLEY}),
        ("multiclass", {"ROC", "Precision and recall", "Confusion", "Calibration", "Permutation importance", SHAPLEY}),
    ],
)
def test_page_of_every_problem_shows_the_pictures_that_fit_it(problem, pictures):
    text = html_of(card_of(of_problem(problem)))
    read = Reader(text)
    assert (read.wrong, read.open) == ([], [])
    assert {given["aria-label"] for tag, given in read.tags if tag == "svg"} == pictures
    assert "nan" not in text.lower().replace("tenance", "")

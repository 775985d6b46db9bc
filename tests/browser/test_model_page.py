"""The page of a version, opened from a file: nothing missing, nothing fetched, to be read at any width."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.answers import run
from cli.main import everfit
from core.card_data import SHAPLEY
from deployments.browser import DESKTOP, PHONE, Window, window
from tests.conftest import Project, toy_table

pytestmark = pytest.mark.timeout(900)

# Words of a table's cells that the browser cut in the middle; a digest may be cut.
CUT = """() => [...document.querySelectorAll('td, th')].flatMap(cell => {
  const found = [], walk = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) for (const word of walk.currentNode.data.matchAll(/[\\w.]{2,24}/g)) {
    const range = document.createRange();
    range.setStart(walk.currentNode, word.index);
    range.setEnd(walk.currentNode, word.index + word[0].length);
    if (range.getClientRects().length > 1) found.push(word[0]);
  }
  return found;
})"""
WIDTHS = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
SMALLEST = """() => Math.min(...[...document.querySelectorAll('p, dd, dt, td, th, li, svg text, figcaption')]
  .filter(each => each.textContent.trim()).map(each => each.getBoundingClientRect().height))"""


@pytest.fixture(scope="module")
def page(shared_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    shared_project.land(toy_table())
    assert run(everfit, ["train", "toy", "--json"]) == 0
    assert run(everfit, ["release", "toy", "--json"]) == 0
    place = tmp_path_factory.mktemp("sent") / "toy.html"
    assert run(everfit, ["page", "toy:1", "-o", str(place), "--json"]) == 0
    return place


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def opened(request: pytest.FixtureRequest, page: Path) -> Iterator[Window]:
    with window(request.param) as shown:
        shown.page.goto(page.as_uri())
        yield shown


def pictures(shown: Any) -> list[dict[str, float]]:
    return [each.bounding_box() for each in shown.locator("figure svg").all()]


def test_page_asks_for_nothing_and_complains_of_nothing(opened: Window) -> None:
    asked = opened.page.evaluate("() => performance.getEntriesByType('resource').map(each => each.name)")
    assert asked == []
    assert opened.complaints == []


def test_page_is_as_wide_as_its_window_and_no_word_is_cut(opened: Window) -> None:
    whole, seen = opened.page.evaluate(WIDTHS)
    assert whole == seen
    assert opened.page.evaluate(CUT) == []


def test_every_picture_is_drawn_and_its_words_can_be_read(opened: Window) -> None:
    titles = opened.page.locator("figcaption").all_inner_texts()
    assert {"ROC", "Precision and recall", "Confusion", "Calibration", "Permutation importance", SHAPLEY} <= set(titles)
    boxes = pictures(opened.page)
    assert len(boxes) == len(titles)
    assert all(box["width"] > 250 and box["height"] > 30 for box in boxes)
    assert opened.page.evaluate(SMALLEST) >= 10

"""What a person sees and does in the Prefect UI, in a real browser on a real server with a worker.

Each test goes on where the one before stopped: a training from the form, its release that waits for a person, a check.
"""

import os
from collections.abc import Iterator

import pytest
import yaml

from adapters import journal
from adapters.registry import champion_number
from adapters.settings import PROJECT, settings
from deployments.browser import window
from deployments.ports import Ports, free_port
from deployments.prefect_pages import PrefectPages
from deployments.stack import local_stack
from tasks.landing import land_frame
from tests.conftest import TOY, Project, toy_table

pytestmark = [
    pytest.mark.stack,
    # Chromium may have to be installed first.
    pytest.mark.timeout(900),
    # A server, a worker and five walks through its UI: on a machine that is busy with other tests a page may come late.
    pytest.mark.skipif(
        not os.environ.get("BROWSER_TESTS"), reason="the Prefect UI was not asked for: `make browser` walks through it"
    ),
]


@pytest.fixture(scope="module")
def url(shared_project: Project) -> Iterator[str]:
    shared_project.write_spec(TOY.replace("release: {", "release: {approval: always, "))
    land_frame("toy", toy_table(), "day", tell=False)
    with local_stack(settings(), Ports(free_port())) as stack:
        yield stack.prefect_url


@pytest.fixture
def ui(url: str) -> Iterator[PrefectPages]:
    with window() as opened:
        yield PrefectPages(url, opened.page)


def words(ui: PrefectPages) -> str:
    return " ".join(ui.page.inner_text("body").split())


def test_form_tells_what_to_fill_in_and_starts_a_training_whose_summary_says_the_verdict(ui: PrefectPages) -> None:
    ui.open_form("train")
    assert "Name of a YAML in the models' folder." in words(ui)
    ui.submit({"model": "toy"})
    ui.wait_for_state("Registered")
    (entry,) = journal.entries("toy", "training")
    assert {"model:toy", "verdict:registered", "cause:person"} <= set(ui.header.inner_text().split())
    assert "train-toy-until-2026-03-31" in ui.header.inner_text()

    assert "summary-training-toy" in ui.artifacts()[0]
    ui.open_artifact("summary-training-toy")
    ui.page.get_by_role("heading", name="toy: training registered").wait_for()
    shown = words(ui)
    assert entry["reason"] in shown
    assert entry["data_digest"] in shown
    assert "The page of the version" in shown


def test_picture_of_the_training_is_drawn(ui: PrefectPages) -> None:
    ui.open_run("train-toy-until-2026-03-31")
    ui.open_artifact("roc-toy")
    picture = ui.page.locator("img[src^='data:image/svg']")
    picture.wait_for()
    assert picture.evaluate("shown => shown.complete && shown.naturalWidth") > 100


def test_automations_are_those_of_the_project_and_name_what_they_run(ui: PrefectPages) -> None:
    declared = yaml.safe_load((PROJECT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    triggers = [(each, trigger) for each in declared for trigger in each.get("triggers", ())]
    ui.open_automations()
    shown = words(ui)
    assert f"{len(triggers)} automations" in shown
    for each, trigger in triggers:
        card = (
            f"{trigger['name']} {trigger['description']} Trigger A custom trigger Action Run deployment: {each['name']}"
        )
        assert card in shown


def test_release_that_an_automation_started_waits_and_is_approved_in_the_form(ui: PrefectPages) -> None:
    ui.open_run("release-toy-v1")
    ui.wait_for_state("Suspended")
    ui.header.get_by_role("link", name="registered-releases").wait_for()
    asked = " ".join(ui.ask().inner_text().split())
    assert "Make version 1 of toy the champion?" in asked
    assert "Your name, for the journal" in asked
    assert champion_number("toy") is None
    ui.answer({"By": "ada", "Why": "looks right"})
    ui.wait_for_state("Released")
    assert champion_number("toy") == 1
    assert journal.entries("toy", "release")[0]["approved_by"] == "ada"


def test_data_that_land_start_a_check_whose_decision_is_shown(url: str) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: f"{url}/api"}):
        land_frame("toy", toy_table(seed=1), "day")
    with window() as opened:
        ui = PrefectPages(url, opened.page)
        ui.open_run("check-toy-2026")
        ui.header.get_by_role("link", name="data-checks").wait_for()
        assert "summary-check-toy" in ui.artifacts()[0]
        ui.open_artifact("summary-check-toy")
        ui.page.get_by_role("heading", name="toy: check").wait_for()
        assert journal.entries("toy", "check")[0]["reason"] in words(ui)

"""What a person does in the Prefect UI, step by step: start a run from its form, look at it, answer what it asks."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# A training on a busy machine.
RUN_MS = 600_000
RUN_PAGE = re.compile("/runs/flow-run/")


@dataclass(frozen=True, slots=True)
class PrefectPages:
    """The UI of a server.

    Attributes:
        url: Of the server, without a slash at its end.
        page: Of playwright.
    """

    url: str
    page: Any

    def open_form(self, deployment: str) -> None:
        """Open the form of a deployment."""
        page = self.page
        page.goto(f"{self.url}/deployments")
        page.get_by_role("link", name=deployment, exact=True).first.click()
        page.get_by_role("button", name="Run", exact=True).click()
        page.get_by_text("Custom run").click()
        page.get_by_role("button", name="Submit", exact=True).wait_for()
        # The form is drawn again once it knows what to ask for, and forgets what was written before.
        page.wait_for_load_state("networkidle")

    def submit(self, fields: Mapping[str, str]) -> None:
        """Fill the form that is open, submit it, and open the run that it starts."""
        for name, value in fields.items():
            _box(self.page, name).fill(value)
        self.page.get_by_role("button", name="Submit", exact=True).click()
        # The notice is drawn twice, one copy over the other.
        self.page.get_by_role("button", name="View run").last.click()
        self.page.wait_for_url(RUN_PAGE)

    def open_run(self, name: str) -> None:
        """Wait for a run whose name begins so in the list of runs, and open it."""
        self.page.goto(f"{self.url}/runs")
        link = self.page.get_by_role("link", name=re.compile(f"^{re.escape(name)}")).first
        link.click(timeout=RUN_MS)
        self.page.wait_for_url(RUN_PAGE)

    def wait_for_state(self, state: str) -> None:
        """Until the run that is open shows a state."""
        self.header.get_by_text(state, exact=True).wait_for(timeout=RUN_MS)

    @property
    def header(self) -> Any:
        """The head of the page that is open: name, tags, state, and what started it."""
        return self.page.get_by_role("banner")

    def tab(self, name: str) -> Any:
        """Open a tab of the run; what is in it."""
        self.page.get_by_role("tablist").get_by_text(name, exact=True).click()
        return self.page.get_by_role("tabpanel", name=name)

    def artifacts(self) -> list[str]:
        """What the run that is open shows, in the order in which it stands there."""
        cards = self.tab("Artifacts").get_by_role("link")
        cards.first.wait_for()
        return [" ".join(words.split()) for words in cards.all_inner_texts()]

    def open_artifact(self, key: str) -> None:
        """Open an artifact of the run that is open."""
        shown = self.tab("Artifacts")
        shown.get_by_role("heading", name="Task runs").wait_for()
        # What belongs to tasks is fetched when somebody scrolls to it.
        shown.evaluate("shown => shown.scrollIntoView({block: 'end'})")
        shown.get_by_role("link").filter(has_text=key).first.click()
        self.page.wait_for_url(re.compile("/artifacts/artifact/"))

    def open_automations(self) -> None:
        """All automations, once they are drawn."""
        self.page.goto(f"{self.url}/automations")
        self.page.get_by_role("link", name="data-checks").wait_for()
        # Until it knows the deployments, the page says that it may not see them.
        self.page.get_by_text("No access").first.wait_for(state="detached")

    def ask(self) -> Any:
        """Open the form of the suspended run that is open; the dialog."""
        self.page.get_by_role("button", name="Resume", exact=True).click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_role("switch").wait_for()
        return dialog

    def answer(self, fields: Mapping[str, str]) -> None:
        """Fill the form that is open, and send it."""
        dialog = self.page.get_by_role("dialog")
        for name, value in fields.items():
            _box(dialog, name).fill(value)
        dialog.get_by_role("button", name="Submit", exact=True).click()


def _box(form: Any, name: str) -> Any:
    """The box under a label: Prefect's forms do not tie the two together."""
    label = form.get_by_text(re.compile(rf"^{name}( \(Optional\))?$")).last
    return label.locator("xpath=following::*[self::textarea or self::input or @contenteditable='true'][1]")

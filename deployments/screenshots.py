"""`make screenshots`: a small loop on real flights, photographed where people look at it.

The pictures are of a stack in a home of its own, which ends with the script.
"""

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from prefect.settings import PREFECT_API_URL, temporary_settings

from adapters.settings import settings
from adapters.specs import read_spec
from adapters.storage import store_path
from core.spec_writing import write_spec
from deployments.browser import DESKTOP, PHONE, Window, window
from deployments.ports import Ports, free_port
from deployments.prefect_pages import PrefectPages
from deployments.stack import Stack, local_stack
from tasks.landing import EXAMPLE, land_frame, read_example

LARGEST_BYTES = 300_000
# Small enough for two minutes; a person is asked, so that there is a form.
SMALL = ("search.trials=6", "release.approval=always", "release.max_latency_ms=2000")
FIRST_MONTHS = 2


@dataclass(frozen=True, slots=True)
class Camera:
    """Takes pictures of a running stack into a folder."""

    stack: Stack
    folder: Path

    def take(self, name: str, opened: Window, rests: bool = True) -> None:
        """What the window shows now, as a file that a page of documentation can carry.

        Args:
            name: Of the file.
            opened: The window.
            rests: Whether the page comes to rest; one that asks its server all the time never does.
        """
        if rests:
            opened.page.wait_for_load_state("networkidle")
        path = self.folder / f"{name}.png"
        opened.page.screenshot(path=path, animations="disabled")
        if path.stat().st_size > LARGEST_BYTES:
            raise ValueError(f"{path} has {path.stat().st_size} bytes, more than {LARGEST_BYTES}")

    def training(self) -> None:
        """Start a training from its form; its run, its summary, a picture in it, and what is set up to follow."""
        with window() as opened:
            ui = PrefectPages(self.stack.prefect_url, opened.page)
            ui.open_form("train")
            ui.submit({"model": EXAMPLE})
            ui.wait_for_state("Registered")
            # Drawn anew, the graph of the tasks has the scale of the whole run.
            opened.page.reload()
            ui.artifacts()
            self.take("run", opened)
            ui.open_artifact(f"summary-training-{EXAMPLE}")
            opened.page.get_by_role("heading", name=f"{EXAMPLE}: training").wait_for()
            self.take("summary", opened)
            ui.open_automations()
            self.take("automations", opened)

    def release(self) -> None:
        """The form that asks a person, and its answer."""
        with window() as opened:
            ui = PrefectPages(self.stack.prefect_url, opened.page)
            ui.open_run(f"release-{EXAMPLE}-v1")
            ui.wait_for_state("Suspended")
            ui.ask()
            self.take("approval", opened)
            ui.answer({"By": "ada", "Why": "the interval is far above 0"})
            ui.wait_for_state("Released")

    def check(self) -> None:
        """The check that landed data have started."""
        with window() as opened:
            ui = PrefectPages(self.stack.prefect_url, opened.page)
            ui.open_run(f"check-{EXAMPLE}-2013")
            ui.open_artifact(f"summary-check-{EXAMPLE}")
            opened.page.get_by_role("heading", name=f"{EXAMPLE}: check").wait_for()
            self.take("check", opened)

    def version(self) -> None:
        """The page of the version, at two widths, and the version in MLflow."""
        page = Path(store_path("pages", EXAMPLE, "v1.html"))
        for name, size in (("page", DESKTOP), ("page_phone", PHONE)):
            with window(size) as opened:
                opened.page.goto(page.as_uri())
                self.take(name, opened)
        with window((1500, 900)) as opened:
            opened.page.goto(f"{self.stack.mlflow_url}/#/models/{EXAMPLE}/versions/1")
            opened.page.get_by_role("heading", name=f"{EXAMPLE}, version 1").wait_for()
            # MLflow's assistant, which talks to a language model, covers a part of the page.
            opened.page.get_by_role("button", name="Close", exact=True).click()
            self.take("mlflow", opened, rests=False)


def months() -> Iterator[pd.DataFrame]:
    """The flights, month after month."""
    table, time = read_example(), str(read_spec(EXAMPLE).data.time)
    yield from (rows for _, rows in table.groupby(table[time].dt.to_period("M")))


def move_to(home: Path) -> None:
    """Let this process and its stack live in a home, with the example's YAML and a small search in it."""
    written = write_spec(read_spec(EXAMPLE, SMALL))
    folder = home / "models"
    folder.mkdir(parents=True)
    (folder / f"{EXAMPLE}.yaml").write_text(written, encoding="utf-8")
    os.environ |= {"EVERFIT_HOME": str(home), "EVERFIT_MODELS": str(folder), "EVERFIT_STORE": str(home / "store")}
    settings.cache_clear()


def photograph(folder: Path, say: Callable[[str], None]) -> None:
    """Run the loop once, and write the pictures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    every = list(months())
    time = str(read_spec(EXAMPLE).data.time)
    land_frame(EXAMPLE, pd.concat(every[:FIRST_MONTHS]), time, tell=False)
    with local_stack(settings(), Ports(free_port(), free_port())) as stack:
        camera = Camera(stack, folder)
        say("a training, started from its form")
        camera.training()
        say("its release, approved in the form")
        camera.release()
        say("a month lands")
        with temporary_settings({PREFECT_API_URL: stack.prefect_api}):
            land_frame(EXAMPLE, every[FIRST_MONTHS], time)
        camera.check()
        camera.version()
    say(f"pictures: {', '.join(sorted(path.name for path in folder.glob('*.png')))} in {folder}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="Where the pictures go")
    with tempfile.TemporaryDirectory(prefix="everfit-") as home:
        move_to(Path(home))
        photograph(parser.parse_args().folder, print)

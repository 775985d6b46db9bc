"""A browser without a window, for tests and for the pictures in the documentation; the only module of playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from core.errors import SpecError

NAMES = ("chromium", "chromium-browser", "google-chrome")
# A quiet browser: nothing but the pages that it is sent to asks for anything.
QUIET = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE, DESKTOP = (390, 844), (1280, 900)
PATIENCE_MS = 30_000


@dataclass(slots=True)
class Window:
    """One page in a browser with a profile of its own, and what went wrong in it.

    Attributes:
        page: Of playwright.
        complaints: Errors on its console, scripts that broke, and addresses that did not answer.
    """

    page: Any
    complaints: list[str] = field(default_factory=list)


def chromium() -> str | None:
    """The Chromium of this machine."""
    return next((found for found in map(shutil.which, NAMES) if found), None)


def lacking() -> str | None:
    """What a browser lacks here, as the step that brings it; None where there is one."""
    if find_spec("playwright") is None:
        return "install playwright: pip install 'everfit[dev]'"
    return None if chromium() else "install Chromium: apt-get install chromium"


@contextmanager
def window(size: tuple[int, int] = DESKTOP) -> Iterator[Window]:
    """A window of a size in pixels, closed at the end of the block.

    Raises:
        SpecError: There is no browser here.
    """
    if step := lacking():
        raise SpecError("no browser can be opened", "something is not installed", step)
    from playwright.sync_api import sync_playwright

    # Chromium does not run as root inside its own sandbox.
    alone = () if os.geteuid() else ("--no-sandbox",)
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium(), args=[*QUIET, *alone])
        try:
            page = browser.new_page(viewport={"width": size[0], "height": size[1]})
            page.set_default_timeout(PATIENCE_MS)
            opened = Window(page)
            _listen(opened)
            yield opened
        finally:
            browser.close()


def _listen(opened: Window) -> None:
    page, told = opened.page, opened.complaints
    page.on("console", lambda said: told.append(f"console: {said.text}") if said.type == "error" else None)
    page.on("pageerror", lambda error: told.append(f"script: {error}"))
    page.on("requestfailed", lambda request: told.append(f"no answer: {request.url}"))
    page.on("response", lambda got: told.append(f"{got.status}: {got.url}") if got.status >= 400 else None)

"""A page as one HTML file that needs nothing else; the only module that imports jinja2."""

from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from core.page import Page

# Anything else, such as javascript:, is shown as words: addresses come from settings and journals.
SCHEMES = frozenset({"", "http", "https", "file", "s3", "gs", "abfs"})


def html_of(page: Page) -> str:
    """The page; every word in it is escaped, only the pictures are taken as they are."""
    return str(_environment().get_template("page.html.j2").render(page=page))


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=PackageLoader("adapters"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.tests["reachable"] = lambda address: urlsplit(address).scheme in SCHEMES
    return found

"""Which versions a registry's aliases point to: asked often, so that nothing is asked but that."""

import contextlib
import sqlite3
from pathlib import Path

from adapters.registry import answering, find_version
from adapters.settings import settings
from core.records import Version

Aliases = dict[str, int]
# Not a name that an alias can have: the version that was registered last.
NEWEST = ":newest"


def aliases_of(models: tuple[str, ...]) -> dict[str, Aliases]:
    """Each model's aliases and the version that each points to, and its newest version under NEWEST.

    A model that was never registered has none.

    Raises:
        RegistryUnavailable: It does not answer.
    """
    if _holds_nothing(settings().mlflow_url):
        return {model: {} for model in models}
    with answering() as client:
        return {model: _aliases(client, model) for model in models}


def registered_models() -> tuple[str, ...]:
    """Every model that the registry knows, whether or not its YAML is here."""
    if _holds_nothing(settings().mlflow_url):
        return ()
    names: list[str] = []
    token = None
    with answering() as client:
        while True:
            page = client.search_registered_models(max_results=100, page_token=token)
            names += [str(each.name) for each in page]
            token = page.token
            if not token:
                return tuple(sorted(names))


def find_alias(model: str, alias: str) -> Version | None:
    """The version that an alias points to now, if any."""
    number = aliases_of((model,))[model].get(alias)
    return None if number is None else find_version(model, number)


def _holds_nothing(url: str) -> bool:
    # Two programs that meet a new database at the same time, such as MLflow's server and this one, would both make its
    # tables, and one of them would fail. Where a version is registered they are there.
    if not url.startswith("sqlite:///"):
        return False
    path = Path(url.removeprefix("sqlite:///"))
    if not path.exists():
        return True
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            return database.execute("SELECT 1 FROM model_versions LIMIT 1").fetchone() is None
    except sqlite3.OperationalError as error:
        return "no such table" in str(error)


def _aliases(client: object, model: str) -> Aliases:
    found = client.search_registered_models(filter_string=f"name='{model}'")  # type: ignore[attr-defined]
    newest = [int(version.version) for each in found for version in each.latest_versions]
    aliases = {str(alias): int(number) for each in found for alias, number in each.aliases.items()}
    return aliases | ({NEWEST: max(newest)} if newest else {})

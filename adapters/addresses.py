"""What a user types for a source, and how it stands in the YAML: relative to the project, or absolute."""

import re
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from adapters.secrets import refuse_literal_secret
from adapters.settings import PROJECT

LONGEST_NAME = 60
SQLITE = "sqlite:///"


def as_written(source: str) -> str:
    """The source as it is to stand in the YAML: who types a path means it from where they are.

    Raises:
        SpecError: The address holds a secret in the clear.
    """
    refuse_literal_secret(source)
    if "://" in source:
        file = source.removeprefix(SQLITE)
        is_relative = file != source and not file.startswith(("/", "$")) and file != ""
        return SQLITE + str(_absolute(file)) if is_relative else source
    path = _absolute(source)
    return str(path.relative_to(PROJECT)) if path.is_relative_to(PROJECT) and path != PROJECT else str(path)


def name_for(source: str) -> str:
    """A model's name after a file, folder, table or address; empty where nothing suggests one."""
    parts = [part for part in PurePosixPath(urlsplit(source).path if "://" in source else source).parts if part != "/"]
    if source.startswith("lake://"):
        parts = list(PurePosixPath(source.removeprefix("lake://")).parts)
    plain = [part for part in parts if not set(part) & set("*?")]
    return _as_name(plain[-1].partition(".")[0]) if plain else ""


def name_for_query(sql: str) -> str:
    """A model's name after the first table of a query."""
    found = re.search(r"(?i)\bfrom\s+[\"'`\[]?([\w.]+)", sql)
    return _as_name(found[1].rpartition(".")[2]) if found else ""


def _as_name(text: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return (name if name[:1].isalpha() or not name else f"model_{name}")[:LONGEST_NAME]


def _absolute(source: str) -> Path:
    path = Path(source).expanduser()
    if path.is_absolute():
        return path
    here = Path.cwd() / path
    # A pattern is no file; the folder before it is.
    fixed = next((p for p in (here, *here.parents) if not set(str(p)) & set("*?")), here)
    chosen = here if fixed.exists() else PROJECT / path
    return Path(*chosen.parts) if set(str(chosen)) & set("*?") else chosen.resolve()

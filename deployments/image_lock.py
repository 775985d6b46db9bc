"""`python deployments/image_lock.py`: the part of requirements.lock that the image needs, without developers' tools.

It is run before anything is installed, so it imports nothing but Python's own. The lock says of each package through
which others it came in: what comes in only through the `dev` extra stays out.
"""

import re
import sys
import tomllib
from pathlib import Path

EXTRAS = ("boosting", "postgres", "team")
# What installs the project itself.
BUILD = frozenset({"setuptools"})


def image_lock(project: str, lock: str) -> str:
    """The lock's entries, with their hashes, that the image installs.

    Args:
        project: Text of pyproject.toml.
        lock: Text of requirements.lock.
    """
    # A package may stand there twice: other versions for other versions of Python.
    entries = [(entry.partition("==")[0], entry) for entry in re.split(r"\n(?=[a-z0-9])", lock) if entry[0] != "#"]
    kept = (_asked(project) | BUILD) & {name for name, _ in entries}
    while new := {name for name, entry in entries if name not in kept and _through(entry) & kept}:
        kept |= new
    return "".join(f"{_without_comments(entry)}\n" for name, entry in entries if name in kept)


def _asked(project: str) -> set[str]:
    table = tomllib.loads(project)["project"]
    asked = [*table["dependencies"], *(each for extra in EXTRAS for each in table["optional-dependencies"][extra])]
    return {re.split(r"[^\w.-]", each)[0].lower().replace("_", "-") for each in asked}


def _through(entry: str) -> set[str]:
    return {line.replace("via", "").strip("# ") for line in entry.splitlines() if line.lstrip().startswith("#")}


def _without_comments(entry: str) -> str:
    return "\n".join(line for line in entry.splitlines() if not line.lstrip().startswith("#"))


if __name__ == "__main__":
    here = Path.cwd()
    sys.stdout.write(image_lock((here / "pyproject.toml").read_text(), (here / "requirements.lock").read_text()))

"""Which code ran, and on what: the git commit of the project, Python, libraries and machine."""

import importlib.metadata
import platform
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from adapters.settings import PROJECT

# What computes; the rest of the environment is in requirements.lock, which the commit holds.
LIBRARIES = ("numpy", "pandas", "pyarrow", "scikit-learn", "optuna", "skops", "mlflow", "prefect")


@lru_cache(maxsize=1)
def git_commit() -> str | None:
    """The commit that is checked out, `+dirty` when files differ from it; None outside a git checkout."""
    commit = _git("rev-parse", "HEAD")
    return f"{commit}+dirty" if commit and _git("status", "--porcelain", "--untracked-files=no") else commit


def knows_commit(commit: str) -> bool:
    """Whether this checkout holds a commit; True outside a git checkout, which holds none and can deny none."""
    if git_commit() is None:
        return True
    return _git("cat-file", "-t", commit.removesuffix("+dirty")) == "commit"


@lru_cache(maxsize=1)
def environment() -> dict[str, str]:
    """Versions of Python and of the libraries that compute, and the kind of machine."""
    versions = {name: importlib.metadata.version(name) for name in LIBRARIES}
    return {"python": platform.python_version(), "machine": f"{platform.system()} {platform.machine()}"} | versions


@lru_cache(maxsize=1)
def packages() -> dict[str, str]:
    """Name and version of every installed package."""
    # By the names of their folders: reading what 250 packages say of themselves takes half a second.
    folders = [folder.stem for place in sys.path for folder in Path(place).glob("*.dist-info")]
    return dict(sorted(folder.split("-", 1) for folder in reversed(folders) if "-" in folder))


def is_committed(path: Path) -> bool | None:
    """Whether a file is checked in as it is; None outside a git checkout.

    Args:
        path: Of a file that need not lie in everfit's own checkout.
    """
    if _git("-C", str(path.parent), "rev-parse", "--git-dir") is None:
        return None
    tracked = _git("-C", str(path.parent), "ls-files", "--error-unmatch", path.name) is not None
    return tracked and not _git("-C", str(path.parent), "status", "--porcelain", path.name)


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(["git", *words], cwd=PROJECT, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None

"""Which code ran: the git commit of the project."""

import subprocess
from functools import lru_cache

from adapters.settings import PROJECT


@lru_cache(maxsize=1)
def git_commit() -> str | None:
    """The commit that is checked out, `+dirty` when files differ from it; None outside a git checkout."""
    commit = _git("rev-parse", "HEAD")
    return f"{commit}+dirty" if commit and _git("status", "--porcelain", "--untracked-files=no") else commit


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(["git", *words], cwd=PROJECT, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None

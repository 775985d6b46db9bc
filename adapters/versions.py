"""The versions that a fit's numbers, and its way to a worker and back, depend on."""

import importlib.metadata
import platform
from functools import lru_cache

# What is not installed on either side differs on neither.
LIBRARIES = (
    "cloudpickle",
    "distributed",
    "fsspec",
    "lightgbm",
    "numpy",
    "pandas",
    "pyarrow",
    "s3fs",
    "scikit-learn",
    "scipy",
    "xgboost",
    "xgboost-cpu",
)


@lru_cache(maxsize=1)
def versions() -> dict[str, str | None]:
    """By name; None for what is not installed."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {"python": python, **{name: _version(name) for name in LIBRARIES}}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None

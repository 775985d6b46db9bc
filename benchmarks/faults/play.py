"""A project to be hit, and what came of it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import TOY, Project, in_use

TINY = TOY.replace("[hist_gradient_boosting, logistic_regression], trials: 4", "[logistic_regression], trials: 1")


@dataclass(frozen=True)
class Outcome:
    """What came of a fault.

    Attributes:
        lost: What a person would miss; empty for nothing.
        seconds: From the fault to the end of the work that it hit.
    """

    lost: str
    seconds: float


@contextmanager
def project() -> Iterator[Project]:
    with tempfile.TemporaryDirectory(prefix="everfit-faults-") as folder, in_use(Project(Path(folder))) as made:
        made.write_spec(TINY)
        yield made

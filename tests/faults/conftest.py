"""A Prefect server for the flows of this folder, and a project that trains in seconds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Project, in_use
from tests.faults.play import TINY


@pytest.fixture(scope="module")
def harness() -> Iterator[None]:
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=180):
        yield


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path)
    project.write_spec(TINY)
    with in_use(project) as used:
        yield used

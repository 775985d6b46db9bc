"""Flows need a Prefect server: one of the harness for all of them."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def harness() -> Iterator[None]:
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=180):
        yield

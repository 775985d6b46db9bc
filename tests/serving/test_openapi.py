"""Whatever schemathesis thinks of: no request is answered with a fault of ours, or otherwise than /docs says."""

import os
import tempfile

import pytest
from hypothesis import HealthCheck, settings

schemathesis = pytest.importorskip("schemathesis")

from schemathesis.checks import not_a_server_error  # noqa: E402
from schemathesis.specs.openapi import checks  # noqa: E402

from tests.serving.conftest import Running, make_served  # noqa: E402

os.environ.setdefault("EVERFIT_HOME", tempfile.mkdtemp(prefix="everfit-tests-"))
RUNNING = Running(make_served(), log=False, max_rows=2000, max_body_mb=1)
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
]
schema = schemathesis.openapi.from_asgi("/openapi.json", RUNNING.app)


@schema.parametrize()
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_request_is_answered_as_the_document_says(case):
    case.call_and_validate(checks=CHECKS)

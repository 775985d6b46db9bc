import pytest

from core.gate_spec import WatchSpec
from core.watch import Seen, trouble

SPEC = WatchSpec(max_error_share=0.02)


def told(seen: Seen, former: Seen | None = None) -> str | None:
    return trouble(seen, former or Seen(), SPEC, 50.0)


@pytest.mark.parametrize(("failed", "requests"), [(3, 3), (5, 20), (20, 200)])
def test_version_whose_requests_fail_has_to_go(failed, requests):
    assert told(Seen(requests, failed, requests - failed)).startswith(f"{failed} of {requests} requests failed")


@pytest.mark.parametrize(("failed", "requests"), [(0, 0), (2, 2), (1, 5), (3, 100), (6, 200)])
def test_failures_that_may_be_chance_are_no_reason(failed, requests):
    assert told(Seen(requests, failed, requests - failed)) is None


def test_what_failed_with_the_version_before_as_well_is_not_this_ones_fault():
    former = Seen(requests=1000, failed=300, answered=700)
    assert told(Seen(100, 35, 65), former) is None
    assert told(Seen(100, 65, 35), former) is not None


def test_version_whose_answers_are_slow_has_to_go():
    assert "30 of 60 answers took more than 50 ms a row (50.0%)" in told(Seen(60, 0, 60, 30))


def test_answers_that_were_slow_before_are_not_this_ones_fault():
    assert told(Seen(60, 0, 60, 30), Seen(1000, 0, 1000, 500)) is None


def test_only_what_came_since_counts():
    assert Seen(30, 5, 25, 2).since(Seen(20, 5, 15, 1)) == Seen(10, 0, 10, 1)


def test_endpoint_that_has_started_anew_counts_from_zero():
    assert Seen(3, 1, 2, 0).since(Seen(20, 5, 15, 1)) == Seen(3, 1, 2, 0)

import pickle
from collections.abc import Iterator

import cloudpickle
import pytest

from core import errors
from core.errors import EverfitError


def every_error(kind: type[EverfitError] = EverfitError) -> Iterator[type[EverfitError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from every_error(below)


@pytest.mark.parametrize("codec", [pickle, cloudpickle], ids=lambda codec: codec.__name__)
@pytest.mark.parametrize("kind", every_error())
def test_error_survives_the_trip_from_a_worker(kind, codec):
    error = kind("what", "why", "fix")
    back = codec.loads(codec.dumps(error))
    assert (type(back), back.what, back.why, back.fix, str(back)) == (kind, "what", "why", "fix", str(error))


@pytest.mark.parametrize("kind", every_error())
def test_error_can_be_rebuilt_from_its_arguments(kind):
    error = kind("what", "why", "fix")
    assert str(kind(*error.args)) == str(error)


@pytest.mark.parametrize("kind", every_error())
def test_error_tells_what_why_and_how_to_fix(kind):
    assert str(kind("no table", "no file", "land it")) == "no table\n  why: no file\n  fix: land it"


@pytest.mark.parametrize("kind", [errors.SpecError, errors.DataError, errors.DataMissing, errors.DataRejected])
def test_wrong_request_or_data_exits_with_2(kind):
    assert kind.exit_code == 2


@pytest.mark.parametrize("kind", every_error())
def test_only_faults_of_the_outside_world_are_tried_again(kind):
    assert kind.retryable is issubclass(kind, errors.OutsideError)


def test_every_kind_has_a_name_of_its_own():
    kinds = [kind for kind in every_error() if kind.__module__ == "core.errors"]
    assert len({kind.kind for kind in kinds}) == len(kinds)

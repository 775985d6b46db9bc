"""No error tells the password of an address."""

import pickle

import pytest

from core.errors import EverfitError
from core.masking import without_passwords


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("postgresql+psycopg://fit:hunter2@db:5432/x is down", "postgresql+psycopg://fit:***@db:5432/x is down"),
        ("https://:t0ken@host", "https://:***@host"),
        ("redis://fit:p@ss@host/0 and s3://bucket/a:b@c", "redis://fit:***@host/0 and s3://bucket/a:b@c"),
        ("write postgresql://user:${NAME}@host/database", "write postgresql://user:${NAME}@host/database"),
        ("http://host:5000/x@y", "http://host:5000/x@y"),
        ("at 10:30 mail a@b", "at 10:30 mail a@b"),
    ],
)
def test_password_of_an_address_is_masked_and_nothing_else(text: str, told: str) -> None:
    assert without_passwords(text) == told


def test_error_masks_what_it_is_given_and_still_does_after_its_way_back_from_a_worker() -> None:
    error = EverfitError(*(f"{part} http://me:hunter2@host" for part in ("what", "why", "fix")))
    assert "hunter2" not in str(error) + repr(error) + str(pickle.loads(pickle.dumps(error)))

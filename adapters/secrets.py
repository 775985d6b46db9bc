"""Secrets come from the environment: `${NAME}` in an address is replaced when it is used, and never printed."""

import os

from core.errors import SpecError
from core.source_spec import PLACEHOLDER, literal_secret


def with_secrets(address: str) -> str:
    """The address with each `${NAME}` replaced by that variable of the environment.

    Raises:
        SpecError: A variable is not set, or the address holds a secret in the clear.
    """
    refuse_literal_secret(address)
    for name in PLACEHOLDER.findall(address):
        if name not in os.environ:
            raise SpecError(
                f"the address {address} cannot be used",
                f"the environment has no variable {name}",
                f"set it where everfit runs: export {name}=...",
            )
    return PLACEHOLDER.sub(lambda found: os.environ[found[1]], address)


def without_secrets(text: str, address: str) -> str:
    """A message in which the secrets of an address are no longer to be read."""
    for name in PLACEHOLDER.findall(address):
        value = os.environ.get(name)
        text = text.replace(value, f"${{{name}}}") if value else text
    return text


def refuse_literal_secret(address: str) -> None:
    """Refuse an address that would put a secret into a file or a log.

    Raises:
        SpecError: It holds a password, token or signature in the clear.
    """
    found = literal_secret(address)
    if found:
        raise SpecError(
            f"the address holds a {found} in the clear",
            "it would stand in the YAML, in git and in logs",
            "export EVERFIT_SECRET=..., and write '${EVERFIT_SECRET}' in its place, within single quotes in a shell",
        )

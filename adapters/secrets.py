"""Secrets come from the environment: `${NAME}` in an address is replaced when it is used, and never printed."""

import os
import re

from core.errors import SpecError
from core.masking import without_passwords
from core.source_spec import PLACEHOLDER, literal_secret

# Variables whose values nobody may read, ours and those of the tools.
NAMES = re.compile(r"(?:SECRET|PASSWORD|PASSWD|TOKEN|AUTH_STRING|API_KEY|ACCESS_KEY)$|_SECRET_(?!.*_NAME$)")
# A shorter one is a word that stands elsewhere too.
SHORTEST = 8


def masked(text: str) -> str:
    """The text without passwords of addresses, and without what the environment holds as a secret."""
    held = [value for name, value in os.environ.items() if len(value) >= SHORTEST and NAMES.search(name)]
    for value in sorted(held, key=len, reverse=True):
        text = text.replace(value, "***")
    return without_passwords(text)


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

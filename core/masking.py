"""Passwords in addresses are not for logs, errors and pages."""

import re

# Up to the last @ of the part: a password may hold one. What stands as ${NAME} is no secret.
IN_ADDRESS = re.compile(r"(?P<before>[a-zA-Z][\w+.-]*://[^\s/:@]*:)(?!\$\{)[^\s/]+(?=@)")


def without_passwords(text: str) -> str:
    """The text with the password of each address replaced."""
    return IN_ADDRESS.sub(r"\g<before>***", text) if "://" in text else text

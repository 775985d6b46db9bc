"""A browser: this machine's, or one installed by root; without it these tests say what is lacking and are skipped."""

import os
import shutil
import subprocess

import pytest

from deployments.browser import chromium, lacking

INSTALL_WITHIN_S = 240
COMMANDS = (
    ["apt-get", "-o", "DPkg::Lock::Timeout=60", "update", "-q"],
    ["apt-get", "-o", "DPkg::Lock::Timeout=60", "install", "-q", "-y", "--no-install-recommends", "chromium"],
)


@pytest.fixture(scope="session", autouse=True)
def browser() -> None:
    if chromium() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        install_chromium()
    if step := lacking():
        pytest.skip(f"there is no browser here; {step}")


def install_chromium() -> None:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in COMMANDS:
        try:
            # The lists of packages may be there already: what counts is whether Chromium is, in the end.
            subprocess.run(command, env=quiet, capture_output=True, timeout=INSTALL_WITHIN_S, check=False)
        except subprocess.TimeoutExpired:
            return

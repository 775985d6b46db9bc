"""What the README shows is what the project does."""

import re

import click

from adapters.settings import PROJECT
from cli.main import everfit

README = (PROJECT / "README.md").read_text(encoding="utf-8")


def test_flow_in_the_readme_is_the_flow():
    (shown,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert shown.rstrip() in (PROJECT / "flows" / "training.py").read_text(encoding="utf-8")


def test_every_command_of_the_readme_is_there():
    fenced = re.findall(r"```\w*\n(.*?)```", README, re.DOTALL)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", README, flags=re.DOTALL))
    code = "\n".join([*fenced, *inline])
    named = set(re.findall(r"^everfit ([a-z]+)", code, re.MULTILINE))
    assert {"init", "train", "up"} <= named
    assert named <= set(everfit.list_commands(click.Context(everfit)))


def test_every_target_of_the_readme_is_there():
    named = set(re.findall(r"`?make ([a-z]+)", README))
    targets = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert named <= targets

"""What the documentation says is what the code does."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import click
import pytest
import yaml

from adapters.settings import PROJECT
from cli.main import everfit
from cli.reference import FOLDER, pages

DOCS = PROJECT / "docs"
# What people write for what they must fill in, and what stands behind a command in a shell.
WORD = re.compile(r"^--?[a-z][a-z-]*$")


def texts() -> list[Path]:
    return [PROJECT / "README.md", *(path for path in DOCS.rglob("*.md") if path.parent != FOLDER)]


def commands_in(text: str) -> list[list[str]]:
    fenced = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    lines = [line.partition(" #")[0] for block in fenced for line in block.splitlines()]
    return [line.split() for line in (*lines, *inline) if line.startswith("everfit ")]


def found(words: list[str]) -> tuple[click.Command | None, list[str]]:
    command: click.Command | None = everfit
    while isinstance(command, click.Group) and words:
        command, words = command.commands.get(words[0]), words[1:]
    return command, words


def test_reference_is_what_the_code_says() -> None:
    said = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    assert said == pages(), "run `make reference`"


@pytest.mark.parametrize("path", texts(), ids=lambda path: path.name)
def test_every_command_with_its_options_is_there(path: Path) -> None:
    unknown = []
    for words in commands_in(path.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]", words[1]):
            continue
        command, rest = found(words[1:])
        options = {name for each in command.params for name in each.opts} if command else set()
        if command is None or not {word for word in rest if WORD.match(word)} <= options | {"--json", "--help"}:
            unknown.append(" ".join(words))
    assert unknown == []


def test_every_page_is_in_the_navigation() -> None:
    listed = re.findall(r"[\w/]+\.md", (PROJECT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))


def test_reference_of_the_yaml_names_every_key_of_a_written_one() -> None:
    from core.spec import TrainingSpec
    from core.spec_writing import write_spec

    spec = TrainingSpec.model_validate({"name": "toy", "target": {"column": "y"}, "data": {"source": "t.csv"}})
    written = yaml.safe_load(write_spec(spec))
    told = pages()["yaml.md"]
    assert [key for key in keys_of(written) if f"`{key}`" not in told] == []


def keys_of(part: dict, path: str = "") -> list[str]:
    return [
        name
        for key, value in part.items()
        for name in (keys_of(value, f"{path}{key}.") if isinstance(value, dict) and value else [f"{path}{key}"])
    ]


@pytest.mark.skipif(find_spec("mkdocs") is None, reason="mkdocs-material is not installed")
def test_documentation_is_built_without_a_broken_link(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    # It opens offline: what a page loads lies beside it.
    assert re.findall(r'(?:src|href)="(?:https?:)?//(?!squidfunk)[^"]+\.(?:js|css|woff2?)"', page) == []

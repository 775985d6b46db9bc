"""`python -m cli.reference`: the reference pages of `docs/` from the code; a test holds that they are up to date."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import timedelta
from enum import Enum
from inspect import cleandoc
from pathlib import Path

import click
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from adapters.settings import PROJECT, Settings
from cli.main import everfit
from core.contract_spec import ColumnSpec
from core.durations import format_duration
from core.events import EVENTS
from core.spec import TrainingSpec
from serving.settings import ServingSettings

FOLDER = PROJECT / "docs" / "reference"
NOTE = "<!-- Made by `make reference` from the code: change it there. -->"


def pages() -> dict[str, str]:
    """The text of each page, by its file name."""
    return {
        "yaml.md": _page("The model's YAML", _yaml()),
        "cli.md": _page("The command line", _commands()),
        "settings.md": _page("Settings", _settings()),
        "events.md": _page("Events", _events()),
    }


def _page(title: str, lines: Iterator[str]) -> str:
    return "\n".join([NOTE, "", f"# {title}", "", *lines]).rstrip() + "\n"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for first, *others in rows:
        cells = (each.replace("|", r"\|").replace("<", "&lt;") for each in others)
        yield f"| `{first}` | {' | '.join(cells)} |"


def _yaml() -> Iterator[str]:
    yield "Only `name`, `data.source` and `target.column` are required; `everfit init` writes all of it out."
    yield from _spec_rows(TrainingSpec, "")
    yield from ("", "## contract.columns.NAME", "", *_table(HEAD, _rows(ColumnSpec, "")))


HEAD = ("key", "default", "what it says")


def _spec_rows(section: type[BaseModel], path: str) -> Iterator[str]:
    yield from ("", f"## {path.rstrip('.') or 'top'}", "", *_table(HEAD, _rows(section, path)))
    for name, field in section.model_fields.items():
        inner = _section_of(field)
        if inner is not None:
            yield from _spec_rows(inner, f"{path}{name}.")


def _rows(section: type[BaseModel], path: str) -> Iterator[tuple[str, ...]]:
    for name, field in section.model_fields.items():
        # A part that may be left out has a line here and its own keys below.
        if _section_of(field) is None or field.default is None:
            yield f"{path}{name}", _default(field), field.description or ""


def _section_of(field: FieldInfo) -> type[BaseModel] | None:
    kinds = [field.annotation, *getattr(field.annotation, "__args__", ())]
    found = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
    # A mapping of columns to their rules is told by itself.
    return found[0] if found and getattr(field.annotation, "__origin__", None) is not dict else None


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if isinstance(value, Path):
        return value.name
    if isinstance(value, SecretStr | Enum) or value is None or value in ("", (), {}):
        return ""
    if isinstance(value, timedelta):
        return format_duration(value)
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _commands() -> Iterator[str]:
    yield "Every command takes `--json` (one JSON document on stdout) and `--help`. Exit codes: 0 done; 1 a fault of"
    yield "ours or of the outside world; 2 the request or the data are wrong; 3 done, and the answer is no."
    yield from _group(everfit, "everfit")


def _group(group: click.Group, path: str) -> Iterator[str]:
    for name in group.list_commands(click.Context(group)):
        command = group.commands[name]
        if isinstance(command, click.Group):
            yield from _group(command, f"{path} {name}")
            continue
        usage = " ".join(command.collect_usage_pieces(click.Context(command)))
        yield from ("", f"## {path} {name}", "", f"`{path} {name} {usage}`", "", cleandoc(command.help or ""))
        options = tuple(_options(command))
        if options:
            yield from ("", *_table(("option", "what it does"), options))


def _options(command: click.Command) -> Iterator[tuple[str, ...]]:
    for each in command.params:
        if isinstance(each, click.Option) and each.name not in ("as_json", "help"):
            yield ", ".join(each.opts), each.help or ""


def _settings() -> Iterator[str]:
    yield "Environment variables say where things live; they are never part of a model's identity."
    for title, prefix, model in (
        ("On this machine", "EVERFIT_", Settings),
        ("The endpoint", "EVERFIT_SERVING_", ServingSettings),
    ):
        rows = tuple((f"{prefix}{name.upper()}", default, told) for name, default, told in _rows(model, ""))
        yield from ("", f"## {title}", "", *_table(("variable", "default", "what it says"), rows))


def _events() -> Iterator[str]:
    yield "Every event has the resource `everfit.model.NAME`. Prefect matches labels, not payloads; a payload names"
    yield "a model and ids only. `prefect.yaml` says which flow listens, `deployments/alerts.yaml` which person."
    for event in EVENTS:
        labels = ", ".join(event.labels)
        payload = ", ".join(each.name for each in fields(event))
        yield from ("", f"## {event.name}", "", cleandoc(event.__doc__ or ""), "")
        yield from _table(("labels", "payload"), ((labels, payload),))


def main(folder: Path = FOLDER) -> None:
    """Write the pages."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
        print(folder / name, file=sys.stderr)


if __name__ == "__main__":
    main()

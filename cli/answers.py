"""How commands answer: a document for machines, a text for people, and an exit code."""

import json
import math
import sys
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, is_dataclass
from functools import wraps
from typing import Any, ParamSpec

import click

from adapters.secrets import masked
from core.errors import EverfitError

DONE, FAULT, WRONG, NO = 0, 1, 2, 3
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command has found: printed as JSON or as text."""

    document: Any
    text: str
    exit_code: int = DONE


def answering(command: Callable[P, Answer]) -> Callable[P, None]:
    """Give a command its `--json`, and print its answer."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document; logs go to stderr.")
    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        as_json = kwargs.pop("as_json")
        answer = command(*args, **kwargs)
        click.echo(_as_json(answer.document) if as_json else masked(answer.text))
        raise SystemExit(answer.exit_code)

    return wrapped


def run(group: click.Group, words: list[str]) -> int:
    """Run a command line; returns the exit code. A user's mistake is told without a traceback, ours with one."""
    as_json = "--json" in words
    try:
        group.main(words, prog_name="everfit", standalone_mode=False)
    except EverfitError as error:
        return _tell(as_json, error.kind, (error.what, error.why, error.fix), error.exit_code)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "everfit"
        return _tell(
            as_json, "usage", ("the command cannot be run", error.format_message(), f"see `{command} --help`"), WRONG
        )
    except (click.Abort, KeyboardInterrupt):
        return _tell(as_json, "interrupted", ("stopped", "somebody asked for it", "start it again to go on"), 130)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else FAULT
    except Exception as error:  # noqa: BLE001 - the last line of defence: told whole, never hidden
        print(masked(traceback.format_exc()), file=sys.stderr)
        why = f"{type(error).__name__}: {error}"
        return _tell(as_json, "internal", ("everfit has failed", why, "report it with the traceback above"), FAULT)
    return DONE


def _tell(as_json: bool, kind: str, told: tuple[str, str, str], exit_code: int) -> int:
    what, why, fix = map(masked, told)
    if as_json:
        click.echo(_as_json({"error": {"kind": kind, "what": what, "why": why, "fix": fix}, "exit_code": exit_code}))
    else:
        print(f"everfit: {what}\n  why: {why}\n  fix: {fix}", file=sys.stderr)
    return exit_code


def _as_json(document: Any) -> str:
    values = asdict(document) if is_dataclass(document) and not isinstance(document, type) else document
    return json.dumps(_plain(values), indent=1, default=str, allow_nan=False)


def _plain(value: Any) -> Any:
    """The same with null for NaN and infinity, which JSON does not have, and without secrets."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, str):
        return masked(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value

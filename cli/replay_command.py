"""The command `replay`: what the policy would have done on history, and what that would have been worth."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from cli.answers import Answer, answering
from cli.environment import prepare
from core.durations import parse_duration


def _span(_context: click.Context, _parameter: click.Parameter, value: str | None) -> timedelta | None:
    try:
        return None if value is None else parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.argument("name")
@click.option(
    "--policy",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A YAML with a `monitor` part to compare with the model's own; may be given several times.",
)
@click.option("--window", "span", callback=_span, help="Length of a window, such as 1w; default monitor.window.last.")
@click.option("--fast", is_flag=True, help="Train the champion's candidate each time instead of searching for one.")
@click.option(
    "--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Over the YAML, such as monitor.labels.delay=7d."
)
@answering
def replay(
    name: str, files: tuple[Path, ...], span: timedelta | None, fast: bool, overrides: tuple[str, ...]
) -> Answer:
    """Run detector, policy, training and gate of model NAME over its history in the lake, window by window."""
    prepare()
    from adapters.specs import read_policy, read_spec

    spec = read_spec(name, overrides)
    policies = {"policy": spec.monitor} | {path.stem: read_policy(spec, path) for path in files}
    from tasks.replaying import Asked, replay_model

    document = replay_model(Asked(spec, fast, span, policies), _show)
    return Answer(document, _text(document))


def _show(now: str) -> None:
    print(f"everfit replay: {now}", file=sys.stderr, flush=True)


def _text(document: dict[str, Any]) -> str:
    lines = [f"{document['model']}: {len(document['windows'])} windows, {document['seconds']:.0f} s", ""]
    lines += [f"  {'policy':<16}{'metric':>9}{'loss':>9}{'trained':>9}{'gain':>8}{'saving':>8}{'seconds':>9}"]
    lines += [
        f"  {name:<16}{told['metric']:>9.4f}{told['loss']:>9.4f}{told['retrainings']:>9}{told['gain']:>8.2f}"
        f"{told['saving']:>8.2f}{told['seconds']:>9.1f}"
        for name, told in document["policies"].items()
    ]
    decided = [
        f"  {window['start'][:10]}  {window['policy']['decision']:<8} {window['policy']['reason']}"
        for window in document["windows"]
        if window["policy"].get("decision", "nothing") != "nothing"
    ]
    return "\n".join([*lines, "", *decided, "", f"picture: {document['picture']}"])

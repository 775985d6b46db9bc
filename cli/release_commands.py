"""Commands that move the champion: release, approve, rollback."""

import getpass
from dataclasses import asdict
from typing import Any

import click

from cli.answers import DONE, NO, Answer, answering
from cli.environment import prepare
from core.errors import DataMissing
from core.outcomes import ReleaseOutcome


@click.command()
@click.argument("name")
@click.option("--version", "number", type=click.IntRange(min=1), help="Default: the newest version.")
@answering
def release(name: str, number: int | None) -> Answer:
    """Make a registered version of model NAME the champion, if it passes its checks."""
    return _release(name, _version(name, number), approved_by=None)


@click.command()
@click.argument("name")
@click.option("--version", "number", type=click.IntRange(min=1), help="Default: the newest version.")
@click.option("--decline", is_flag=True, help="Say no to a release that waits: the champion stays.")
@click.option("--why", default="", help="What the journal shall say.")
@answering
def approve(name: str, number: int | None, decline: bool, why: str) -> Answer:
    """Release a version that waits for a person: you answer for it, and the journal says so."""
    number = _version(name, number)
    from deployments.approving import answer_waiting

    entry = answer_waiting(name, number, {"approve": not decline, "by": getpass.getuser(), "why": why})
    if entry is not None:
        return _outcome(entry)
    if decline:
        raise DataMissing(
            f"no release of {name} version {number} waits",
            "there is nothing to decline",
            f"see `everfit status {name}`",
        )
    return _release(name, number, approved_by=getpass.getuser())


@click.command()
@click.argument("name")
@click.option("--to", type=click.IntRange(min=1), help="Default: the champion before this one.")
@click.option("--why", help="What the journal shall say.")
@answering
def rollback(name: str, to: int | None, why: str | None) -> Answer:
    """Make an older version of model NAME the champion again, after its golden rows have scored as at training."""
    prepare()
    from adapters.specs import read_spec

    read_spec(name)
    from flows.rollback import rollback as flow

    return _told(name, to, flow(name, to, by=getpass.getuser(), why=why, return_state=True))


def _version(name: str, number: int | None) -> int:
    prepare()
    from adapters.registry import newest_version
    from adapters.specs import read_spec

    read_spec(name)
    return number or newest_version(name)


def _release(name: str, number: int, approved_by: str | None) -> Answer:
    from flows.release import release as flow

    return _told(name, number, flow(name, number, approved_by=approved_by, return_state=True))


def _told(name: str, number: int | None, state: Any) -> Answer:
    outcome: ReleaseOutcome | None = state.result()
    if outcome is not None:
        return _outcome(asdict(outcome))
    document = {
        "model": name,
        "from_version": None,
        "to_version": number,
        "verdict": str(state.name).lower(),
        "reason": state.message,
        "checks": [],
        "journal_entry": None,
    }
    return Answer(document, f"{name}: {state.message}", DONE if state.name == "Unchanged" else NO)


def _outcome(told: dict[str, Any]) -> Answer:
    checks = "\n".join(f"  {'passed' if c['passed'] else 'FAILED'}  {c['name']}: {c['detail']}" for c in told["checks"])
    moved = f"version {told['from_version']} -> {told['to_version']} {told['verdict'].replace('_', ' ')}"
    watched = told.get("watched") or {}
    requests = f"\nwatch: {watched['told']}" if watched else ""
    is_done = told["move"] and not watched.get("trouble")
    return Answer(told, f"{told['model']}: {moved} ({told['reason']})\n{checks}{requests}", DONE if is_done else NO)

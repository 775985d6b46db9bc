"""Commands that move the champion: release, approve, rollback."""

import getpass
from typing import Any

import click

from cli.answers import DONE, NO, Answer, answering
from cli.environment import prepare
from core.outcomes import ReleaseOutcome


@click.command()
@click.argument("name")
@click.option("--version", "number", type=click.IntRange(min=1), help="Default: the newest version.")
@answering
def release(name: str, number: int | None) -> Answer:
    """Make a registered version of model NAME the champion, if it passes its checks."""
    return _release(name, number, approved_by=None)


@click.command()
@click.argument("name")
@click.option("--version", "number", type=click.IntRange(min=1), help="Default: the newest version.")
@answering
def approve(name: str, number: int | None) -> Answer:
    """Release a version that waits for a person: you answer for it, and the journal says so."""
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


def _release(name: str, number: int | None, approved_by: str | None) -> Answer:
    prepare()
    from adapters.registry import newest_version
    from adapters.specs import read_spec

    read_spec(name)
    number = number or newest_version(name)
    from flows.release import release as flow

    return _told(name, number, flow(name, number, approved_by=approved_by, return_state=True))


def _told(name: str, number: int | None, state: Any) -> Answer:
    outcome: ReleaseOutcome | None = state.result()
    if outcome is None:
        return Answer(
            _nothing_done(name, number, state), f"{name}: {state.message}", DONE if state.name == "Unchanged" else NO
        )
    checks = "\n".join(f"  {'passed' if c['passed'] else 'FAILED'}  {c['name']}: {c['detail']}" for c in outcome.checks)
    verdict = outcome.verdict.replace("_", " ")
    text = f"{name}: version {outcome.from_version} -> {outcome.to_version} {verdict} ({outcome.reason})\n{checks}"
    return Answer(outcome, text, DONE if outcome.move else NO)


def _nothing_done(name: str, number: int | None, state: Any) -> dict[str, Any]:
    return {
        "model": name,
        "from_version": None,
        "to_version": number,
        "verdict": str(state.name).lower(),
        "reason": state.message,
        "checks": [],
        "journal_entry": None,
    }

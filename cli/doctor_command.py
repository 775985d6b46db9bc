"""The command that looks at the set-up itself."""

from dataclasses import asdict

import click

from cli.answers import DONE, NO, Answer, answering
from cli.environment import prepare
from core.diagnosis import Diagnosis


@click.command()
@click.option("--event/--no-event", default=True, help="Send a test event through to a run, where a server runs.")
@answering
def doctor(event: bool) -> Answer:
    """Look for every known trap: versions, models, disk, store, registry, Dask, server, worker, events."""
    where = prepare()
    from deployments.doctor import examine_all

    found = examine_all(where, event)
    lines = [f"{_sign(each)}  {each.check:<12} {each.detail}" for each in found]
    fixes = [f"{each.check}: {each.fix}" for each in found if not each.passed]
    text = "\n".join([*lines, *(["", "what to do:", *fixes] if fixes else [])])
    return Answer([asdict(each) for each in found], text, NO if fixes else DONE)


def _sign(found: Diagnosis) -> str:
    return "-   " if found.skipped else "ok  " if found.passed else "FAIL"

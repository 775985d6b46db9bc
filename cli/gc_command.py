"""The command `gc`: what is old, and what nothing that stands refers to."""

from datetime import timedelta

import click

from cli.answers import Answer, answering
from cli.environment import prepare
from core.durations import parse_duration
from core.retention_report import document_of, text_of

# One by one; the whole list is in the document.
MOST_NAMED = 20


def _age(context: click.Context, option: click.Parameter, value: str | None) -> timedelta | None:
    try:
        return None if value is None else parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.argument("name", required=False)
@click.option(
    "--older-than",
    metavar="AGE",
    callback=_age,
    help="One age for everything, such as 30d, at least 1d; default EVERFIT_KEEP, _KEEP_LOG and _KEEP_VERSIONS.",
)
@click.option("--apply", is_flag=True, help="Remove; without it, it is only told what would be removed.")
@answering
def gc(name: str | None, older_than: timedelta | None, apply: bool) -> Answer:
    """Tell what may go from the store: old files and versions that nothing which stands refers to.

    With NAME only that model's versions, reports, pages, quarantine and prediction log; without it also snapshots,
    prepared data, models and caches, which models share. The lake, the journal and the champions' history never go.
    """
    prepare()
    from tasks.retention import ages_of, collect

    if name:
        from adapters.specs import read_spec

        read_spec(name)
    found = collect(name, ages_of(older_than), apply)
    return Answer(document_of(found), text_of(found, MOST_NAMED))

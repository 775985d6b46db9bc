"""The command `lineage`: where a version came from, and which version was champion when."""

from typing import Any

import click

from cli.answers import DONE, NO, Answer, answering
from cli.environment import prepare


@click.command()
@click.argument("selector", metavar="NAME[@champion|@staging|:VERSION]", required=False)
@click.option("--history", is_flag=True, help="Every move of the champion (or NAME@staging) instead: who, when, why.")
@click.option("--data", metavar="SNAPSHOT", help="The other way: what became of a snapshot, by its digest or address.")
@answering
def lineage(selector: str | None, history: bool, data: str | None) -> Answer:
    """Tell which data, spec, code, run and event a version came from, and whether all of it is still there."""
    if (selector is None) == (data is None):
        raise click.UsageError("Give NAME, or a snapshot with --data.")
    prepare()
    if selector is None:
        from tasks.descent import descent_of

        document = descent_of(str(data))
        return Answer(document, _descent_text(document))
    from adapters.specs import read_spec
    from tasks.lineage import history_of, lineage_of, version_of

    name = selector.partition(":")[0].partition("@")[0]
    read_spec(name)
    if history:
        alias = selector.partition("@")[2] or "champion"
        moves = history_of(name, alias)
        return Answer(moves, "\n".join(_move_text(move) for move in moves) or f"{name}: the {alias} never moved")
    found = lineage_of(version_of(selector))
    return Answer(found, _text(found), NO if found["broken"] else DONE)


def _move_text(move: dict[str, Any]) -> str:
    who = f" by {move['by']}" if move["by"] else ""
    return (
        f"{move['at'][:19]}  {move['kind']:<8}  {move['from_version']} -> {move['to_version']}{who}  {move['reason']}"
    )


def _descent_text(found: dict[str, Any]) -> str:
    lines = [f"snapshot {found['data'][:12]}, {found['uri'] if found['there'] else 'which is gone'}"]
    lines += [f"  made        {_named(row)} ({row['verdict']}){_since(row)}" for row in found["versions"]]
    lines += [f"  checked     {row['at'][:19]}  {row['model']}: {row['decision']}" for row in found["checks"]]
    lines += [
        f"  {'was scored' if row['scored_it'] else 'predicted '}  {row['at'][:19]}  {row['rows']} rows by {_named(row)}"
        f" in {row['output']}"
        for row in found["batches"]
    ]
    lines += [
        f"  answered    {row['day']}  {row['rows']} rows by {_named(row)} as {row['served_as']}"
        for row in found["served"]
    ]
    return "\n".join(lines if len(lines) > 1 else [*lines, "  nothing was made of it"])


def _since(row: dict[str, Any]) -> str:
    return "".join(f", champion from {at[:19]}" for at in row["champion_since"])


def _named(row: dict[str, Any]) -> str:
    return f"{row['model']} version {row['version']}"


def _text(found: dict[str, Any]) -> str:
    cause = (
        f"event {found['cause']['event']}: {found['cause']['reason']}" if found["cause"] else "a person or a schedule"
    )
    snapshot = found["data"][0]
    lines = [
        f"{found['model']} version {found['version']}: {found['reason']}",
        f"  data         {snapshot['rows']} rows of {snapshot['source']}, digest {snapshot['digest'][:12]}",
        f"  snapshot     {snapshot['uri']}",
        f"  spec         digest {found['spec_digest'][:12]}",
        f"  code         {found['git_commit'] or 'not a git checkout'}",
        f"  environment  {', '.join(f'{name} {version}' for name, version in found['environment'].items())}",
        f"  flow run     {found['flow_run']}",
        f"  MLflow run   {found['mlflow_run']}",
        f"  cause        {cause}",
        f"  approved by  {found['approved_by'] or 'nobody, the policy did not ask'}",
    ]
    return "\n".join([*lines, *(f"  BROKEN       {link}" for link in found["broken"])])

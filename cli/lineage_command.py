"""The command `lineage`: where a version came from, and which version was champion when."""

from typing import Any

import click

from cli.answers import DONE, NO, Answer, answering
from cli.environment import prepare


@click.command()
@click.argument("selector", metavar="NAME[@champion|@staging|:VERSION]")
@click.option("--history", is_flag=True, help="Every move of the champion (or NAME@staging) instead: who, when, why.")
@answering
def lineage(selector: str, history: bool) -> Answer:
    """Tell which data, spec, code, run and event a version came from, and whether all of it is still there."""
    prepare()
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

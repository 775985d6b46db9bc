"""Commands about a model's data contract: diff, accept."""

import click

from cli.answers import DONE, NO, Answer, answering
from cli.environment import prepare


@click.group()
def contract() -> None:
    """Show what changed in a model's source since its contract was frozen, and take it over."""


@contract.command()
@click.argument("name")
@answering
def diff(name: str) -> Answer:
    """Show what changed in the source of model NAME since its contract was frozen; exits with 3 if something did."""
    prepare()
    from tasks.contracts import difference

    found = difference(name)
    lines = [f"{name}: {len(found.changes)} differences between the contract and {found.rows} rows of {found.source}"]
    lines += [f"  {change}" for change in found.changes]
    if found.changes:
        lines.append(f"take them over with `everfit contract accept {name}`")
    return Answer(found.document, "\n".join(lines), NO if found.changes else DONE)


@contract.command()
@click.argument("name")
@answering
def accept(name: str) -> Answer:
    """Write what changed in the source of model NAME into its YAML; only the contract in it changes."""
    prepare()
    from tasks.contracts import accept_difference

    found = accept_difference(name)
    taken = [change for change in found.changes if change.accepted is not None or change.kind == "gone"]
    left = [change for change in found.changes if change not in taken]
    lines = [f"{name}: {len(taken)} changes are in {found.file}" if found.file else f"{name}: nothing has changed"]
    lines += [f"  {change}" for change in taken]
    lines += [f"  NOT taken over: {change}" for change in left]
    return Answer(found.document, "\n".join(lines))

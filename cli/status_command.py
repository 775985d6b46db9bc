"""The command `status`: what is champion, since when, and what was decided."""

from typing import Any

import click

from cli.answers import Answer, answering
from cli.environment import prepare


@click.command()
@click.argument("name", required=False)
@answering
def status(name: str | None) -> Answer:
    """Tell what is champion, since when and why, of model NAME or of all."""
    prepare()
    from adapters.specs import model_names, read_spec
    from tasks.standing import standing_of

    if name:
        read_spec(name)
    found = [standing_of(model) for model in ([name] if name else model_names())]
    return Answer(found, "\n\n".join(_text(row) for row in found) or "no models: the folder of YAML files is empty")


def _text(row: dict[str, Any]) -> str:
    champion = row["champion"]
    lines = [
        f"{row['model']}: "
        + (f"version {champion['version']} since {champion['since']}" if champion else "no champion")
    ]
    if champion:
        lines.append("  " + ", ".join(f"{name} {value:.4f}" for name, value in champion["metrics"].items()))
        lines += [f"  watch: {champion['watch']}"] if champion["watch"] else []
    if last := row["last_training"]:
        lines.append(f"  {last['at'][:19]}  training {last['verdict']}: {last['reason']}")
    lines += [f"  {entry['at'][:19]}  {entry['decision']:<8} {entry['reason']}" for entry in row["decisions"]]
    return "\n".join([*lines, *(f"  BROKEN  {link}" for link in row["broken"])])

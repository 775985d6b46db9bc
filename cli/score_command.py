"""The command `score`: the ML Test Score of a version, and what a person must still do."""

import getpass
from typing import Any

import click

from cli.answers import DONE, Answer, answering
from cli.environment import prepare


@click.command()
@click.argument("selector", metavar="NAME[@champion|:VERSION]")
@click.option("--versions", is_flag=True, help="A table of every version instead.")
@click.option("--attest", "key", metavar="TEST", help="Say that you have done this test by hand, such as D3.")
@click.option("--evidence", default="", help="Where it is written down; with --attest.")
@click.option("--why", default="", help="What you have done; with --attest.")
@answering
def score(selector: str, versions: bool, key: str | None, evidence: str, why: str) -> Answer:
    """Score a version by the 28 tests of the ML Test Score (Breck et al. 2017); `everfit predict` scores tables."""
    if key and not (evidence and why):
        raise click.UsageError("A word counts with its evidence: give --evidence and --why.")
    prepare()
    from adapters.specs import read_spec
    from tasks.lineage import version_of
    from tasks.rating import attest, rate, score_document, score_table

    name = selector.partition(":")[0].partition("@")[0]
    read_spec(name)
    if versions:
        rows = score_table(name)
        return Answer(rows, _versions_text(rows) or f"{name} has no version yet")
    version = version_of(selector)
    if key:
        attest(name, key, {"by": getpass.getuser(), "evidence": evidence, "why": why})
    document = score_document(version, rate(version))
    return Answer(document, _text(document), DONE)


def _text(found: dict[str, Any]) -> str:
    lines = [f"{found['model']} version {found['version']}: ML Test Score {found['score']:g}"]
    for section, points in found["sections"].items():
        lines += ["", f"{section} {points:g} of 7"]
        for test in (each for each in found["tests"] if each["section"] == section):
            lines.append(f"  {test['points']:<4g}{test['key']}  {test['title']}: {test['told']}")
            lines += [f"          see   {test['evidence']}"] * bool(test["evidence"])
            lines += [f"          to do {test['todo']}"] * bool(test["todo"])
    return "\n".join(lines)


def _versions_text(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return ""
    head = "".join(f"{name:>16}" for name in rows[0])
    return "\n".join([head, *("".join(f"{value:>16g}" for value in row.values()) for row in rows)])

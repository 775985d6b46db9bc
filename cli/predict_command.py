"""The command `predict`: score a table with the champion or another version."""

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.answers import Answer, answering
from cli.environment import prepare
from cli.sources import source_of
from core.errors import DataMissing, SpecError

if TYPE_CHECKING:
    from core.records import Version

MOST_REASONS = 10


@click.command()
@click.argument("name")
@click.argument("source", required=False)
@click.option("-o", "--output", required=True, metavar="OUT", help="CSV or Parquet file to write, by its ending.")
@click.option("--version", "number", type=click.IntRange(min=1), help="Default: the champion.")
@click.option("--sql", metavar="QUERY", help="Score the rows of this query, with --url.")
@click.option("--url", help="sqlite:///file.db or 'postgresql://user:${NAME}@host/db', NAME from the environment.")
@answering
def predict(name: str, number: int | None, output: str, **table: str | None) -> Answer:
    """Score the table SOURCE with the champion of model NAME, or with a version (NAME:2), and write OUT.

    SOURCE is a file, folder, glob or address (s3://, https://, lake://) of CSV, Parquet or JSON lines, of any size.

    OUT has a line for each row, in order: the key columns of the YAML (without any, `row`, which counts from 1),
    `prediction`, for classes `probability` (of the positive one) or `probability_<class>`, and `reason`. A row that
    breaks the contract has no prediction, and a reason that names column, rule and value; of rows that repeat what
    must be unique, the first is scored. Lags are those of the table itself, unless it brings their columns: give rows
    together with their past. OUT is written whole or not at all. Broken rows are no failure: the exit code
    is 0 when every row came out.
    """
    model, number = _asked_version(name, number)
    source = source_of(table["source"], table["sql"], table["url"], f"everfit predict {name} {{source}} -o out.csv")
    prepare()
    from adapters.growing_file import format_of
    from adapters.specs import read_spec

    spec, out = read_spec(model), output if "://" in output else str(Path(output).expanduser().absolute())
    # A wrong request is told before MLflow, which takes seconds, is imported.
    format_of(out)
    from adapters.scoring import score_table
    from core.source_spec import SqlSource

    version = _version(model, number)
    scored = score_table(version, spec, SqlSource(**source) if isinstance(source, dict) else source, out)
    told = {"model": model, "version": version.number, "source": _told(source), "output": out}
    document = told | asdict(scored)
    return Answer(document, _text(document))


def _asked_version(name: str, number: int | None) -> tuple[str, int | None]:
    model, mark, asked = re.fullmatch(r"([^@:]*)([@:]?)(.*)", name, re.DOTALL).groups()  # type: ignore[union-attr]
    if not mark or (mark, asked) == ("@", "champion"):
        return model, number
    if mark == "@" or not re.fullmatch(r"[1-9]\d*", asked) or number not in (None, int(asked)):
        raise SpecError(
            f"it is not clear which version of {model} is meant",
            f"given is {name}" + (f" and --version {number}" if number else ""),
            f"write {model}, {model}@champion, {model}:2 or --version 2",
        )
    return model, int(asked)


def _version(model: str, number: int | None) -> "Version":
    from adapters.registry import find_champion, find_version

    found = find_version(model, number) if number else find_champion(model)
    if found is None:
        raise DataMissing(
            f"{model} has no champion that could predict",
            "no version was released yet",
            f"release one (`everfit train {model}`, then `everfit release {model}`), or name one with --version",
        )
    return found


def _told(source: str | dict[str, str]) -> str:
    return source if isinstance(source, str) else f"{source['url']} ({' '.join(source['sql'].split())})"


def _text(document: dict[str, Any]) -> str:
    rows, broken, reasons = document["rows"], document["broken"], document["reasons"]
    done = f"{document['predicted']} of {rows} rows of {document['source']} in {document['seconds']:.1f} s"
    lines = [f"{document['model']}: version {document['version']} has scored {done}"]
    if document["without_past"]:
        told = "rows have no earlier row in this table for a lag to read: give their past with them if there is one"
        lines.append(f"  {document['without_past']} {told}")
    if broken:
        lines.append(f"  {broken} rows have no prediction; each has its reason in the column `reason`:")
        lines += [f"  {each['rows']:>9}  {each['column']}: {each['rule']}" for each in reasons[:MOST_REASONS]]
    if len(reasons) > MOST_REASONS:
        lines.append(f"  {'':>9}  and {len(reasons) - MOST_REASONS} more rules, see --json")
    return "\n".join([*lines, f"written: {document['output']}"])

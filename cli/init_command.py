"""The command `init`: from a table that nobody described to a YAML that trains."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from cli.answers import Answer, answering
from cli.sources import source_of
from core.errors import DataRejected, SpecError

if TYPE_CHECKING:
    from adapters.tables import FirstLook
    from core.first_spec import Proposal


MOST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user has typed."""

    source: str | None
    target: str
    name: str | None
    time: str | None
    key: tuple[str, ...]
    group: str | None
    sql: str | None
    url: str | None
    force: bool


@click.command()
@click.argument("source", required=False)
@click.option("--target", required=True, metavar="COL", help="The column to predict.")
@click.option("--name", help="The model's name; default after the file, folder or table.")
@click.option("--time", metavar="COL", help="Column that orders rows.")
@click.option("--key", multiple=True, metavar="COL", help="Column that identifies a row; more than once for several.")
@click.option("--group", metavar="COL", help="Column whose rows stay on one side of the split.")
@click.option("--sql", metavar="QUERY", help="Read the rows of this query, with --url.")
@click.option("--url", help="sqlite:///file.db or 'postgresql://user:${NAME}@host/db', NAME from the environment.")
@click.option("--force", is_flag=True, help="Replace a YAML that is there.")
@answering
def init(source: str | None, **options: Any) -> Answer:
    """Look at the table SOURCE and write models/NAME.yaml, with what was inferred and what looks wrong.

    SOURCE is a file, folder, glob or address (s3://, https://, lake://) of CSV, Parquet or JSON lines.
    """
    return _init(Asked(source=source, **options))


def _init(asked: Asked) -> Answer:
    from adapters.specs import refuse_taken, write_spec_file

    source, name = _source_and_name(asked)
    refuse_taken(name, force=asked.force)
    from adapters.tables import look_at, with_time
    from core.first_spec import Wanted, propose
    from core.roles import Roles
    from core.source_spec import SqlSource
    from core.spec_reading import parse_spec
    from core.spec_writing import write_spec

    table = SqlSource(**source) if isinstance(source, dict) else source
    look = look_at(table)
    if asked.time and asked.time in look.frame.columns and asked.time != asked.target:
        look = with_time(look, asked.time)
    keys = _split_at_commas(asked.key, list(look.frame.columns))
    roles = Roles(keys, asked.time, asked.group, _asked_for(asked))
    data = {"source": source, "format": look.how.model_dump()}
    proposal = propose(look.frame, Wanted(name, data, asked.target, roles, look.whole))
    text = _head(look) + write_spec(proposal.spec, proposal.why)
    # What is written must be what was meant.
    if parse_spec(text, f"{name}.yaml") != proposal.spec:
        raise RuntimeError(f"the YAML of {name} does not read as it was written")
    file = write_spec_file(name, text, force=asked.force)
    document = _document(proposal, look, str(file))
    return Answer(document, _text(document, proposal))


def _source_and_name(asked: Asked) -> tuple[str | dict[str, str], str]:
    from adapters.addresses import name_for, name_for_query

    source = source_of(asked.source, asked.sql, asked.url, "everfit init {source} --target late")
    name = asked.name or (name_for(source) if isinstance(source, str) else name_for_query(source["sql"]))
    if not name:
        raise SpecError("the model has no name", "the source suggests none", "give one with --name")
    return source, name


def _split_at_commas(keys: tuple[str, ...], columns: list[str]) -> tuple[str, ...]:
    # A column's name may hold a comma: what is a column is not split.
    split = [[key] if key in columns else key.split(",") for key in keys]
    return tuple(dict.fromkeys(name if name in columns else name.strip() for names in split for name in names))


def _asked_for(asked: Asked) -> dict[str, str]:
    parts = {"key": asked.key, "time": asked.time, "group": asked.group}
    clash = [part for part, value in parts.items() if asked.target in (value if isinstance(value, tuple) else (value,))]
    if clash:
        raise DataRejected(
            f"'{asked.target}' cannot be both --target and --{clash[0]}",
            "a model may not know what it predicts",
            f"name another column with --{clash[0]}",
        )
    return {part: "as you said" for part, value in parts.items() if value}


def _head(look: "FirstLook") -> str:
    return f"# Written by `everfit init` after a look at {_rows(look)}. Edit it: it is yours.\n"


def _rows(look: "FirstLook") -> str:
    seen = len(look.frame)
    return f"all {seen} rows" if look.whole else f"{seen} of about {look.n_rows} rows (the start and parts of the rest)"


def _document(proposal: "Proposal", look: "FirstLook", file: str) -> dict[str, Any]:
    spec = proposal.spec
    return {
        "model": spec.name,
        "file": file,
        "problem": spec.problem,
        "target": spec.target.column,
        "columns": [asdict(column) for column in proposal.columns],
        "split": spec.split_by,
        "metric": spec.metric,
        "warnings": [asdict(warned) for warned in proposal.warnings],
        "key": list(spec.data.key),
        "time": spec.data.time,
        "group": spec.data.group,
        "dropped": list(spec.features.drop),
        "rows": {"seen": len(look.frame), "all": look.n_rows, "whole": look.whole},
        "format": look.how.model_dump(exclude_none=True, exclude={"nulls"}),
        "why": {path: why for path, why in proposal.why.items() if not path.startswith("contract.")},
    }


def _text(document: dict[str, Any], proposal: "Proposal") -> str:
    rows, why = document["rows"], document["why"]
    seen = f"all {rows['seen']} rows" if rows["whole"] else f"{rows['seen']} of about {rows['all']} rows"
    lines = [f"{document['model']}: a {document['problem']} problem, after a look at {seen}", f"  {why['problem']}", ""]
    shown = proposal.columns[:MOST_SHOWN]
    width = min(40, max(len(column.name) for column in shown))
    lines += [_on_one_line(f"  {column.name:<{width}}  {column.kind:<9} {column.why}") for column in shown]
    if len(shown) < len(proposal.columns):
        lines.append(f"  ... and {len(proposal.columns) - len(shown)} more, see the YAML")
    lines += ["", f"  metric  {document['metric']}", f"  split   by {document['split']}: {why['split.by']}"]
    for role in ("key", "time", "group"):
        told = document[role] if isinstance(document[role], str) else ", ".join(document[role] or ())
        lines.append(f"  {role:<7} {told or 'none'}" + (f": {why[f'data.{role}']}" if f"data.{role}" in why else ""))
    if document["warnings"]:
        lines += ["", "what looks wrong:"]
        for warned in proposal.warnings:
            word = "left out" if warned.column in document["dropped"] else "BLOCKS" if warned.blocks else "warns"
            lines.append(_on_one_line(f"  {word:<8}  {warned}"))
    if document["dropped"]:
        lines += ["", f"left out of the features: {', '.join(document['dropped'])}"]
    return "\n".join([*lines, "", f"written: {document['file']}", f"next: everfit train {document['model']}"])


def _on_one_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)

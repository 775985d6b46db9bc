"""Commands about data: land."""

from datetime import datetime

import click

from cli.answers import Answer, answering
from cli.environment import prepare


@click.command()
@click.argument("name")
@click.argument("source", required=False)
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]), help="Land rows up to this date, included."
)
@answering
def land(name: str, source: str | None, until: datetime | None) -> Answer:
    """Put a table into the lake of model NAME, one Parquet file a period, whole or not at all.

    SOURCE is a file, glob or URL (csv, parquet, jsonl); `everfit land flights` without one lands the example.
    """
    prepare()
    from adapters.addresses import as_written
    from tasks.landing import land_and_tell

    landed = land_and_tell(name, as_written(source) if source else None, until)
    files = "\n".join(f"  {part.period}  {part.n_rows:>8} rows  {part.state}" for part in landed.parts)
    told = "data.arrived was sent" if landed.event_id else "no event was sent"
    text = f"{landed.n_new} of {len(landed.parts)} periods are new in {landed.folder}; {told}\n{files}"
    return Answer(landed, text)

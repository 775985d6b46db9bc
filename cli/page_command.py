"""The command `page`: all that is known of a version, on one page."""

from pathlib import Path

import click

from cli.answers import Answer, answering
from cli.environment import prepare


@click.command()
@click.argument("selector", metavar="NAME[@champion|:VERSION]")
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="Also write the HTML into this file."
)
@answering
def page(selector: str, out: Path | None) -> Answer:
    """Write the page of a version, one HTML file that needs no network, and the same as Markdown, also into MLflow."""
    prepare()
    from adapters.specs import read_spec
    from adapters.storage import read_bytes, write_bytes
    from tasks.lineage import version_of
    from tasks.pages import write_page

    read_spec(selector.partition(":")[0].partition("@")[0])
    version = version_of(selector)
    written = write_page(version)
    content = read_bytes(written.html)
    if out is not None:
        write_bytes(str(out.resolve()), content)
    document = {
        "model": version.record.model,
        "version": version.number,
        "page": str(out) if out else written.html,
        "markdown": written.markdown,
        "bytes": len(content),
        "sections": [section.title for section in written.page.sections],
        "links": {link.words: link.address for link in written.page.sections[-1].links},
    }
    return Answer(document, f"{written.page.title}: {document['page']} ({len(content) / 1024:.0f} kB)")

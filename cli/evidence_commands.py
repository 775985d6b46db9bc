"""Commands about evidence: a pack that can be sent, and whether a pack is still what was written."""

from pathlib import Path

import click

from cli.answers import DONE, NO, Answer, answering
from cli.environment import prepare


@click.command()
@click.argument("selector", metavar="NAME[@champion|:VERSION]")
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="Default NAME-vVERSION-evidence.zip, here."
)
@answering
def evidence(selector: str, out: Path | None) -> Answer:
    """Write what is known of a version into one zip: cards, spec, contract, metrics, verdict, journal, packages."""
    prepare()
    from adapters.specs import read_spec
    from adapters.storage import write_bytes
    from tasks.evidence import make_pack
    from tasks.lineage import version_of

    read_spec(selector.partition(":")[0].partition("@")[0])
    version = version_of(selector)
    made = make_pack(version)
    place = out or Path(f"{version.record.model}-v{version.number}-evidence.zip")
    write_bytes(str(place.resolve()), made.content)
    document = {
        "model": version.record.model,
        "version": version.number,
        "file": str(place),
        "manifest": made.digest,
        "files": list(made.names),
        "bytes": len(made.content),
    }
    return Answer(document, f"{place}: {len(made.names)} files, {len(made.content) / 1024:.0f} kB, {made.digest[:12]}")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@answering
def verify(file: Path) -> Answer:
    """Tell what was changed in an evidence FILE since it was written; exits with 3 if something was."""
    prepare()
    from tasks.evidence import verify_pack

    found = verify_pack(file)
    lines = [f"{file}: evidence of {found['model']} version {found['version']}, {found['files']} files"]
    lines += [f"  CHANGED  {line}" for line in found["changed"]]
    if found["whole"]:
        lines.append("  every file has the digest that the manifest says")
        known = "is in the journal here" if found["written_here"] else "was not written by this store: ask who wrote it"
        lines.append(f"  the manifest, {found['manifest'][:12]}, {known}")
    return Answer(found, "\n".join(lines), DONE if found["whole"] else NO)

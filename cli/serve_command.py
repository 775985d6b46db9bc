"""The command `serve`: champions over HTTP."""

import click

from cli.answers import Answer, answering
from cli.environment import prepare


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option("--port", type=click.IntRange(1, 65535), help="Default: EVERFIT_SERVING_PORT, or 8000.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes.")
@click.option(
    "--challenger", "challengers", multiple=True, metavar="NAME@ALIAS=SHARE", help="Answers a share of the requests."
)
@click.option("--shadow", "shadows", multiple=True, metavar="NAME@ALIAS", help="Predicts too, and is only logged.")
@answering
def serve(
    names: tuple[str, ...],
    port: int | None,
    host: str,
    workers: int,
    **others: tuple[str, ...],
) -> Answer:
    """Answer over HTTP with the champions of models NAME..., or of all, in MLflow's scoring protocol.

    NAME@ALIAS and NAME:VERSION serve another version than the champion. A released version is picked up within two
    seconds. The paths are at /docs; limits, the token and the prediction log are EVERFIT_SERVING_* variables.
    """
    where = prepare()
    from adapters.specs import read_spec
    from deployments.ports import ensure_port_is_free
    from serving.run import serve as run
    from serving.settings import references

    for name in references(",".join(names)):
        read_spec(name)
    port = port or where.serving_port
    ensure_port_is_free(port, "--port")
    run(host, port, workers, {"models": ",".join(names), **{role: ",".join(each) for role, each in others.items()}})
    document = {"models": list(names), "host": host, "port": port, "stopped": True}
    return Answer(document, f"http://{host}:{port} was stopped; the prediction log is written")

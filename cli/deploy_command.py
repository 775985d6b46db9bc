"""The command `deploy`: the deployments on a team's work pool."""

import json

import click

from cli.answers import Answer, answering
from cli.environment import prepare


@click.command()
@click.option(
    "--pool", type=click.Choice(["process", "docker", "kubernetes"]), help="Default: EVERFIT_POOL, or process."
)
@click.option("--build", is_flag=True, help="Build the image EVERFIT_IMAGE:EVERFIT_IMAGE_TAG first, and push it.")
@click.option("--show", is_flag=True, help="Print the file that `prefect deploy` would read, and change nothing.")
@answering
def deploy(pool: str | None, build: bool, show: bool) -> Answer:
    """Put the deployments on a work pool of the server at PREFECT_API_URL; `everfit up` does it for this machine.

    The pool is made where it is missing, alerts are routed, and every model's check is scheduled.
    """
    # Runs may reach a store that this machine does not.
    where = prepare(store=False)
    chosen = pool or where.pool
    if show:
        from deployments.deploy import variables
        from deployments.pools import deployment_file

        document = deployment_file(chosen, variables(where), build)
        return Answer(document, json.dumps(document, indent=1))
    from deployments.deploy import deploy as run

    document = run(where, chosen, build)
    text = f"{', '.join(document['deployments'])} are on the work pool {document['pool']}\n"
    return Answer(document, text + f"their runs wait for: prefect worker start --pool {document['pool']}")

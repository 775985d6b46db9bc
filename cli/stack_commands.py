"""Commands about the local stack: demo, up, down."""

import sys
from contextlib import ExitStack
from typing import Any

import click

from cli.answers import Answer, answering
from cli.environment import prepare


@click.command()
@click.option(
    "--months", type=click.IntRange(1, 10), default=4, show_default=True, help="Months that land after the first."
)
@answering
def demo(months: int) -> Answer:
    """Run the whole loop on real flights: train, release, drift, retrain by events; ends by itself with a table."""
    where = prepare()
    from cli.demo_view import DemoView, summary
    from deployments.demo import run_demo

    quiet = "--json" in sys.argv
    with ExitStack() as opened:
        view = opened.enter_context(DemoView(quiet))
        document = run_demo(where, months, view.show)
    return Answer(document, summary(document))


@click.command()
@answering
def up() -> Answer:
    """Keep Prefect, MLflow, a worker and the endpoint running, restarted when they die, until `everfit down`."""
    where = prepare()
    from deployments.local import start_for_good

    stack = start_for_good(where)
    document = {
        "prefect": stack.prefect_url,
        "mlflow": stack.mlflow_url,
        "serving": stack.serving_url,
        "home": str(where.home),
    }
    text = f"Prefect  {stack.prefect_url}\nMLflow   {stack.mlflow_url or where.mlflow_url}\n"
    text += f"serving  {stack.serving_url or 'off'}\nlogs     {where.home / 'logs'}"
    return Answer(document, f"{text}\nstop it with: everfit down")


@click.command()
@answering
def down() -> Answer:
    """Stop what `everfit up` has started; state and models stay."""
    where = prepare()
    from deployments.stack import running_stack, stop_stack

    stack = running_stack(where)
    stop_stack(where.home)
    document: dict[str, Any] = {"stopped": stack is not None, "home": str(where.home)}
    return Answer(document, "stopped" if stack else "nothing was running")

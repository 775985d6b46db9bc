"""`everfit up`: the stack on its own ports, with the schedules of the models."""

from adapters.settings import Settings
from adapters.specs import model_names, read_spec
from deployments.ports import Ports
from deployments.schedules import schedule_checks
from deployments.stack import Stack, running_stack, start_stack


def own_ports(where: Settings) -> Ports:
    """The ports that the settings name; no MLflow server of ours where EVERFIT_MLFLOW names another."""
    return Ports(where.prefect_port, None if where.mlflow else where.mlflow_port, where.serving_port)


def start_for_good(where: Settings) -> Stack:
    """Start the stack so that it stays, or find it running, and schedule every model's check."""
    every = {name: read_spec(name).monitor.every for name in model_names()}
    stack = running_stack(where) or start_stack(where, own_ports(where), tied=False)
    schedule_checks(stack.prefect_api, every)
    return stack

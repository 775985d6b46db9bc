"""The schedules of the checks: one a model, on the one deployment that serves them all."""

from collections.abc import Mapping
from datetime import timedelta

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.settings import PREFECT_API_URL, temporary_settings

CHECKS = "check-drift/check-drift"


def schedule_checks(api_url: str, every: Mapping[str, timedelta]) -> None:
    """Have each model checked at its own interval; the schedule of a model that is gone goes too.

    Args:
        api_url: Of the Prefect server.
        every: Interval by model.
    """
    with temporary_settings({PREFECT_API_URL: api_url}), get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(CHECKS).id
        known = {schedule.slug: schedule for schedule in client.read_deployment_schedules(deployment)}
        for slug in known.keys() - every.keys():
            client.delete_deployment_schedule(deployment, known[slug].id)
        for model, interval in every.items():
            schedule = IntervalSchedule(interval=interval)
            if model not in known:
                new = DeploymentScheduleCreate(schedule=schedule, parameters={"model": model}, slug=model)
                client.create_deployment_schedules(deployment, [new])
            elif getattr(known[model].schedule, "interval", None) != interval:
                client.update_deployment_schedule(deployment, known[model].id, schedule=schedule)

"""`everfit deploy`: a server that a team shares gets its work pool, deployments, alerts and the models' schedules."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.secrets import refuse_literal_secret
from adapters.settings import PROJECT, Settings
from adapters.specs import model_names, read_spec
from core.errors import ServiceUnavailable, SpecError
from deployments.doctor_server import server_client
from deployments.pools import deployment_file, job_template, pool_name

# What a container of the pool is told by a Prefect block, made from the environment of whoever deploys.
SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")


def variables(where: Settings) -> dict[str, str]:
    """The variables that prefect.yaml may name, those that have a value."""
    refuse_literal_secret(where.repository)
    names = ("mlflow", "dask", "endpoint", "image", "image_tag", "repository", "branch")
    ours = {f"EVERFIT_{name.upper()}": getattr(where, name) for name in names}
    # A folder of this machine is of no use to another.
    store = where.store if "://" in where.store else ""
    theirs = {name: os.environ.get(name, "") for name in ("AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION")}
    return {name: value for name, value in {**ours, **theirs, "EVERFIT_STORE": store}.items() if value}


def deploy(where: Settings, pool: str, build: bool) -> dict[str, Any]:
    """Make the pool, deploy all to it, route the alerts, watch for lost runs, and schedule every model's check.

    Args:
        where: The settings.
        pool: `process`, `docker` or `kubernetes`.
        build: Whether the image is built and pushed first.

    Returns:
        The pool's name and type, and the deployments that are on it.

    Raises:
        SpecError: No server is set, or the store is a folder that a container does not have.
        ServiceUnavailable: The server or the image's registry does not do what it is asked.
    """
    from prefect.settings import PREFECT_API_URL

    from deployments.alerts import route_alerts
    from deployments.schedules import schedule_checks
    from deployments.silence import listen_for_heartbeats

    every = {name: read_spec(name).monitor.every for name in model_names()}
    told = variables(where)
    api = PREFECT_API_URL.value()
    _refuse_what_cannot_work(pool, api, told)
    with server_client() as client:
        _make_pool(client, pool)
        _run_prefect(deployment_file(pool, told, build))
        route_alerts(client)
        listen_for_heartbeats(client)
        schedule_checks(api, every)
        found = [each for each in client.read_deployments() if each.work_pool_name == pool_name(pool)]
    return {
        "pool": pool_name(pool),
        "type": pool,
        "deployments": sorted(each.name for each in found),
        "scheduled": sorted(every),
    }


def _refuse_what_cannot_work(pool: str, api: str | None, told: Mapping[str, str]) -> None:
    if not api:
        raise SpecError(
            "there is no server to deploy to",
            "PREFECT_API_URL is not set, and no local stack runs",
            "export PREFECT_API_URL=http://SERVER:4200/api, or `everfit up` for a server on this machine",
        )
    if pool != "process" and not (told.get("EVERFIT_STORE") and told.get("EVERFIT_MLFLOW")):
        raise SpecError(
            f"runs of the pool {pool} would lose what they write",
            "EVERFIT_STORE or EVERFIT_MLFLOW is no address, and a container's folders go with it",
            "export EVERFIT_STORE=s3://bucket/prefix EVERFIT_MLFLOW=http://HOST:5000",
        )


def _make_pool(client: Any, pool: str) -> None:
    """The work pool; where there is one, its template is made as it is said now."""
    from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
    from prefect.exceptions import ObjectNotFound

    known = {kind: each for group in client.read_worker_metadata().values() for kind, each in group.items()}
    template = job_template(pool, known[pool]["default_base_job_configuration"], _blocks(pool))
    try:
        client.read_work_pool(pool_name(pool))
        # That of processes is Prefect's own, or the local stack's.
        if pool != "process":
            client.update_work_pool(pool_name(pool), WorkPoolUpdate(base_job_template=template))
    except ObjectNotFound:
        client.create_work_pool(WorkPoolCreate(name=pool_name(pool), type=pool, base_job_template=template))


def _blocks(pool: str) -> dict[str, str]:
    """Secrets of this environment, kept encrypted by the server; the name of the block by the variable."""
    if pool != "docker":
        return {}
    from prefect.blocks.system import Secret

    made = {}
    for name in SECRETS:
        if value := os.environ.get(name):
            made[name] = f"everfit-{name.lower().replace('_', '-')}"
            Secret(value=value).save(made[name], overwrite=True)
    return made


def _run_prefect(content: dict[str, Any]) -> None:
    """`prefect deploy --all` in the project, with this file."""
    with tempfile.TemporaryDirectory(prefix="everfit-deploy-") as folder:
        file = Path(folder) / "prefect.yaml"
        file.write_text(json.dumps(content))
        command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(file)]
        done = subprocess.run(
            command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
    if done.returncode:
        raise ServiceUnavailable(
            "prefect deploy has failed",
            "\n    ".join(done.stdout.strip().splitlines()[-12:]),
            "remove the cause that it names; `--build` needs Docker and pip install 'everfit[team]'",
        )

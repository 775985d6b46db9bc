"""Prefect's file for one kind of work pool, made from prefect.yaml, and the pool's template of a job."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import yaml

from adapters.settings import PROJECT

# Where a value is taken from the environment of whoever deploys.
FROM_ENVIRONMENT = "{{ $"


def deployment_file(pool: str, where: Mapping[str, str], build: bool) -> dict[str, Any]:
    """What `prefect deploy --all` is to read: the deployments of prefect.yaml, on another pool.

    Args:
        pool: `process`, `docker` or `kubernetes`.
        where: Variables that the file may name; what is not among them is left out.
        build: Whether the image is built and pushed first.

    Returns:
        The file's content, with the variables filled in.
    """
    content = read_project()
    chosen = content.pop("definitions")["pools"][pool]
    found: dict[str, Any] = {**content, "deployments": []}
    if build:
        found |= {step: chosen[step] for step in ("build", "push") if step in chosen}
    steps = chosen["in_git"] if where.get("EVERFIT_REPOSITORY") else chosen.get("pull")
    if steps is not None:
        found["pull"] = steps
    # Read by everybody: without copies YAML would write anchors.
    found = deepcopy(_filled(found, where))
    work_pool = _filled(chosen["work_pool"], where)
    found["deployments"] = [{**each, "work_pool": deepcopy(work_pool)} for each in content["deployments"]]
    return found


def read_project() -> dict[str, Any]:
    """The content of prefect.yaml."""
    content: dict[str, Any] = yaml.safe_load((PROJECT / "prefect.yaml").read_text())
    return content


def pool_name(pool: str) -> str:
    """What the work pool of a kind is called."""
    return str(read_project()["definitions"]["pools"][pool]["work_pool"]["name"])


def job_template(pool: str, default: dict[str, Any], secrets: Mapping[str, str]) -> dict[str, Any]:
    """Prefect's template of a job, with what it does not have.

    Args:
        pool: `process`, `docker` or `kubernetes`.
        default: Prefect's own template.
        secrets: Name of the block that holds a variable's value, by the variable.
    """
    template = deepcopy(default)
    chosen = read_project()["definitions"]["pools"][pool]
    if "pod" in chosen:
        pod = template["job_configuration"]["job_manifest"]["spec"]["template"]
        container = pod["spec"]["containers"][0]
        pod.update({**chosen["pod"], "spec": {**pod["spec"], **chosen["pod"]["spec"]}})
        container.update(chosen["container"])
    elif pool == "docker":
        # The worker looks into a block when a run starts: a job variable of a deployment would keep the value itself.
        held = {name: f"{{{{ prefect.blocks.secret.{block} }}}}" for name, block in secrets.items()}
        template["variables"]["properties"]["env"]["default"] = held
    return template


def _filled(part: Any, where: Mapping[str, str]) -> Any:
    """The same with the variables' values; a key whose variable is not set is gone."""
    if isinstance(part, dict):
        filled = {key: _filled(value, where) for key, value in part.items()}
        return {key: value for key, value in filled.items() if value is not None}
    if isinstance(part, list):
        return [_filled(each, where) for each in part]
    if not isinstance(part, str) or FROM_ENVIRONMENT not in part:
        return part
    for name, value in where.items():
        part = part.replace(f"{FROM_ENVIRONMENT}{name} }}}}", value)
    return None if FROM_ENVIRONMENT in part else part

"""Look for leaks and a broken split before any model is trained."""

from prefect import get_run_logger, task

from core.errors import DataRejected
from core.events import DataRejected as DataRejectedEvent
from core.findings import Finding, refuse_blocking
from core.preparation import AS_IT_IS, Preparation
from core.refs import Splits
from core.sentinel import SentinelPlan, examine
from core.target import TargetCoding
from tasks.announce import send
from tasks.features import read_prepared
from tasks.policies import STAGE


@task(name="sentinel", **STAGE)
def sentinel(
    parts: Splits, plan: SentinelPlan, coding: TargetCoding, model: str, preparation: Preparation = AS_IT_IS
) -> tuple[Finding, ...]:
    """What would make a model look better than it is; refused with an event where the YAML says block."""
    train, validation, test = read_prepared(parts, preparation)
    found = examine((train, validation, test), plan, coding)
    log = get_run_logger()
    for finding in found:
        log.warning("sentinel: %s", finding)
    log.info("sentinel: %d findings, %d of them block", len(found), sum(finding.blocks for finding in found))
    try:
        refuse_blocking(found, model)
    except DataRejected:
        # A retraining has nobody who watches: what it was refused for is told like a broken batch.
        send(DataRejectedEvent(model=model, cause=parts.train.sha256, severity="sentinel"))
        raise
    return found

"""The rollback: an older version becomes champion again, after its golden rows have scored as at training."""

import time
from typing import Any

from prefect import flow
from prefect.states import Completed

from adapters.moves import moves_of
from adapters.registry import find_champion, find_version
from adapters.specs import read_spec
from core.acceptance import Limits
from core.errors import DataMissing
from core.moves import previous_champion
from tasks.causes import first_for
from tasks.endings import show_ending
from tasks.releases import Change, conclude_change, settle
from tasks.releasing import accept, move


@flow(name="rollback", flow_run_name="rollback-{model}", on_completion=[show_ending], on_failure=[show_ending])
def rollback(
    model: str, to: int | None = None, cause: str | None = None, by: str | None = None, why: str | None = None
) -> Any:
    """Move the champion back.

    Args:
        model: Name of a YAML in the models' folder.
        to: Number of a registered version; default the champion before this one.
        cause: Id of the event that asked for it; one cause starts one rollback.
        by: The person who answers for it.
        why: What the journal shall say.
    """
    started = time.monotonic()
    if not first_for(model, cause, "rollback"):
        return Completed(name="Duplicate", message=f"{cause} has started a rollback of {model} already")
    read_spec(model)
    settle(model)
    champion, target = find_champion(model), find_version(model, to or _way_back(model))
    if champion is not None and champion.number == target.number:
        return Completed(name="Unchanged", message=f"version {target.number} is the champion of {model} already")
    # How fast it answers is told, and no reason to stay with a version that somebody wants to be rid of.
    change = Change("rollback", target, champion, tuple(accept(target, Limits())), cause, by, started, why)
    outcome = conclude_change(change, move(change.planned) if change.passed else None)
    return Completed(name="RolledBack" if change.passed else "Rejected", message=outcome.reason, data=outcome)


def _way_back(model: str) -> int:
    earlier = previous_champion(moves_of(model))
    if earlier is None:
        raise DataMissing(
            f"{model} has no earlier champion to go back to",
            "the history holds no move before the one that made the champion",
            f"see `everfit lineage {model} --history`, or name a version with --to",
        )
    return earlier

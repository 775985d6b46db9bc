"""Begin the example's story anew, with nothing lost: what an earlier demo left is moved aside."""

from datetime import UTC, datetime

from adapters import registry
from adapters.storage import store_path
from adapters.stored import move_folder

PARTS = ("lake", "journal", "claims", "moves")


def start_over(model: str) -> str | None:
    """Move a model's lake, journal, claims and moves to `archive/`, and take its champion alias away; versions stay.

    Returns:
        Where an earlier state went, None when there was none.
    """
    place = store_path("archive", f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{model}")
    moved = [move_folder(store_path(part, model), f"{place}/{part}") for part in PARTS]
    registry.remove_champion(model)
    return place if any(moved) else None

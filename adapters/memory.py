"""How large a table may be here, and what is said of one that is larger."""

import math

import psutil

from adapters.settings import settings
from core.errors import DataRejected


def room() -> int:
    """Bytes that a table may take in memory."""
    return int(psutil.virtual_memory().available * settings().memory_share)


def refuse_larger(source: str, n_bytes: float, n_rows: float) -> None:
    """Refuse a table before it fills the memory.

    Args:
        source: What the YAML calls it.
        n_bytes: What it needs, estimated.
        n_rows: Its rows, or those that have been read of it.

    Raises:
        DataRejected: It needs more than there is room for.
    """
    free = room()
    if n_bytes <= free:
        return
    # Not all that there is room for: the estimate may be low, and a window is joined from two parts.
    fitting = _round(free / 3 / (n_bytes / max(n_rows, 1)))
    raise DataRejected(
        f"{source} is too large to be read whole",
        f"about {_round(n_rows)} rows need {_gigabytes(n_bytes)} of memory, of which a table may take"
        f" {_gigabytes(free)} here, {settings().memory_share:.0%} of what is free",
        f"train on the newest rows only, which are read in parts: `window: {{rows: {fitting}}}` below `data` in the"
        " YAML; or set EVERFIT_MEMORY_SHARE higher",
    )


def _round(number: float) -> int:
    # Two digits say all that an estimate knows.
    step = 10 ** max(int(math.log10(max(number, 1))) - 1, 0)
    return max(int(number // step * step), 1)


def _gigabytes(n_bytes: float) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e8 else f"{n_bytes / 1e6:.1f} MB"

"""When a training began, and what it has cost since."""

import time
from dataclasses import dataclass, field
from typing import Any

from adapters.energy import Meter


@dataclass(frozen=True, slots=True)
class Start:
    """A moment, and a meter that runs since then."""

    moment: float = field(default_factory=time.monotonic)
    meter: Meter = field(default_factory=Meter)

    @property
    def seconds(self) -> float:
        """Time since then."""
        return round(time.monotonic() - self.moment, 2)

    def energy(self) -> dict[str, Any] | None:
        """Energy since then; None where it is not measured. The meter is read once."""
        return self.meter.read()

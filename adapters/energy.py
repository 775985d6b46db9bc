"""The energy of a training, as CodeCarbon reckons it without a network; the only module that imports codecarbon."""

import logging
import weakref
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.util import find_spec
from typing import Any

EVERY_S = 15
# What CodeCarbon reads from meters in the machine; anything else it works out from load or takes for constant.
METERS = ("rapl", "gadget", "emi", "apple")
FAULTS = (OSError, RuntimeError, ValueError, LookupError, AttributeError, TypeError)


class Meter:
    """Runs from when it is made until it is read; where CodeCarbon is not installed it reads None."""

    def __init__(self) -> None:
        self._forgotten = None
        if find_spec("codecarbon"):
            # It looks at the hardware for seconds, mostly waiting; the training does not wait with it.
            with_one = ThreadPoolExecutor(1)
            self._tracker = with_one.submit(_started_tracker)
            with_one.shutdown(wait=False)
            # A training that fails reads nothing: the tracker's thread ends with the meter.
            self._forgotten = weakref.finalize(self, _stop, self._tracker)

    def read(self) -> dict[str, Any] | None:
        """Energy since the start in kWh, in sum and by part, and how that of the processor was come by."""
        if self._forgotten is None or not self._forgotten.alive:
            return None
        try:
            self._forgotten()
            return _told(self._tracker.result())
        except FAULTS:
            logging.getLogger(__name__).warning("the energy is not known", exc_info=True)
            return None


def _started_tracker() -> Any:
    from codecarbon import OfflineEmissionsTracker

    logging.getLogger("codecarbon").setLevel(logging.CRITICAL)
    # A country is asked for to work out emissions, which are not told: nobody here knows whose power it is.
    tracker = OfflineEmissionsTracker(
        country_iso_code="USA",
        measure_power_secs=EVERY_S,
        output_methods=[],
        allow_multiple_runs=True,
        log_level="critical",
    )
    tracker.start()
    return tracker


def _stop(starting: Future[Any]) -> None:
    tracker = starting.result()
    schedulers = [tracker._scheduler, tracker._scheduler_monitor_power]
    tracker.stop()
    for scheduler in schedulers:
        # A timer of CodeCarbon's that fires while it is called off starts the next one all the same, for ever.
        while scheduler._timer.is_alive():
            scheduler.stop()
            scheduler._timer.join(0.1)


def _told(tracker: Any) -> dict[str, Any]:
    told = tracker.final_emissions_data
    by = ", ".join(str(part) for part in getattr(tracker, "_hardware", ()))
    return {
        "kwh": told.energy_consumed,
        "cpu_kwh": told.cpu_energy,
        "ram_kwh": told.ram_energy,
        "gpu_kwh": told.gpu_energy,
        "measured": any(meter in by.lower() for meter in METERS),
        "by": by,
    }

"""The thread that follows the registry: a new champion is loaded beside the one that answers, then takes its place."""

import logging
import threading
import time
from collections.abc import Mapping

from adapters.aliases import NEWEST, aliases_of
from adapters.registry import find_version
from adapters.specs import model_names
from core.errors import DataRejected, EverfitError
from core.traffic import CHALLENGER, CHAMPION, SHADOW
from serving.metrics import Metrics
from serving.served import Served, load
from serving.settings import ServingSettings, references
from serving.slots import Seat, Slot, Slots, make_slot

LOG = logging.getLogger("everfit.serving")
# A version that could not be loaded for a reason of the outside world is tried again after so long.
TRY_AGAIN_AFTER_S = 5.0


class Watcher:
    """Keeps the seats filled; the only one that writes to them."""

    def __init__(self, slots: Slots, settings: ServingSettings, metrics: Metrics) -> None:
        self.slots, self.settings, self.metrics = slots, settings, metrics
        self.meant = {
            CHAMPION: references(settings.models),
            CHALLENGER: references(settings.challengers),
            SHADOW: references(settings.shadows),
        }
        self._try_again_at: dict[tuple[str, str], float] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self.look()
            except Exception as error:
                # The thread must outlive whatever the outside world thinks of.
                LOG.exception("the registry could not be followed")
                self.slots.registry_error = f"{type(error).__name__}: {error}"
            self._stopped.wait(self.settings.poll_s)

    def look(self) -> None:
        """Ask the registry once, and load what is new."""
        self._add_models()
        try:
            aliases = aliases_of(tuple(self.slots.slots))
            self.slots.registry_error = None
        except EverfitError as error:
            self.slots.registry_error = error.why
        self.metrics.registry_up.set(self.slots.registry_error is None)
        if self.slots.registry_error is not None:
            return
        for slot, role, seat in self.slots.seats():
            self._follow(slot, role, seat, aliases[slot.model])
        for slot in list(self.slots.slots.values()):
            self._load_ahead(slot, aliases[slot.model].get(NEWEST))

    def _add_models(self) -> None:
        # Without names every model is served, also one whose YAML is written later.
        for model in self.meant[CHAMPION] or model_names():
            if model not in self.slots.slots:
                meant = {role: named[model] for role, named in self.meant.items() if model in named}
                self.slots.slots[model] = make_slot(model, {CHAMPION: references(model)[model]} | meant)
                # A release must see that the model is served here, also while its first version is being loaded.
                self.metrics.show_seat(model, CHAMPION, None, failed=False)

    def _follow(self, slot: Slot, role: str, seat: Seat, aliases: Mapping[str, int]) -> None:
        seat.wanted = seat.meant.number if seat.meant.number is not None else aliases.get(seat.meant.alias)
        now = seat.served.number if seat.served else None
        if seat.wanted == now:
            seat.failed = None
        elif seat.wanted is None:
            LOG.info("%s has no %s any more", slot.model, role)
            seat.served, seat.failed = None, None
        elif self._may_try(slot, role, seat):
            self._fill(slot, role, seat, seat.wanted)
        seat.looked = True
        self.metrics.show_seat(slot.model, role, seat.served.number if seat.served else None, seat.failed is not None)

    def _load_ahead(self, slot: Slot, newest: int | None) -> None:
        """Load the newest version while its release is still being checked, so that it answers at once."""
        is_fixed = slot.seats[CHAMPION].meant.number is not None
        if newest is None or is_fixed or newest == slot.tried_ahead or not self.settings.load_ahead:
            return
        slot.ahead, slot.tried_ahead = None, newest
        try:
            slot.ahead = self._loaded(slot, newest)
        except EverfitError as error:
            # Nobody has released it: told, and tried again when somebody does.
            LOG.warning("%s version %d is not loaded ahead: %s", slot.model, newest, error.why)
        except Exception:
            LOG.exception("%s version %d is not loaded ahead", slot.model, newest)

    def _may_try(self, slot: Slot, role: str, seat: Seat) -> bool:
        if seat.failed is None or seat.failed[0] != seat.wanted:
            return True
        return time.monotonic() >= self._try_again_at.get((slot.model, role), float("inf"))

    def _fill(self, slot: Slot, role: str, seat: Seat, number: int) -> None:
        try:
            served = self._loaded(slot, number)
        except EverfitError as error:
            self._remember(slot, role, number, error)
            return
        except Exception as error:
            # Whatever a file of others holds: the version that answers stays, and so do the other models.
            LOG.exception("%s version %d is not loaded", slot.model, number)
            why = f"{type(error).__name__}: {error}"
            self._remember(slot, role, number, DataRejected(f"version {number} is not loaded", why, "release another"))
            return
        if role == CHAMPION:
            slot.before = seat.served
        seat.served, seat.failed = served, None
        self.metrics.loads.labels(slot.model, "loaded").inc()
        LOG.info("%s version %d is %s (%s)", slot.model, number, role, served.path_reason)

    def _remember(self, slot: Slot, role: str, number: int, error: EverfitError) -> None:
        slot.seats[role].failed = (number, f"{error.what}: {error.why}")
        wait = TRY_AGAIN_AFTER_S if error.retryable else float("inf")
        self._try_again_at[slot.model, role] = time.monotonic() + wait
        self.metrics.loads.labels(slot.model, "failed").inc()
        LOG.error("%s version %d is not loaded; %s", slot.model, number, error.why)

    def _loaded(self, slot: Slot, number: int) -> Served:
        # A version that is here already, such as the challenger that has won, is not loaded twice.
        for served in (slot.before, slot.ahead, *(seat.served for seat in slot.seats.values())):
            if served is not None and served.number == number:
                return served
        return load(find_version(slot.model, number))

"""Who answers for which model now; a new version takes its place in one assignment, which no request sees half done."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.refusals import NoSuchModel, NotReady
from core.traffic import CHALLENGER, CHAMPION, SHADOW, Reference, goes_to_challenger
from serving.served import Served


@dataclass
class Seat:
    """One role of one model: which version is meant, which one is in it, and why no other.

    Attributes:
        wanted: The number of the version that should be here, as the registry said last; None where there is none.
        failed: The number of a version that could not be loaded, and why.
        looked: Whether the registry has been asked at all.
    """

    meant: Reference
    served: Served | None = None
    wanted: int | None = None
    failed: tuple[int, str] | None = None
    looked: bool = False

    def state(self) -> dict[str, Any]:
        told = {"version": self.served.number if self.served else None, "wanted": self.wanted, "meant": str(self.meant)}
        if self.served:
            told["fast_path"] = self.served.path_reason
        return told | ({"failed": {"version": self.failed[0], "why": self.failed[1]}} if self.failed else {})


@dataclass
class Slot:
    """One model."""

    model: str
    seats: dict[str, Seat]
    share: float = 0.0
    # Who answered before: a rollback finds it warm.
    before: Served | None = None
    # Who was registered last, loaded before anybody releases it; and which one was tried, loaded or not.
    ahead: Served | None = None
    tried_ahead: int | None = None

    def chosen(self, identity: Any) -> tuple[str, Served]:
        """Who answers a request, and as what.

        Raises:
            NotReady: Nobody can yet.
        """
        challenger = self.seats[CHALLENGER].served if CHALLENGER in self.seats else None
        if challenger is not None and goes_to_challenger(self.share, identity):
            return CHALLENGER, challenger
        served = self.seats[CHAMPION].served
        if served is None:
            raise self._not_ready()
        return CHAMPION, served

    def key(self) -> tuple[str, ...]:
        """Columns that tell what a row is about."""
        served = self.seats[CHAMPION].served
        return tuple(served.record.spec.get("data", {}).get("key", ())) if served else ()

    def shadow(self) -> Served | None:
        return self.seats[SHADOW].served if SHADOW in self.seats else None

    def is_ready(self) -> bool:
        """Whether it answers; a model without any champion is not waited for."""
        seat = self.seats[CHAMPION]
        return seat.looked and (seat.served is not None or seat.wanted is None)

    def _not_ready(self) -> NotReady:
        seat = self.seats[CHAMPION]
        if seat.failed:
            return NotReady(
                f"{self.model} cannot answer", seat.failed[1], "release another version, or look at /health"
            )
        if seat.looked and seat.wanted is None:
            why = f"the registry has no version {seat.meant}"
            return NotReady(f"{self.model} cannot answer", why, f"release one: everfit release {self.model}")
        return NotReady(f"{self.model} cannot answer yet", "its champion is being loaded", "try again in some seconds")


@dataclass
class Slots:
    """All models of this endpoint."""

    slots: dict[str, Slot] = field(default_factory=dict)
    registry_error: str | None = None

    def only(self) -> Slot:
        """The model behind /invocations.

        Raises:
            NoSuchModel: There are none or several.
        """
        if len(self.slots) == 1:
            return next(iter(self.slots.values()))
        served = ", ".join(f"/models/{name}/invocations" for name in self.slots) or "none"
        raise NoSuchModel(
            "/invocations names no model", f"{len(self.slots)} models are served here", f"use one of: {served}"
        )

    def named(self, model: str) -> Slot:
        """A model by its name.

        Raises:
            NoSuchModel: It is not served here.
        """
        found = self.slots.get(model)
        if found is None:
            known = ", ".join(self.slots) or "none"
            raise NoSuchModel(f"there is no model '{model[:80]}' here", f"served are: {known}", "correct the path")
        return found

    def seats(self) -> Iterator[tuple[Slot, str, Seat]]:
        """Every role of every model."""
        for slot in list(self.slots.values()):
            for role, seat in slot.seats.items():
                yield slot, role, seat

    def is_ready(self) -> bool:
        """Whether at least one model answers, and none that has a champion is still waited for."""
        slots = list(self.slots.values())
        return any(slot.seats[CHAMPION].served for slot in slots) and all(slot.is_ready() for slot in slots)

    def health(self) -> dict[str, Any]:
        """What is served, and what is wrong."""
        models: dict[str, Mapping[str, Any]] = {
            name: {role: seat.state() for role, seat in slot.seats.items()} for name, slot in list(self.slots.items())
        }
        wrong = self.registry_error is not None or any(seat.failed for _, _, seat in self.seats())
        status = "degraded" if wrong else "ok" if self.is_ready() else "starting"
        return {"status": status, "models": models, "registry_error": self.registry_error}


def make_slot(model: str, meant: Mapping[str, tuple[Reference, float]]) -> Slot:
    """A model whose seats are empty still."""
    seats = {role: Seat(reference) for role, (reference, _) in meant.items()}
    return Slot(model, seats, meant[CHALLENGER][1] if CHALLENGER in meant else 0.0)

"""The events that everfit sends: the one home of their names, labels and payloads. `prefect.yaml` says who listens."""

import uuid
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

NAMESPACE = uuid.UUID("6f0d0d2c-5b0a-5c8e-9a55-0e5d6c1f7e11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a model; ids and names only, never a path, a source or code.

    Attributes:
        model: The model's name.
        cause: What this event follows from; with the labels it makes the id, so that a repeat is the same event.
    """

    name: ClassVar[str]
    labels: ClassVar[tuple[str, ...]] = ("model",)

    model: str
    cause: str

    @property
    def id(self) -> uuid.UUID:
        """The same for the same event, whoever sends it and however often."""
        return uuid.uuid5(NAMESPACE, "|".join((self.name, *(f"{k}={v}" for k, v in sorted(asdict(self).items())))))

    @property
    def resource(self) -> dict[str, str]:
        """What a trigger may match on; Prefect matches labels, not payloads."""
        return {"prefect.resource.id": f"everfit.model.{self.model}"} | {
            label: str(getattr(self, label)) for label in self.labels
        }

    @property
    def payload(self) -> dict[str, Any]:
        """All fields."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataArrived(Event):
    """A table or a part of it landed; `cause` is its digest."""

    name: ClassVar[str] = "data.arrived"

    window: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRejected(Event):
    """Data broke their contract; `cause` is their digest."""

    name: ClassVar[str] = "data.rejected"
    labels: ClassVar[tuple[str, ...]] = ("model", "severity")

    severity: str = "broken_data"


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftDetected(Event):
    """A check ended in a decision; `cause` is the digest of window and champion."""

    name: ClassVar[str] = "drift.detected"
    labels: ClassVar[tuple[str, ...]] = ("model", "severity", "decision")

    severity: str
    decision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRegistered(Event):
    """A challenger passed the gate."""

    name: ClassVar[str] = "model.registered"
    labels: ClassVar[tuple[str, ...]] = ("model", "version")

    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRefused(Event):
    """A challenger did not pass the gate: verdict keep, or undecided."""

    name: ClassVar[str] = "model.refused"
    labels: ClassVar[tuple[str, ...]] = ("model", "verdict")

    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReleased(Event):
    """A version became the champion."""

    name: ClassVar[str] = "model.released"
    labels: ClassVar[tuple[str, ...]] = ("model", "version")

    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRolledBack(Event):
    """An older version became the champion again."""

    name: ClassVar[str] = "model.rolled_back"
    labels: ClassVar[tuple[str, ...]] = ("model", "version")

    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe(Event):
    """`everfit doctor` asks whether an event reaches a run."""

    name: ClassVar[str] = "doctor.probe"
    deployment: ClassVar[str] = "probe"


EVENTS: tuple[type[Event], ...] = (
    DataArrived,
    DataRejected,
    DriftDetected,
    ModelRegistered,
    ModelRefused,
    ModelReleased,
    ModelRolledBack,
    Probe,
)

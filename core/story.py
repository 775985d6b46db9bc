"""What is known of a version beside its own record: what caused it, what happened to it, and where to look."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.appraisal import Appraisal
from core.moves import Move
from core.page import Link
from core.records import Version


@dataclass(frozen=True, slots=True)
class Story:
    """A version with all that was written about it.

    Attributes:
        appraisal: Written at registration; None for versions that were registered before there was one.
        training: Journal entry of the training; None while it runs, or where it is lost.
        check: Journal entry of the check that asked for it; None where nobody but a person did.
        moves: Moves of the champion to this version or away from it, oldest first.
        releases: Journal entries of releases and rollbacks to it, refused ones among them, newest first.
        champion: Whether it is champion now.
        checks: Journal entries of the checks of it as champion, newest first.
        links: By name: page, drift report, MLflow's run and version, Prefect's runs.
    """

    version: Version
    appraisal: Appraisal | None
    training: Mapping[str, Any] | None
    check: Mapping[str, Any] | None
    moves: tuple[Move, ...]
    releases: tuple[Mapping[str, Any], ...]
    champion: bool
    checks: tuple[Mapping[str, Any], ...]
    links: tuple[Link, ...]

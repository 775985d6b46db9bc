"""Where a model stands: champion, last check, last training, last decisions; from registry and journal."""

from typing import Any

from adapters import journal, registry

N_DECISIONS = 10


def standing_of(model: str) -> dict[str, Any]:
    """The document that `status --json` prints for one model."""
    champion = registry.find_champion(model)
    releases, checks, trainings = (journal.entries(model, kind) for kind in ("release", "check", "training"))
    moved = next(
        (
            entry
            for entry in releases
            if champion and entry["to_version"] == champion.number and entry["verdict"] == "released"
        ),
        None,
    )
    return {
        "model": model,
        "champion": None
        if champion is None
        else {
            "version": champion.number,
            "since": moved["at"] if moved else None,
            "why": moved["reason"] if moved else None,
            "metrics": champion.record.report.metrics,
        },
        "last_check": checks[0] if checks else None,
        "last_training": trainings[0] if trainings else None,
        "decisions": [
            {key: entry[key] for key in ("at", "decision", "severity", "reason", "event_id")}
            for entry in checks[:N_DECISIONS]
        ],
    }

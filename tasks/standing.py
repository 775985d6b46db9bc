"""Where a model stands: champion, last check, last training, last decisions; from registry and journal."""

from typing import Any

from adapters import journal, registry
from adapters.moves import moves_of
from core.traffic import STAGING
from tasks.cut_short import word_on_watch

N_DECISIONS = 10


def standing_of(model: str) -> dict[str, Any]:
    """The document that `status --json` prints for one model."""
    champion = registry.find_champion(model)
    checks, trainings = (journal.entries(model, kind) for kind in ("check", "training"))
    moved = next((move for move in reversed(moves_of(model)) if champion and move.to_version == champion.number), None)
    return {
        "model": model,
        "champion": None
        if champion is None
        else {
            "version": champion.number,
            "since": moved.at if moved else None,
            "why": moved.reason if moved else None,
            "metrics": champion.record.report.metrics,
            "watch": word_on_watch(model),
        },
        "staging": registry.champion_number(model, STAGING),
        "broken": [f"journal: {fault}" for fault in journal.faults(model)],
        "last_check": checks[0] if checks else None,
        "last_training": trainings[0] if trainings else None,
        "decisions": [
            {key: entry[key] for key in ("at", "decision", "severity", "reason", "event_id")}
            for entry in checks[:N_DECISIONS]
        ],
    }

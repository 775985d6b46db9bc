"""The tests of the ML Test Score about infrastructure and about monitoring."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from core.moves import previous_champion
from core.rubric import Found, Seen, Test, later, measured_later

DECAYED = ("decay", "severe_decay")


def reproducible(seen: Seen) -> Found:
    same: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for each in seen.trainings:
        fitted = [stage for stage in each.get("stages", ()) if stage["name"] == "fit" and not stage["cached"]]
        if fitted:
            same.setdefault((each["data_digest"], each["spec_digest"]), []).append(each)
    again = [group for group in same.values() if len(group) > 1]
    if not again:
        return Found(None, "no training was computed twice from the same data and YAML", "journal: training")
    differ = [group for group in again if len({each["model_digest"] for each in group}) > 1]
    told = f"{len(again)} trainings were computed again, {len(differ)} with another model"
    return Found(not differ, told, f"journal: {again[0][0]['id']}")


def integrated(seen: Seen) -> Found:
    if seen.training is None:
        return Found(None, "the journal holds no training of it", "journal: training")
    done = [each for each in seen.releases if each["move"] is not None]
    told = f"{len(seen.training['stages'])} stages from ingest to register, and "
    if not done:
        return Found(None, told + "no release", f"journal: {seen.training['id']}")
    return Found(True, told + f"a release with {len(done[0]['checks'])} checks", f"journal: {done[0]['id']}")


def validated(seen: Seen) -> Found:
    record, gate = seen.version.record, seen.spec.gate
    if record.verdict != "promote":
        return Found(False, f"the gate was {record.verdict}: {record.reason}", "record: verdict")
    compared = bool(seen.training and (seen.training["metrics"] or {}).get("difference"))
    if not compared and not gate.minimum:
        return Found(False, "it was compared with no champion and with no minimum", "spec: gate.minimum")
    return Found(True, record.reason, "record: verdict")


def canary(seen: Seen) -> Found:
    return _checked(seen, ("shadow-scores the newest rows", "scores golden rows as at training"))


def back(seen: Seen) -> Found:
    done = [each for each in seen.rollbacks if each["move"] is not None]
    if done:
        return Found(True, f"done on {done[0]['at'][:10]}: {done[0]['reason']}", f"journal: {done[0]['id']}")
    if previous_champion(seen.moves) is None:
        return Found(None, "there is no earlier champion to go back to", "moves")
    return Found(None, "nobody has tried it", "moves")


def stable(seen: Seen) -> Found:
    return _checked(seen, ("unseen categories", "nothing known", "predictions differ"))


def fast(seen: Seen) -> Found:
    names = [each["name"] for entry in seen.releases[:1] for each in entry["checks"]]
    return _checked(seen, tuple(name for name in names if "latency" in name or "memory" in name) or ("latency",))


def _checked(seen: Seen, names: tuple[str, ...]) -> Found:
    if not seen.releases:
        return Found(None, "it was never released", "journal: release")
    entry = seen.releases[0]
    found = {each["name"]: each for each in entry["checks"]}
    lacking = [name for name in names if name not in found or "switched off" in found[name]["detail"]]
    if lacking:
        return Found(None, f"the release did not look at: {', '.join(lacking)}", f"journal: {entry['id']}")
    failed = [name for name in names if not found[name]["passed"]]
    told = "; ".join(f"{name}: {found[name]['detail']}" for name in failed or names)
    return Found(not failed, told, f"journal: {entry['id']}")


def notified(seen: Seen) -> Found:
    wanted = [name for name in ("data.rejected", "drift.detected") if name not in seen.listened]
    if wanted:
        return Found(False, f"nobody is told of {', '.join(wanted)}", "deployments/alerts.yaml")
    if not seen.spec.contract.columns:
        return Found(False, "the contract says nothing of any column", "spec: contract.columns")
    # The routes wait for a notification block, which lives in the Prefect server.
    return Found(None, "routes are there; no record tells whether their block is", "deployments/alerts.yaml")


def invariant(seen: Seen) -> Found:
    if not seen.checks:
        return Found(None, "no window was checked", "journal: check")
    newest = seen.checks[0]
    held = newest["severity"] != "broken_data"
    return Found(
        held, newest["reason"] if not held else "the newest window keeps the contract", f"journal: {newest['id']}"
    )


def skewed(seen: Seen) -> Found:
    compared = [each for each in later(seen) if each["findings"]]
    if not compared:
        return Found(None, "no later window was compared with the training rows", "journal: check")
    told = f"{compared[0]['drifted_share']:.0%} of the columns differ in the newest window"
    return Found(not compared[0]["matters"], told, f"journal: {compared[0]['id']}")


def fresh(seen: Seen) -> Found:
    oldest, until = seen.spec.monitor.max_age, seen.version.record.data_until
    ends = [each["window"]["end"] for each in seen.checks if each["window"]["end"]]
    if oldest is None:
        return Found(False, "the YAML sets no age from which on a model is too old", "spec: monitor.max_age")
    if until is None or not ends:
        return Found(None, "no window tells how old it is", "journal: check")
    age = pd.Timestamp(ends[0]).tz_localize(None) - pd.Timestamp(until).tz_localize(None)
    return Found(
        bool(age <= oldest), f"{max(age.days, 0)} days old on the data's clock", f"journal: {seen.checks[0]['id']}"
    )


def kept(seen: Seen) -> Found:
    measured = measured_later(seen)
    if not measured:
        return Found(None, "no labels have arrived for what it predicted", "journal: check")
    newest = measured[0]
    return Found(newest["severity"] not in DECAYED, newest["reason"], f"journal: {newest['id']}")


INFRASTRUCTURE = (
    Test("I1", "Training is reproducible", "train again with PREFECT_TASKS_REFRESH_CACHE=true", reproducible),
    Test("I2", "Model specs are unit tested", "run everfit's own tests, `make test`, on the commit that trains"),
    Test("I3", "The ML pipeline is integration tested", "train, release and check it once", integrated),
    Test("I4", "Model quality is validated before serving", "set `gate.minimum`", validated),
    Test(
        "I5",
        "The model allows debugging of a single example",
        "follow one row through its steps",
    ),
    Test("I6", "Models are canaried before serving", "release it with `release.shadow_rows` above 0", canary),
    Test("I7", "Serving models can be rolled back", "try it once: `everfit rollback`", back),
)
MONITORING = (
    Test(
        "W1",
        "Dependency changes result in notification",
        "see that the routes of deployments/alerts.yaml reach people",
        notified,
    ),
    Test("W2", "Data invariants hold for inputs", "check a window: `everfit check`", invariant),
    Test("W3", "Training and serving are not skewed", "watch the log: `monitor.source: log://NAME`", skewed),
    Test("W4", "Models are not too stale", "set `monitor.max_age`", fresh),
    Test("W5", "Models are numerically stable", "release it: the probes of a release tell", stable),
    Test("W6", "Computing performance has not regressed", "release it: its latency and memory are measured", fast),
    Test("W7", "Prediction quality has not regressed", "let labels arrive (`monitor.labels`), and check", kept),
)

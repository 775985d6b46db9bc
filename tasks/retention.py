"""`everfit gc`: which files and versions may go by what stands in registry and journal; removed where that is asked.

Files are listed before what refers to them is read, and each is looked at once more before it is removed. Whoever
names a file that is there already, a retry or a cached stage, makes it young first; so that what becomes referenced in
between is younger than `core.retention.SAFE_AGE`, and stays.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from prefect.settings import PREFECT_LOCAL_STORAGE_PATH

from adapters import journal, registration, registry
from adapters.aliases import NEWEST, aliases_of, registered_models
from adapters.files import LOG as LOG_SCHEME
from adapters.files import resolve_source
from adapters.moves import moves_of
from adapters.settings import settings
from adapters.specs import model_names, read_spec
from adapters.storage import list_files, store_path
from adapters.stored import list_folder, list_stored, remove_old
from core.errors import RegistryConflict, SpecError
from core.gate_spec import ReleaseSpec
from core.moves import reigns
from core.records import Version
from core.retention import (
    LOG,
    SAFE_AGE,
    Ages,
    Collected,
    Plan,
    Registered,
    Stored,
    addresses_in,
    addresses_of_entry,
    kept_versions,
    plan,
    standing,
    tells_of,
)
from tasks.releases import waits_for_a_person

CACHED = "cached result"


@dataclass(frozen=True, slots=True)
class Past:
    """What a model has behind it: its versions, and its journal."""

    model: str
    versions: tuple[Registered, ...]
    records: Mapping[int, Version]
    entries: tuple[dict[str, Any], ...]


def ages_of(older_than: timedelta | None = None) -> Ages:
    """The ages that the settings say, or one for everything.

    Raises:
        SpecError: It is below the safe age.
    """
    if older_than is None:
        return Ages(settings().keep, settings().keep_log, settings().keep_versions)
    if older_than < SAFE_AGE:
        raise SpecError(
            "nothing is removed that is younger than a day",
            "a run in flight names files that nothing else refers to yet",
            "ask for 1d or more",
        )
    return Ages(older_than, older_than, older_than)


def collect(model: str | None, ages: Ages, apply: bool, now: datetime | None = None) -> Collected:
    """Find what may go, and remove it where that is asked for.

    Args:
        model: Its versions, reports, pages, quarantine and log only; default everything, what models share too.
        ages: From which age on.
        apply: Whether to remove.
        now: The moment that ages are counted to; default this one.

    Raises:
        RegistryConflict: The registry knows none of the versions that the journal tells of: it is not the store's own.
    """
    now = now or datetime.now(UTC)
    stored = [*list_stored(model), *(_caches() if model is None else ())]
    pasts = [_past(each) for each in _every_model()]
    going = {past.model: _going(past, ages, now) if model in (None, past.model) else Plan() for past in pasts}
    if apply:
        going = {name: _remove_versions(name, each) for name, each in going.items()}
    found = plan(stored, _why_needed(pasts, going, stored, now - ages.files), ages, now)
    removals = [each for each in found.removals if not apply or remove_old(each, ages, now)]
    versions = [each for some in going.values() for each in some.removals]
    kept = [each for some in going.values() for each in some.kept]
    return Collected((*versions, *removals), (*kept, *found.kept), ages, apply)


def _every_model() -> list[str]:
    told = {uri.rsplit("/", 2)[1] for uri in list_files(store_path("journal", "*", "*.json"))}
    return sorted({*told, *registered_models()})


def _past(model: str) -> Past:
    entries = tuple(journal.every_entry(model))
    at = registry.registered_at(model)
    told = {entry.get("version") for entry in entries if entry["kind"] == "training"} - {None}
    if told and not told & at.keys():
        raise RegistryConflict(
            "nothing was removed",
            f"the journal tells of versions of {model}, and the registry at {settings().mlflow_url} knows none of them",
            "set EVERFIT_MLFLOW and EVERFIT_STORE to a registry and a store that belong together",
        )
    records = {number: registry.find_version(model, number) for number in at}
    vouched = {entry["version"] for entry in entries if entry["kind"] == "evidence"}
    decided = {entry["to_version"] for entry in entries if entry["kind"] in ("release", "rollback")}
    policy = read_spec(model).release if model in model_names() else ReleaseSpec(approval="always")
    versions = tuple(
        Registered(
            number=number,
            uri=f"models:/{model}/{number}",
            n_bytes=registry.model_bytes(version),
            at=at[number],
            addresses=tuple(dict.fromkeys(addresses_in(version.record, store_path()))),
            vouched=number in vouched,
            released=number in decided,
            asked=_is_asked(version, policy),
        )
        for number, version in records.items()
    )
    return Past(model, versions, records, entries)


def _is_asked(version: Version, policy: ReleaseSpec) -> bool:
    asking = [each for each in (policy, policy.staging) if each is not None and each.approval != "never"]
    return any(waits_for_a_person(version, each) for each in asking)


def _going(past: Past, ages: Ages, now: datetime) -> Plan:
    aliases = {alias: number for alias, number in aliases_of((past.model,))[past.model].items() if alias != NEWEST}
    why = standing(past.versions, aliases, reigns(moves_of(past.model)))
    needed = {each.uri: why[each.number] for each in past.versions if each.number in why}
    return plan([each.stored for each in past.versions], needed, ages, now)


def _remove_versions(model: str, found: Plan) -> Plan:
    """The same plan, of what has gone: a version that an alias points to by now stays."""
    gone = []
    for removal in found.removals:
        number = int(removal.uri.rpartition("/")[2])
        if number in aliases_of((model,))[model].values():
            continue
        registration.remove(model, number)
        journal.append(model, "retention", {"model": model, "removed": number, "reason": removal.why})
        gone.append(removal)
    return Plan(tuple(gone), found.kept)


def _why_needed(
    pasts: Sequence[Past], going: Mapping[str, Plan], stored: Sequence[Stored], since: datetime
) -> dict[str, str]:
    """Each address of the store that must stay, and why."""
    why = {each.uri: "a training reads it" for each in stored if each.kind == LOG and each.uri.startswith(_sources())}
    for past in pasts:
        kept = kept_versions(going[past.model], past.versions)
        made = [past.records[each.number].record for each in kept]
        causes, runs = {each.cause for each in made if each.cause}, {each.flow_run for each in made if each.flow_run}
        for entry in past.entries:
            if tells_of(entry, causes, runs, since):
                why |= dict.fromkeys(addresses_of_entry(entry, store_path()), "the journal names it")
        for each in kept:
            why |= dict.fromkeys(each.addresses, "a version needs it")
            why[store_path("pages", past.model, f"v{each.number}.html")] = "a version needs it"
    return why


def _sources() -> tuple[str, ...]:
    """Where in the log the tables of trainings lie, if somebody trains on what was asked."""
    sources = [read_spec(name).data.source for name in model_names()]
    inside = [each for each in sources if isinstance(each, str) and each.startswith(LOG_SCHEME)]
    return tuple(resolve_source(each).partition("*")[0] for each in inside)


def _caches() -> Iterator[Stored]:
    """What is kept on this machine beside the store: results of stages, and studies of a store that is a bucket."""
    home, results = settings().home, PREFECT_LOCAL_STORAGE_PATH.value().resolve()
    # A Prefect home of the user's own holds results of other projects.
    if results.is_relative_to(home):
        yield from list_folder(str(results), CACHED)
    if "://" in settings().store_url:
        yield from list_folder(str(home / "studies"), "study")

"""What may be removed from the store: what is old, and what nothing that stands refers to."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any

# A run in flight names files that nobody else knows of yet; what it names is young, or is made young by it.
SAFE_AGE = timedelta(days=1)
# So many champions before this one can be gone back to.
WAYS_BACK = 5
LOG, VERSION, LEFTOVER = "prediction log", "version", "leftover"
# Folders of the store whose files may go; the lake, the journal, moves, claims, archives and scored tables never do.
KINDS: Mapping[str, str] = {
    "snapshots": "snapshot",
    "windows": "window",
    "reference": "reference",
    "references": "reference",
    "golden": "reference",
    "arrays": "prepared data",
    "encoders": "features",
    "models": "fitted model",
    "studies": "study",
    "reports": "report",
    "replays": "report",
    "pages": "page",
    "quarantine": "quarantine",
    "log": LOG,
    "shadow": LOG,
    "doctor": LEFTOVER,
    "workers": LEFTOVER,
}
# Folders with one of each model below them.
OF_A_MODEL = ("reports", "pages", "quarantine", "log", "shadow")


@dataclass(frozen=True, slots=True)
class Ages:
    """From which age on something may go: a file, a file of the prediction log, a version."""

    files: timedelta
    log: timedelta
    versions: timedelta

    def of(self, kind: str) -> timedelta:
        """The age for a kind, never below the safe one."""
        limit = {LOG: self.log, VERSION: self.versions, LEFTOVER: SAFE_AGE}.get(kind, self.files)
        return max(limit, SAFE_AGE)


@dataclass(frozen=True, slots=True)
class Stored:
    """A file, or a registered version: where it is, what it is, its size, and when it was last written or named."""

    uri: str
    kind: str
    n_bytes: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Removal:
    """What may go, and why."""

    uri: str
    kind: str
    n_bytes: int
    age: timedelta
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What may go, the oldest first, and how many of a kind stay for one reason: kind, reason, number, bytes."""

    removals: tuple[Removal, ...] = ()
    kept: tuple[tuple[str, str, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Collected:
    """What may go, or has gone where it was `applied`, and what stays, as in a plan."""

    removals: tuple[Removal, ...]
    kept: tuple[tuple[str, str, int, int], ...]
    ages: Ages
    applied: bool


@dataclass(frozen=True, slots=True)
class Registered:
    """A version as the registry lists it, and what is known of it beside that.

    Attributes:
        addresses: Of the store, which its record names.
        vouched: Whether somebody was given evidence of it, or has put his name to it.
        released: Whether a release or a person has decided on it.
        asked: Whether the policy wants a person's word on it.
    """

    number: int
    uri: str
    n_bytes: int
    at: datetime
    addresses: tuple[str, ...] = ()
    vouched: bool = False
    released: bool = True
    asked: bool = False

    @property
    def stored(self) -> Stored:
        """The version as a thing of the store."""
        return Stored(self.uri, VERSION, self.n_bytes, self.at)


def folder_kind(inside: str) -> str | None:
    """What a file is by its path inside the store; None for what stays whatever its age."""
    folder, _, name = inside.partition("/")
    # A killed writer leaves a draft, a killed claimer its announcement: wherever they are, nobody reads them.
    if "/.draft-" in f"/{inside}" or ".claims/" in inside or folder.startswith(".probe-"):
        return LEFTOVER
    return KINDS.get(folder) if name else None


def model_of(inside: str) -> str | None:
    """The model in whose folder a file lies; None where models share the folder."""
    parts = inside.split("/")
    return parts[1] if len(parts) > 2 and parts[0] in OF_A_MODEL else None


def plan(stored: Sequence[Stored], why_needed: Mapping[str, str], ages: Ages, now: datetime) -> Plan:
    """What may go.

    Args:
        stored: All there is.
        why_needed: Address of what must stay, and why; files that differ in their ending alone stay together.
        ages: From which age on.
        now: The moment, with a zone.
    """
    needed = {_stem(uri): why for uri, why in why_needed.items()}
    removals: list[Removal] = []
    kept: dict[tuple[str, str], tuple[int, int]] = {}
    for each in stored:
        age, limit = now - each.at, ages.of(each.kind)
        stays = needed.get(_stem(each.uri)) or ("young" if age < limit else None)
        if stays is None:
            removals.append(Removal(each.uri, each.kind, each.n_bytes, age, _why(each.kind, limit)))
        else:
            n, n_bytes = kept.get((each.kind, stays), (0, 0))
            kept[each.kind, stays] = n + 1, n_bytes + each.n_bytes
    removals.sort(key=lambda each: (each.kind, -each.age, each.uri))
    return Plan(tuple(removals), tuple((*group, *told) for group, told in sorted(kept.items())))


def standing(versions: Sequence[Registered], aliased: Mapping[str, int], ways_back: Sequence[int]) -> dict[int, str]:
    """The versions of a model that stay whatever their age, and why.

    Args:
        versions: All of them.
        aliased: Version by alias, champion and staging among them.
        ways_back: Versions that a rollback can go back through, oldest first, the champion last.
    """
    why = {number: alias for alias, number in aliased.items()}
    for number in reversed(ways_back[-1 - WAYS_BACK :]):
        why.setdefault(number, "a rollback may go back to it")
    champion = aliased.get("champion")
    for each in versions:
        if champion is None or each.number > champion:
            why.setdefault(each.number, "newer than the champion")
        elif each.vouched:
            why.setdefault(each.number, "evidence of it was given")
        elif each.asked and not each.released:
            why.setdefault(each.number, "waits for approval")
    return why


def kept_versions(plan_of_versions: Plan, versions: Sequence[Registered]) -> tuple[Registered, ...]:
    """Those that do not go."""
    gone = {removal.uri for removal in plan_of_versions.removals}
    return tuple(each for each in versions if each.uri not in gone)


def addresses_in(value: Any, root: str) -> Iterator[str]:
    """Every address of the store that stands somewhere in a value: in a record, an entry of the journal, a result."""
    if isinstance(value, str):
        if value.startswith(f"{root}/"):
            yield value
    elif isinstance(value, Mapping):
        yield from (found for inner in value.values() for found in addresses_in(inner, root))
    elif is_dataclass(value) and not isinstance(value, type):
        yield from (found for each in fields(value) for found in addresses_in(getattr(value, each.name), root))
    elif isinstance(value, list | tuple):
        yield from (found for inner in value for found in addresses_in(inner, root))


def addresses_of_entry(entry: Mapping[str, Any], root: str) -> Iterator[str]:
    """Every address that an entry of the journal names, by itself or by a digest."""
    yield from addresses_in(entry, root)
    window = entry.get("window")
    if isinstance(window, Mapping) and window.get("digest"):
        yield f"{root}/windows/{window['digest']}.parquet"
    if entry.get("data_digest"):
        yield f"{root}/snapshots/{entry['data_digest']}.parquet"


def tells_of(entry: Mapping[str, Any], causes: Collection[str], runs: Collection[str], since: datetime) -> bool:
    """Whether what an entry of the journal names must stay.

    Args:
        entry: It.
        causes: Events that asked for versions that stay.
        runs: Runs that have made them.
        since: Entries from then on are kept whole, whatever has come of them.
    """
    of_version = entry.get("event_id") in causes or entry.get("flow_run_id") in runs
    return bool(of_version or datetime.fromisoformat(str(entry["at"])) >= since)


def _stem(uri: str) -> str:
    folder, _, name = uri.rpartition("/")
    # A name that begins with a dot is a draft, and has no ending.
    return uri if name.startswith(".") else f"{folder}/{name.split('.', 1)[0]}"


def _why(kind: str, limit: timedelta) -> str:
    days = f"{limit.total_seconds() / 86400:g} days"
    if kind == LOG:
        return f"answered more than {days} ago"
    if kind == LEFTOVER:
        return f"left behind by a process more than {days} ago"
    return f"older than {days}, and nothing that stands refers to it"

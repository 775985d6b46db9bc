"""What `everfit gc` tells: a document for machines, a table and a sentence for people."""

from typing import Any

from core.durations import format_duration
from core.retention import Collected, Removal

HEAD = f"{'kind':<16}{'number':>8}{'size':>10}{'oldest':>10}  why"


def document_of(found: Collected) -> dict[str, Any]:
    """The document that `gc --json` prints."""
    return {
        "applied": found.applied,
        "older_than": {
            "files": format_duration(found.ages.files),
            "log": format_duration(found.ages.log),
            "versions": format_duration(found.ages.versions),
        },
        "removable": [
            {
                "kind": each.kind,
                "what": each.uri,
                "age_days": round(each.age.total_seconds() / 86400, 2),
                "bytes": each.n_bytes,
                "why": each.why,
            }
            for each in found.removals
        ],
        "kept": [{"kind": kind, "why": why, "number": n, "bytes": size} for kind, why, n, size in found.kept],
        "bytes": sum(each.n_bytes for each in found.removals),
    }


def rows_of(found: Collected) -> list[dict[str, Any]]:
    """What may go, one row a kind and reason."""
    groups: dict[tuple[str, str], list[Removal]] = {}
    for each in found.removals:
        groups.setdefault((each.kind, each.why), []).append(each)
    return [
        {
            "kind": kind,
            "number": len(some),
            "size": size_text(sum(each.n_bytes for each in some)),
            "oldest": f"{max(each.age for each in some).days} d",
            "why": why,
        }
        for (kind, why), some in sorted(groups.items())
    ]


def verdict_of(found: Collected) -> str:
    """The answer in a sentence."""
    n, size = len(found.removals), size_text(sum(each.n_bytes for each in found.removals))
    if not n:
        return "nothing may go"
    what = f"{n} file{'s' * (n > 1)} or versions, {size}"
    return f"{what}, removed" if found.applied else f"{what}, may go; nothing was removed, --apply removes"


def text_of(found: Collected, most: int) -> str:
    """The table that people read.

    Args:
        found: It.
        most: So many of what may go are named one by one.
    """
    lines = [HEAD, *(_line(**row) for row in rows_of(found))] if found.removals else []
    lines += [""] * bool(lines)
    lines += [
        f"  {each.age.days:>4} d {size_text(each.n_bytes):>9}  {each.kind}: {each.uri}"
        for each in found.removals[:most]
    ]
    lines += [f"  and {len(found.removals) - most} more, see --json"] * (len(found.removals) > most)
    lines += [f"kept  {n:>6} {kind}, {size_text(size)}: {why}" for kind, why, n, size in found.kept]
    return "\n".join([*lines, verdict_of(found)])


def size_text(n_bytes: int) -> str:
    """A size in the unit that people read it in."""
    size = float(n_bytes)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _line(kind: str, number: int, size: str, oldest: str, why: str) -> str:
    return f"{kind:<16}{number:>8}{size:>10}{oldest:>10}  {why}"

"""Nothing that is needed or young may ever go; what else is old may."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.refs import DatasetRef
from core.retention import (
    KINDS,
    LEFTOVER,
    LOG,
    SAFE_AGE,
    VERSION,
    WAYS_BACK,
    Ages,
    Collected,
    Registered,
    Stored,
    addresses_in,
    addresses_of_entry,
    folder_kind,
    plan,
    standing,
    tells_of,
)
from core.retention_report import document_of, text_of, verdict_of

NOW = datetime(2026, 6, 1, tzinfo=UTC)
AGES = Ages(timedelta(days=30), timedelta(days=365), timedelta(days=180))
ALL_KINDS = sorted({*KINDS.values(), LEFTOVER, VERSION})


def file(name: str, days: float, kind: str = "snapshot") -> Stored:
    return Stored(f"/store/snapshots/{name}", kind, 10, NOW - timedelta(days=days))


def version(number: int, **more: bool) -> Registered:
    return Registered(number, f"models:/toy/{number}", 5, NOW - timedelta(days=400), **more)


@given(
    files=st.lists(
        st.tuples(st.integers(0, 20), st.floats(0, 500), st.sampled_from(ALL_KINDS)), unique_by=lambda each: each[0]
    ),
    needed=st.sets(st.integers(0, 20)),
    days=st.floats(0.01, 500),
)
def test_nothing_needed_and_nothing_young_may_go(files: list, needed: set[int], days: float) -> None:
    stored = [file(f"{name}.parquet", age, kind) for name, age, kind in files]
    why = {f"/store/snapshots/{name}.json": "a version needs it" for name in needed}
    span = timedelta(days=days)
    found = plan(stored, why, Ages(span, span, span), NOW)
    gone = {each.uri for each in found.removals}
    for (name, age, _), each in zip(files, stored, strict=True):
        old_enough = timedelta(days=age) >= SAFE_AGE
        assert each.uri not in gone or (name not in needed and old_enough)
    assert len(gone) + sum(n for _, _, n, _ in found.kept) == len(stored)


@pytest.mark.parametrize(
    ("kind", "days", "goes"),
    [
        ("snapshot", 29, False), ("snapshot", 31, True), (LOG, 364, False), (LOG, 366, True),
        (LEFTOVER, 0.9, False), (LEFTOVER, 1.1, True), (VERSION, 179, False), (VERSION, 181, True),
    ],
)  # fmt: skip
def test_each_kind_has_its_own_age(kind: str, days: float, goes: bool) -> None:
    assert bool(plan([file("a", days, kind)], {}, AGES, NOW).removals) == goes


def test_age_below_a_day_counts_as_a_day() -> None:
    hour = timedelta(hours=1)
    assert plan([file("a", 0.5)], {}, Ages(hour, hour, hour), NOW).removals == ()


def test_files_that_differ_in_their_ending_stay_together() -> None:
    pair = [file("a.html", 90, "report"), file("a.json", 90, "report"), file("b.html", 90, "report")]
    found = plan(pair, {"/store/snapshots/a.html": "the journal names it"}, AGES, NOW)
    assert [each.uri[-6:] for each in found.removals] == ["b.html"]
    assert found.kept == (("report", "the journal names it", 2, 20),)


@pytest.mark.parametrize(
    ("inside", "kind"),
    [
        ("lake/toy/a.parquet", None), ("journal/toy/1.json", None), ("moves/toy/000001.move.json", None),
        ("claims/toy/x.json", None), ("predictions/toy/a.parquet", None), ("archive/x/lake/a.parquet", None),
        ("anything.txt", None), ("claims/toy/x.json.claims/abc", LEFTOVER), ("lake/toy/.draft-1", LEFTOVER),
        (".draft-1", LEFTOVER), (".probe-17", LEFTOVER), ("arrays/a.npy", "prepared data"),
        ("log/toy/d/p.parquet", LOG),
    ],
)  # fmt: skip
def test_only_what_everfit_can_do_without_has_a_kind(inside: str, kind: str | None) -> None:
    assert folder_kind(inside) == kind


def test_versions_that_somebody_may_come_back_to_stay() -> None:
    versions = [version(1), version(2, vouched=True), version(3, asked=True, released=False), version(4, asked=True)]
    versions += [version(number) for number in (5, 6, 7, 8)]
    why = standing(versions, {"champion": 7, "staging": 4, "by hand": 5}, [1, 6, 7])
    assert why == {
        1: "a rollback may go back to it",
        2: "evidence of it was given",
        3: "waits for approval",
        4: "staging",
        5: "by hand",
        6: "a rollback may go back to it",
        7: "champion",
        8: "newer than the champion",
    }


def test_champions_of_long_ago_may_go() -> None:
    ways = list(range(1, WAYS_BACK + 4))
    why = standing([version(number) for number in ways], {"champion": ways[-1]}, ways)
    assert sorted(set(ways) - why.keys()) == [1, 2]


def test_without_a_champion_every_version_stays() -> None:
    assert standing([version(1), version(2)], {}, []).keys() == {1, 2}


def test_addresses_are_found_wherever_they_stand() -> None:
    ref = DatasetRef("/store/snapshots/a.parquet", "a", 1)
    value = {"x": [ref, ("/store/arrays/b.npy", 3)], "y": {"z": "/storehouse/c"}, "w": "/elsewhere/d"}
    assert list(addresses_in(value, "/store")) == ["/store/snapshots/a.parquet", "/store/arrays/b.npy"]


def test_digests_of_an_entry_are_addresses_too() -> None:
    entry = {"window": {"digest": "w"}, "data_digest": "d", "report": "/store/reports/toy/a.html"}
    assert set(addresses_of_entry(entry, "/store")) == {
        "/store/windows/w.parquet", "/store/snapshots/d.parquet", "/store/reports/toy/a.html",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "stays"),
    [({"event_id": "e-1"}, True), ({"flow_run_id": "r-1"}, True), ({"event_id": "e-2", "flow_run_id": None}, False)],
)
def test_entry_counts_when_it_is_young_or_tells_of_a_version_that_stays(entry: dict, stays: bool) -> None:
    old = {"at": "2026-01-01T00:00:00+00:00"} | entry
    since = NOW - timedelta(days=30)
    assert tells_of(old, {"e-1"}, {"r-1"}, since) == stays
    assert tells_of(old | {"at": "2026-05-30T00:00:00+00:00"}, {"e-1"}, {"r-1"}, since)


def test_report_adds_up_and_says_whether_anything_was_removed() -> None:
    found = plan([file("a", 90), file("b", 40), file("c", 1)], {}, AGES, NOW)
    told = Collected(found.removals, found.kept, AGES, applied=False)
    document = document_of(told)
    assert document["bytes"] == sum(each["bytes"] for each in document["removable"]) == 20
    assert document["kept"] == [{"kind": "snapshot", "why": "young", "number": 1, "bytes": 10}]
    assert "nothing was removed" in text_of(told, 1)
    assert "and 1 more" in text_of(told, 1)
    assert verdict_of(Collected(found.removals, (), AGES, applied=True)).endswith("removed")
    assert verdict_of(Collected((), (), AGES, applied=True)) == "nothing may go"

"""A journal's entries hold each other: what is changed, replaced or taken away is named."""

import pytest

from core.chain import Unread, breaks, digest_of, read_entry, sealed


def chain(n: int = 4) -> list[dict]:
    entries: list[dict] = []
    for i in range(n):
        entries.append(sealed({"id": f"e{i}", "says": i}, entries[-1] if entries else None))
    return entries


def test_chain_that_nobody_touched_is_whole():
    assert list(breaks(chain())) == []


def test_changed_entry_is_named():
    entries = chain()
    entries[1]["says"] = 99
    assert list(breaks(entries)) == ["e1 has other content than when it was written"]


def test_changed_entry_with_a_new_digest_breaks_the_chain_at_the_next():
    entries = chain()
    entries[1]["says"] = 99
    entries[1]["digest"] = digest_of(entries[1])
    assert list(breaks(entries)) == ["e1 is not the entry that e2 follows"]


@pytest.mark.parametrize("taken", [0, 1, 2])
def test_entry_that_was_taken_away_is_named_by_its_follower(taken: int):
    entries = chain()
    del entries[taken]
    assert list(breaks(entries)) == [f"e{taken}, which e{taken + 1} follows, is gone"]


def test_two_entries_may_follow_the_same_one():
    first = sealed({"id": "a"}, None)
    assert list(breaks([first, sealed({"id": "b"}, first), sealed({"id": "c"}, first)])) == []


def test_entry_from_before_there_were_digests_is_held_by_the_one_that_follows_it():
    old = {"id": "old", "says": 1}
    entries = [old, sealed({"id": "new"}, old)]
    assert list(breaks(entries)) == []
    assert list(breaks([{**old, "says": 2}, entries[1]])) == ["old is not the entry that new follows"]


def test_entry_in_another_order_of_its_keys_is_the_same_entry():
    entry = chain()[2]
    assert digest_of(dict(reversed(entry.items()))) == entry["digest"]


JUNK = Unread("e3", "it is no JSON")


@pytest.mark.parametrize(
    "content", [b"", b'{"id": "e1", "ki', b"\x00\xff\x80", b"[" * 100_000, b"[]", b"null", b"3", b"{}", b'{"id": "e1"}']
)
def test_file_that_holds_no_entry_is_named_with_the_reason(content: bytes):
    found = read_entry("e1", content)
    assert isinstance(found, Unread)
    assert (found.id, found.why[:10]) in (("e1", "it is no J"), ("e1", "it is JSON"))


def test_entry_is_read_as_it_was_written():
    assert read_entry("a", b'{"id": "a", "kind": "check", "at": "now"}') == {"id": "a", "kind": "check", "at": "now"}


def test_entry_that_cannot_be_read_is_one_break_and_not_its_followers_too():
    entries = chain()
    assert list(breaks([entries[0], *entries[2:]], [Unread("e1", "it is no JSON")])) == [
        "e1 cannot be read: it is no JSON"
    ]


def test_next_entry_follows_the_newest_that_can_be_read_and_holds_the_one_that_cannot():
    first = chain(3)
    following = sealed({"id": "e4"}, first[-1], [JUNK])
    assert (following["follows"]["id"], following["unread"]) == ("e2", ["e3"])
    assert list(breaks([*first, following], [JUNK])) == ["e3 cannot be read: it is no JSON"]
    assert list(breaks([*first, following])) == ["e3, which could not be read when e4 was written, is gone"]
    assert list(breaks([*first, sealed({"id": "e3"}, first[-1]), following])) == [
        "e3, which could not be read when e4 was written, has other content now"
    ]

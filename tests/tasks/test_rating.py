import pytest

from adapters import journal
from core.errors import SpecError
from tasks.rating import TESTS, attest, attested
from tests.conftest import Project


def test_word_on_a_test_is_kept_with_who_and_where(project: Project) -> None:
    attest("toy", "D3", {"by": "ada", "evidence": "https://wiki/1", "why": "first"})
    attest("toy", "D3", {"by": "bob", "evidence": "https://wiki/2", "why": "second"})
    assert {key: word["by"] for key, word in attested("toy").items()} == {"D3": "bob"}


def test_word_of_long_ago_counts_no_more(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    attest("toy", "D3", {"by": "ada", "evidence": "https://wiki/1", "why": "first"})
    (entry,) = journal.entries("toy", "attestation")
    monkeypatch.setattr(journal, "entries", lambda *_: [entry | {"at": "2020-01-01T00:00:00+00:00"}])
    assert attested("toy") == {}


def test_word_on_a_test_that_is_not_there_is_refused(project: Project) -> None:
    with pytest.raises(SpecError, match="has no test Z9"):
        attest("toy", "Z9", {"by": "ada", "evidence": "", "why": ""})
    assert len(TESTS) == 28

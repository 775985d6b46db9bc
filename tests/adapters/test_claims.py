"""A claim in a bucket, on a server that has no conditional writes: one of many gets it."""

import errno
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters import claims
from adapters.storage import exists, filesystem, list_files, read_bytes, write_bytes
from core.errors import EverfitError, StorageUnavailable
from tests.buckets import bucket_server


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "bucket").mkdir()
    with bucket_server(tmp_path):
        yield "s3://bucket/store"


def test_exactly_one_of_many_gets_a_claim_in_a_bucket(bucket: str) -> None:
    for number in range(5):
        uri, winners, start = f"{bucket}/claim-{number}", [], threading.Barrier(6)

        def ask(name: str, uri: str = uri, winners: list[str] = winners, start: threading.Barrier = start) -> None:
            start.wait()
            if claims.create_once(uri, name.encode()):
                winners.append(name)

        threads = [threading.Thread(target=ask, args=(f"asker {each}",)) for each in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [read_bytes(uri).decode()] == winners
        assert not claims.create_once(uri, b"late")
    assert [uri for uri in list_files(f"{bucket}/*") if ".claims" in uri] == []
    assert list_files(f"{bucket}/*.claims/*") == []


def test_who_died_before_its_claim_does_not_hold_it_for_ever(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bytes(f"{bucket}/claim.claims/dead", b"")
    monkeypatch.setattr(claims, "N_ROUNDS", 2)
    with pytest.raises(StorageUnavailable, match="could not be claimed"):
        claims.create_once(f"{bucket}/claim", b"living")
    assert not exists(f"{bucket}/claim")
    monkeypatch.setattr(claims, "datetime", Later)
    assert claims.create_once(f"{bucket}/claim", b"living")


class Later(datetime):
    """Three minutes from now."""

    @classmethod
    def now(cls, tz: object = None) -> datetime:
        return datetime.now(UTC) + timedelta(minutes=3)


def test_list_that_lacks_the_own_announcement_is_asked_for_again(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files, _ = filesystem(bucket)
    true_list, lists = files.ls, iter(["gone", "empty"])

    def busy(path: str, detail: bool) -> list[dict[str, object]]:
        how = next(lists, "true")
        if how == "gone":
            raise FileNotFoundError(path)
        return [] if how == "empty" else true_list(path, detail=detail)

    monkeypatch.setattr(files, "ls", busy)
    assert claims.create_once(f"{bucket}/claim", b"mine")
    assert next(lists, None) is None


@pytest.mark.parametrize(
    ("fault", "before", "after"),
    [
        pytest.param(FileExistsError(), b"theirs", b"theirs", id="another one wrote while this one slept"),
        pytest.param(FileExistsError(), None, b"mine", id="the answer to the own request was lost"),
        pytest.param(OSError(errno.ENOSYS, "?"), b"theirs", b"mine", id="the server knows no conditions"),
    ],
)
def test_server_with_conditional_writes_decides(bucket, monkeypatch, fault, before, after) -> None:
    files, _ = filesystem(bucket)
    truly = files.pipe_file

    def conditional(path: str, content: bytes, mode: str = "overwrite", **more: object) -> None:
        if mode != "create":
            truly(path, content, **more)
            return
        # The server of these tests knows no conditions: what one would answer is said here.
        truly(path, before or content, **({} if before else more))
        raise fault

    monkeypatch.setattr(files, "pipe_file", conditional)
    assert claims.create_once(f"{bucket}/claim", b"mine") is (after == b"mine")
    assert read_bytes(f"{bucket}/claim") == after


def test_write_that_fails_claims_nothing(bucket, monkeypatch) -> None:
    files, _ = filesystem(bucket)
    truly = files.pipe_file

    def full(path: str, content: bytes, mode: str = "overwrite") -> None:
        if mode == "create":
            raise OSError(errno.EIO, "no room")
        truly(path, content)

    monkeypatch.setattr(files, "pipe_file", lambda path, content, mode="", **more: full(path, content, mode))
    with pytest.raises(EverfitError, match="create"):
        claims.create_once(f"{bucket}/claim", b"mine")
    assert not exists(f"{bucket}/claim")

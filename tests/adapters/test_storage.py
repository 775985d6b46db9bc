import errno
import os
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import s3fs

from adapters import claims, storage
from core.errors import DataError, DataMissing, EverfitError, StorageUnavailable

FRAME = pd.DataFrame({"a": [1, 2], "b": ["x", None]})


@pytest.fixture
def blocked(store: Path) -> str:
    """An address below a regular file: nobody can write there, not even root."""
    store.parent.mkdir(parents=True, exist_ok=True)
    (store.parent / "file").write_text("in the way")
    return str(store.parent / "file" / "below" / "a.txt")


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_bytes_are_read_as_they_were_written(store):
    storage.write_bytes(str(store / "a" / "b.bin"), b"everfit")
    assert storage.read_bytes(str(store / "a" / "b.bin")) == b"everfit"


def test_writing_again_replaces_the_file(store):
    for content in (b"long and old", b"new"):
        storage.write_bytes(str(store / "a.txt"), content)
    assert (store / "a.txt").read_bytes() == b"new"


def test_nothing_is_written_when_one_of_many_writes_fails(store, blocked):
    with pytest.raises(StorageUnavailable):
        storage.write_all({str(store / "one.txt"): b"1", blocked: b"2", str(store / "three.txt"): b"3"})
    assert files_in(store) == []


def test_old_file_stays_when_a_later_write_fails(store, blocked):
    storage.write_bytes(str(store / "one.txt"), b"old")
    with pytest.raises(StorageUnavailable):
        storage.write_all({str(store / "one.txt"): b"new", blocked: b"2"})
    assert (store / "one.txt").read_bytes() == b"old"


def test_full_disk_leaves_no_file_and_no_draft(store):
    with pytest.raises(StorageUnavailable, match="No space left"):
        write_to_a_full_disk(str(store / "big.bin"))
    assert files_in(store) == []


def write_to_a_full_disk(uri: str) -> None:
    def no_space(*_: object) -> object:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storage.os, "fdopen", no_space)
        storage.write_bytes(uri, b"everfit")


@pytest.mark.parametrize(
    "use",
    [
        lambda uri: storage.write_bytes(uri, b""),
        lambda uri: claims.create_once(uri, b""),
        storage.read_bytes,
        storage.remove,
    ],
    ids=["write", "create", "read", "remove"],
)
def test_place_that_cannot_be_used_is_told_as_an_error_of_the_outside(blocked, use):
    with pytest.raises(StorageUnavailable, match=r"(?s)file.*EVERFIT_STORE"):
        use(blocked)


@pytest.mark.parametrize("read", [storage.read_bytes, storage.read_array, storage.remove])
def test_file_that_is_not_there_is_missing_data(store, read):
    with pytest.raises(DataMissing, match="nothing"):
        read(str(store / "nothing"))


def test_exactly_one_of_many_creates_a_file(store):
    winners, start = [], threading.Barrier(16)

    def create(name: int) -> None:
        start.wait()
        if claims.create_once(str(store / "claim"), str(name).encode()):
            winners.append(name)

    threads = [threading.Thread(target=create, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [str(name).encode() for name in winners] == [(store / "claim").read_bytes()]


def test_created_file_is_never_seen_without_its_content(store):
    seen: list[bytes] = []

    def create(i: int, start: threading.Barrier) -> None:
        start.wait()
        if not claims.create_once(str(store / str(i)), b"owner"):
            seen.append(storage.read_bytes(str(store / str(i))))

    for i in range(40):
        start = threading.Barrier(8)
        threads = [threading.Thread(target=create, args=(i, start)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(seen) == {b"owner"}


def test_file_is_created_once(store):
    assert [claims.create_once(str(store / "a"), b"") for _ in range(3)] == [True, False, False]


def test_same_frame_has_the_same_address(store):
    assert storage.write_frame(FRAME) == storage.write_frame(FRAME.copy())


def test_other_frame_has_another_address(store):
    assert storage.write_frame(FRAME).uri != storage.write_frame(FRAME.assign(a=[1, 3])).uri


def test_index_is_no_part_of_a_frame(store):
    assert storage.write_frame(FRAME.set_index(pd.Index([7, 8]))) == storage.write_frame(FRAME)


def test_equal_frames_are_stored_once(store):
    for _ in range(3):
        storage.write_frame(FRAME)
    assert len(files_in(store)) == 1


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1, None], dtype="Int64"),
        pd.Series(["x", None], dtype="str"),
        pd.Series(["x", None], dtype="category"),
        pd.Series([True, None], dtype="boolean"),
        pd.Series([True, None], dtype=object),
        pd.Series(pd.to_datetime(["2026-01-01", None], utc=True)),
        pd.Series([None, None], dtype=object),
    ],
    ids=lambda column: str(column.dtype),
)
def test_frame_is_read_as_it_was_written(store, column):
    frame = pd.DataFrame({"a": column})
    pd.testing.assert_frame_equal(storage.read_frame(storage.write_frame(frame)), frame)


def test_some_columns_of_a_frame_can_be_read(store):
    assert list(storage.read_frame(storage.write_frame(FRAME), ["b"])) == ["b"]


@pytest.mark.parametrize(
    "frame",
    [pd.DataFrame({"a": [1, "x"]}), pd.DataFrame([[1, 2]], columns=["a", "a"])],
    ids=["mixed types", "duplicate columns"],
)
def test_frame_that_cannot_be_stored_is_a_fault_of_the_data(store, frame):
    with pytest.raises(DataError, match="a"):
        storage.write_frame(frame)


def test_array_is_read_as_it_was_written(store):
    array = np.array([[1.5, np.nan], [3, 4]])
    np.testing.assert_array_equal(storage.read_array(storage.write_array(array)), array)


def test_array_in_columns_has_the_same_address_as_in_rows(store):
    array = np.arange(6.0).reshape(2, 3)
    assert storage.write_array(np.asfortranarray(array)) == storage.write_array(array)


def test_listing_is_sorted_and_passes_over_drafts(store):
    for name in ("b.json", "a.json", ".draft-c.json"):
        storage.write_bytes(str(store / name), b"{}")
    assert [Path(uri).name for uri in storage.list_files(str(store / "*.json"))] == ["a.json", "b.json"]


def test_listing_of_a_folder_that_is_not_there_is_empty(store):
    assert storage.list_files(str(store / "nothing" / "*.json")) == []


def test_document_is_read_as_it_was_written(store):
    storage.write_json(str(store / "a.json"), {"a": [1, None, "ü"]})
    assert storage.read_json(str(store / "a.json")) == {"a": [1, None, "ü"]}


def test_checking_the_store_leaves_nothing_in_it(store):
    storage.check_store()
    assert files_in(store) == []


def test_store_that_cannot_be_written_is_told_before_anything_is_computed(store, blocked, monkeypatch):
    monkeypatch.setenv("EVERFIT_STORE", blocked)
    storage.settings.cache_clear()
    with pytest.raises(StorageUnavailable):
        storage.check_store()


def test_store_can_be_an_address_of_another_file_system(monkeypatch):
    monkeypatch.setenv("EVERFIT_STORE", "memory://bucket/prefix/")
    storage.settings.cache_clear()
    ref = storage.write_frame(FRAME)
    assert ref.uri.startswith("memory://bucket/prefix/snapshots/")
    pd.testing.assert_frame_equal(storage.read_frame(ref), FRAME)


@pytest.mark.parametrize("uri", ["nowhere://x/a.csv", "s3://bucket/a.csv"])
def test_place_that_does_not_answer_is_told_without_a_traceback(store, uri, monkeypatch):
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(EverfitError):
        storage.read_bytes(uri)


def test_folder_that_matches_is_no_file(store):
    storage.write_bytes(str(store / "a.json"), b"{}")
    (store / "b.json").mkdir()
    assert [Path(uri).name for uri in storage.list_files(str(store / "*.json"))] == ["a.json"]

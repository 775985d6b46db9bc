"""What lies in the store, with its age; and that a file is removed only while it is old."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from adapters import storage, stored
from adapters.settings import settings
from core.retention import Ages, Removal
from tests.adapters.test_storage import files_in
from tests.buckets import bucket_server

MONTH = Ages(timedelta(days=30), timedelta(days=30), timedelta(days=30))
FRAME = pd.DataFrame({"a": [1, 2]})


def aged(path: str, days: float) -> None:
    then = datetime.now(UTC).timestamp() - days * 86400
    os.utime(path, (then, then))


def removal_of(uri: str) -> Removal:
    return Removal(uri, "snapshot", 1, timedelta(days=40), "old")


def test_every_kind_is_listed_and_what_must_stay_is_not(store: Path) -> None:
    for name in ("lake/toy/a.parquet", "journal/toy/1.json", "moves/toy/1.move.json", "claims/toy/1.json"):
        storage.write_bytes(storage.store_path(name), b"1")
    for name in ("arrays/a.npy", "reports/toy/a.html", "claims/toy/1.json.claims/x", "lake/toy/.draft-1", "odd.txt"):
        storage.write_bytes(storage.store_path(name), b"12")
    listed = stored.list_stored()
    found = {each.uri.removeprefix(f"{store}/"): each.kind for each in listed}
    assert found == {
        "arrays/a.npy": "prepared data",
        "reports/toy/a.html": "report",
        "claims/toy/1.json.claims/x": "leftover",
        "lake/toy/.draft-1": "leftover",
    }
    assert {each.n_bytes for each in listed} == {2}
    assert all(abs(datetime.now(UTC) - each.at) < timedelta(minutes=5) for each in listed)


def test_listing_of_one_model_leaves_out_what_models_share(store: Path) -> None:
    for name in ("arrays/a.npy", "reports/toy/a.html", "reports/other/a.html", "log/toy/2026-01-01/part-1.parquet"):
        storage.write_bytes(storage.store_path(name), b"1")
    names = sorted(each.uri.removeprefix(f"{store}/") for each in stored.list_stored("toy"))
    assert names == ["log/toy/2026-01-01/part-1.parquet", "reports/toy/a.html"]


def test_file_that_is_named_again_is_young_again_and_stays(store: Path) -> None:
    ref = storage.write_frame(FRAME)
    aged(ref.uri, 40)
    assert storage.write_frame(FRAME) == ref
    assert not stored.remove_old(removal_of(ref.uri), MONTH, datetime.now(UTC))
    assert files_in(store) == [f"snapshots/{ref.sha256}.parquet"]


def test_old_file_goes_and_one_that_is_gone_already_is_no_fault(store: Path) -> None:
    ref = storage.write_frame(FRAME)
    aged(ref.uri, 40)
    assert stored.remove_old(removal_of(ref.uri), MONTH, datetime.now(UTC))
    assert not stored.remove_old(removal_of(ref.uri), MONTH, datetime.now(UTC))
    assert not storage.renew(ref.uri)
    assert files_in(store) == []


def test_bucket_is_listed_renewed_and_cleared_as_a_folder_is(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "buckets" / "bucket").mkdir(parents=True)
    monkeypatch.setenv("EVERFIT_STORE", "s3://bucket/everfit")
    settings.cache_clear()
    with bucket_server(tmp_path / "buckets"):
        ref = storage.write_frame(FRAME)
        announced = storage.store_path("claims", "toy", "1.json.claims", "x")
        storage.write_bytes(announced, b"")
        found = {each.uri: each.kind for each in stored.list_stored()}
        assert found == {ref.uri: "snapshot", announced: "leftover"}
        path = tmp_path / "buckets" / "bucket" / ref.uri.removeprefix("s3://bucket/")
        aged(str(path), 40)
        assert storage.renew(ref.uri)
        assert not stored.remove_old(removal_of(ref.uri), MONTH, datetime.now(UTC))
        later = datetime.now(UTC) + timedelta(days=40)
        assert stored.remove_old(removal_of(ref.uri), MONTH, later)
        assert [each.uri for each in stored.list_stored()] == [announced]


def test_folder_moves_with_all_that_is_in_it(store):
    storage.write_bytes(str(store / "old" / "a" / "b.txt"), b"1")
    stored.move_folder(str(store / "old"), str(store / "kept" / "new"))
    assert files_in(store) == ["kept/new/a/b.txt"]


def test_folder_that_is_not_there_is_not_moved(store):
    assert not stored.move_folder(str(store / "old"), str(store / "new"))

import zipfile
from pathlib import Path

import pytest

from adapters import packs
from core.errors import DataMissing, DataRejected

FILES = {"b.txt": b"second" * 100, "a/ä.txt": b"first"}


def test_pack_gives_back_what_was_put_in_and_is_always_the_same_bytes(tmp_path: Path):
    place = tmp_path / "p.zip"
    place.write_bytes(packs.pack(FILES))
    assert packs.unpack(place) == FILES
    assert packs.pack(dict(reversed(FILES.items()))) == place.read_bytes()


def test_pack_that_is_cut_off_or_no_pack_is_refused_in_words(tmp_path: Path):
    place = tmp_path / "p.zip"
    whole = packs.pack(FILES)
    # Each byte of the first file's content, which stands behind its name.
    start = whole.index(b".txt") + 4
    damaged = [whole[:i] + bytes([whole[i] ^ 0xFF]) + whole[i + 1 :] for i in range(start, start + 7)]
    for content in (b"", b"no zip", whole[: len(whole) // 2], *damaged):
        place.write_bytes(content)
        with pytest.raises(DataRejected, match=r"p\.zip cannot be read"):
            packs.unpack(place)
    with pytest.raises(DataMissing):
        packs.unpack(tmp_path / "none.zip")
    with pytest.raises(DataMissing):
        packs.unpack(tmp_path)


def test_pack_that_would_fill_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    place = tmp_path / "p.zip"
    place.write_bytes(packs.pack({"big": bytes(10_000)}))
    monkeypatch.setattr(packs, "MOST_BYTES", 9_999)
    with pytest.raises(DataRejected, match="far larger"):
        packs.unpack(place)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_name_that_is_in_a_pack_twice_is_refused(tmp_path: Path):
    place = tmp_path / "p.zip"
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("a", b"shown")
        archive.writestr("a", b"hidden")
    with pytest.raises(DataRejected, match="twice"):
        packs.unpack(place)

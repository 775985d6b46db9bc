"""Zip files of evidence: the same bytes for the same files, and read with limits, since anybody can send one."""

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from core.errors import DataMissing, DataRejected

MOST_FILES, MOST_BYTES = 200, 200_000_000
# What a damaged zip makes Python raise.
FAULTS = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError, ValueError)
FIX = "give a file that `everfit evidence` wrote"


def pack(files: Mapping[str, bytes]) -> bytes:
    """Files as one zip, in order of their names, without the time of packing."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), files[name], zipfile.ZIP_DEFLATED)
    return content.getvalue()


def unpack(path: Path) -> dict[str, bytes]:
    """The files of a zip, in memory; nothing is written anywhere.

    Raises:
        DataMissing: There is no such file.
        DataRejected: It is no zip, is damaged, holds a name twice, or would be very large.
    """
    if not path.is_file():
        raise DataMissing(f"cannot read {path}", "there is no such file", "correct the path")
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            # What it says of its sizes is checked when it is read: a file that is longer fails its checksum.
            if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > MOST_BYTES:
                raise DataRejected(f"{path} is refused", "it is far larger than any evidence pack", FIX)
            if len({entry.filename for entry in entries}) < len(entries):
                raise DataRejected(f"{path} is refused", "a name is in it twice", FIX)
            return {entry.filename: archive.read(entry) for entry in entries}
    except FAULTS as error:
        raise DataRejected(f"{path} cannot be read", " ".join(str(error).split()), FIX) from error

"""The files of a source: which there are, of which kind, and their content without its compression."""

import io
import posixpath
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

import pyarrow as pa

from adapters.secrets import with_secrets, without_secrets
from adapters.settings import PROJECT
from adapters.storage import filesystem, store_path, told
from core.errors import DataMissing, DataRejected, EverfitError, SpecError, StorageUnavailable
from core.log_parts import standing

LAKE = "lake://"
# What a model has answered, as serving has logged it: log://NAME.
LOG = "log://"
KINDS = {
    ".parquet": "parquet", ".pq": "parquet", ".parq": "parquet",
    ".jsonl": "json", ".ndjson": "json", ".json": "json",
    ".csv": "text", ".tsv": "text", ".tab": "text", ".psv": "text", ".txt": "text", ".data": "text", ".dat": "text",
}  # fmt: skip
# What lies beside tables in a folder is often a text, so that a bare .txt is taken only when it is named.
IN_FOLDERS = tuple(suffix for suffix in KINDS if suffix not in {".txt", ".dat", ".data", ".json"})
PACKED = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zst": "zstd", ".zip": "zip"}
OTHERS = (".xls", ".xlsx", ".ods", ".pkl", ".pickle", ".feather", ".arrow", ".sav", ".dta", ".sas7bdat", ".h5", ".pdf")


def resolve_source(source: str) -> str:
    """The full address of a source: `lake://` and `log://` lie in the store, a relative path in the project.

    Raises:
        SpecError: An address leaves the lake or the log.
    """
    scheme = next((each for each in (LAKE, LOG) if source.startswith(each)), None)
    if scheme is None:
        return source if "://" in source or Path(source).is_absolute() else str(PROJECT / source)
    inside, folder = posixpath.normpath(source.removeprefix(scheme)), scheme.removesuffix("://")
    if inside.startswith(("..", "/")):
        raise SpecError(
            f"the source {source} cannot be read", f"it leaves the {folder}", f"name a folder below {scheme}"
        )
    return store_path(folder, inside)


def find_tables(source: str) -> list[str]:
    """Addresses of the tables of a source, a file, folder or glob, in order of their names.

    Raises:
        DataMissing: There is none.
        SpecError: A folder holds tables of several kinds.
    """
    address = resolve_source(source)
    with reached(address):
        found = _matching(address)
        found = standing(found) if source.startswith(LOG) else found
    if not found:
        raise DataMissing(
            f"there is no table at {source}",
            f"no file matches {address}",
            "land data there first (`everfit land`), or correct the address",
        )
    kinds = sorted({PurePosixPath(_bare(uri)).suffix for uri in found})
    if len(found) > 1 and len({KINDS.get(kind, kind) for kind in kinds}) > 1:
        raise SpecError(
            f"{source} holds tables of several kinds",
            f"their names end in {', '.join(kinds)}",
            f"name one kind, such as {source.rstrip('/')}/*{kinds[0]}" if "*" not in source else "narrow the pattern",
        )
    return found


def _matching(address: str) -> list[str]:
    if address.startswith(("http://", "https://")):
        return [address]
    files, path = filesystem(with_secrets(address))
    if "*" in path or "?" in path:
        names = [name for name in sorted(files.glob(path)) if not PurePosixPath(name).name.startswith(".")]
        return [str(files.unstrip_protocol(name)) for name in names if not files.isdir(name)]
    if not files.isdir(path):
        return [address]
    names = [str(name) for name in sorted(files.find(path))]
    return [str(files.unstrip_protocol(name)) for name in names if _is_table(name.removeprefix(path))]


def _is_table(inside: str) -> bool:
    hidden = any(part.startswith((".", "_")) for part in PurePosixPath(inside).parts)
    return not hidden and PurePosixPath(_bare(inside)).suffix.lower() in IN_FOLDERS


def _bare(uri: str) -> str:
    # Without query and compression: the name tells the kind.
    path = urlsplit(uri).path if "://" in uri else uri
    bare = PurePosixPath(path)
    return str(bare.with_suffix("")) if bare.suffix.lower() in PACKED else path


def kind_of(uri: str) -> str:
    """What a file holds: `parquet`, `json` or `text`, told by its name, else by its first bytes.

    Raises:
        SpecError: Its name says that it is none of them.
    """
    suffix = PurePosixPath(_bare(uri)).suffix.lower()
    if suffix in OTHERS:
        raise SpecError(
            f"the format of {uri} is not known", f"{suffix} is not read", "save it as CSV, Parquet or JSON lines"
        )
    if suffix in KINDS:
        return KINDS[suffix]
    with opened(uri) as file:
        start = file.read(64)
    return "parquet" if start.startswith(b"PAR1") else "json" if start.lstrip().startswith((b"{", b"[{")) else "text"


@contextmanager
def opened(uri: str) -> Iterator[BinaryIO]:
    """A file's content without its compression."""
    with reached(uri):
        files, path = filesystem(with_secrets(uri))
        with files.open(path, "rb") as file:
            yield _unpacked(file, uri)


def file_size(uri: str) -> int | None:
    """Bytes of a file that can be read from any place in it; None where it can only be read from its start."""
    packed = PurePosixPath(urlsplit(uri).path if "://" in uri else uri).suffix.lower() in PACKED
    with reached(uri):
        files, path = filesystem(with_secrets(uri))
        size = None if packed else files.info(path).get("size")
    return int(size) if size is not None else None


def stored_bytes(uri: str) -> int | None:
    """Bytes of a file as it is stored, packed or not; None where its server does not tell."""
    with reached(uri):
        files, path = filesystem(with_secrets(uri))
        size = files.info(path).get("size")
    return int(size) if size is not None else None


def _unpacked(file: Any, uri: str) -> BinaryIO:
    packing = PACKED.get(PurePosixPath(urlsplit(uri).path if "://" in uri else uri).suffix.lower())
    if packing is None:
        return cast(BinaryIO, file)
    if packing == "zip":
        return _only_table(file, uri)
    if packing == "xz":
        import lzma

        return cast(BinaryIO, lzma.open(file))
    return cast(BinaryIO, io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(file, "r"), packing)))


def _only_table(file: Any, uri: str) -> BinaryIO:
    archive = zipfile.ZipFile(file)
    names = [name for name in archive.namelist() if not name.endswith("/") and "__MACOSX" not in name]
    tables = [name for name in names if PurePosixPath(name).suffix.lower() in KINDS] if len(names) > 1 else names
    if len(tables) != 1:
        raise DataRejected(
            f"{uri} does not hold one table",
            f"it holds {len(names)} files, {len(tables)} of them tables: {', '.join(names[:5])}",
            "unpack it, and name the file or the folder",
        )
    return cast(BinaryIO, archive.open(tables[0]))


@contextmanager
def reached(uri: str) -> Iterator[None]:
    """Turn whatever a file system, an archive or a server raises into what, why and how to fix."""
    try:
        with told(uri, "read"):
            yield
    except EverfitError as error:
        # A broken archive raises an OSError without a number: the disk is well, the file is not.
        if isinstance(error.__cause__, OSError) and error.__cause__.errno is None and "://" not in uri:
            raise _unusable(uri, error.__cause__) from error
        # A server that does not answer looks to fsspec like a file that is not there.
        behind = error.__cause__.__cause__ if error.__cause__ else None
        kind = StorageUnavailable if isinstance(behind, OSError) and "://" in uri else type(error)
        if kind is not type(error):
            raise kind(f"cannot reach {uri}", str(behind), "check the address and the network") from error
        what, why, fix = (without_secrets(text, uri) for text in error.args)
        if kind is StorageUnavailable and not uri.startswith(store_path()):
            # A source that is not the store's is not mended by another store.
            fix = "check the address, its credentials and the network" if "://" in uri else "correct its permissions"
        raise kind(what, why, fix) from error
    except (zipfile.BadZipFile, EOFError, ImportError, ValueError) as error:
        raise _unusable(uri, error) from error
    except Exception as error:
        # Each cloud has errors of its own, which no import of ours should need; the rest is a fault of ours.
        if type(error).__module__.partition(".")[0] not in {"botocore", "aiohttp", "aiobotocore", "gcsfs", "adlfs"}:
            raise
        why = without_secrets(" ".join(str(error).split())[:200], uri)
        raise StorageUnavailable(f"cannot read {uri}", why, "check the address, network and credentials") from error


def _unusable(uri: str, error: Exception) -> EverfitError:
    why = without_secrets(" ".join(str(error).split())[:200] or type(error).__name__, uri)
    if "://" in uri and ("rotocol" in why or isinstance(error, ImportError)):
        scheme = uri.partition("://")[0]
        fix = "use a path, s3://, https:// or lake://, or install the fsspec package for it"
        return SpecError(f"the address {uri} cannot be used", f"{scheme}:// cannot be read here: {why}", fix)
    return DataRejected(f"cannot read {uri}", why, "give a whole file in the format that its name says")

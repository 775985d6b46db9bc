"""Some of a large text: its start and pieces spread over the rest, in bounded memory."""

from dataclasses import dataclass
from typing import BinaryIO

from adapters.files import file_size, opened
from core.encodings import detect_encoding
from core.errors import DataMissing, DataRejected

WHOLE_BYTES = 64 * 2**20
HEAD_BYTES, PIECE_BYTES, N_PIECES = 8 * 2**20, 2**20, 16
MOST_FILES = 8


@dataclass(frozen=True, slots=True)
class TextSample:
    """Lines of a text.

    Attributes:
        text: The start of the file up to the end of a line, then whole lines of the pieces.
        encoding: As found, or as given.
        whole: Whether it is the whole file.
        n_bytes: Of the file, unpacked.
        n_seen: Bytes that were looked at.
    """

    text: str
    encoding: str
    whole: bool
    n_bytes: int
    n_seen: int


def sample_text(uri: str, encoding: str | None, limit: int = WHOLE_BYTES) -> TextSample:
    """Look at a text: at all of it up to the limit, else at its start and at pieces spread over the rest.

    Args:
        uri: Where it is.
        encoding: If known, else it is found out.
        limit: Bytes up to which the whole is read.

    Raises:
        DataRejected: It is no text, or not in that encoding.
        DataMissing: It is empty.
    """
    size = file_size(uri)
    with opened(uri) as file:
        head = file.read(limit + 1)
        if len(head) <= limit:
            pieces, n_bytes = list[bytes](), len(head)
        else:
            head = head[: min(HEAD_BYTES, limit)]
            piece = min(PIECE_BYTES, max(limit // N_PIECES, 1)) // 4 * 4
            pieces, n_bytes = _jump(file, size, piece) if size and file.seekable() else _run_through(file, limit, piece)
    if not head.strip():
        raise DataMissing(f"{uri} holds no rows", "the file is empty", "give a file with a line of names and rows")
    encoding = encoding or detect_encoding(head + b"".join(pieces[:4])) or _refuse(uri)
    text = _lines_ended(_decoded(head, encoding, uri)) if not pieces else _lines(head, pieces, encoding)
    _refuse_page(text, uri)
    return TextSample(text, encoding, not pieces, n_bytes, len(head) + sum(map(len, pieces)))


def _jump(file: BinaryIO, size: int, piece: int) -> tuple[list[bytes], int]:
    pieces = []
    for number in range(1, N_PIECES + 1):
        # A multiple of four starts a character in every encoding of fixed width.
        file.seek(max(0, (size - piece) * number // N_PIECES) // 4 * 4)
        pieces.append(file.read(piece))
    return pieces, size


def _run_through(file: BinaryIO, seen: int, piece: int) -> tuple[list[bytes], int]:
    # The length is not known: whenever too many pieces are kept, every second one goes.
    pieces: list[bytes] = []
    place, stride, place_of_next = seen + 1, piece, seen + 1
    skip = -place % 4
    place += len(file.read(skip))
    while content := file.read(piece):
        if place >= place_of_next:
            pieces.append(content)
            place_of_next = place + stride
        place += len(content)
        if len(pieces) > 2 * N_PIECES:
            pieces, stride = pieces[::2], stride * 2
    return pieces or [b""], place


def _lines(head: bytes, pieces: list[bytes], encoding: str) -> str:
    fixed = {"utf-16": "utf-16-be" if head[:1] == b"\xfe" else "utf-16-le", "utf-8-sig": "utf-8"}.get(
        encoding, encoding
    )
    start = _lines_ended(head.decode(encoding, errors="ignore")).rpartition("\n")[0] + "\n"
    if _breaks_lines(start):
        return start
    whole = [
        _lines_ended(piece.decode(fixed, errors="replace")).partition("\n")[2].rpartition("\n")[0] for piece in pieces
    ]
    return start + "".join(lines + "\n" for lines in whole if lines)


def _lines_ended(text: str) -> str:
    # Old Macs, and Excel's "CSV (Macintosh)", end lines with a carriage return alone.
    return text if "\n" in text else text.replace("\r", "\n")


def _refuse_page(text: str, uri: str) -> None:
    if text.lstrip()[:15].lower().startswith(("<!doctype html", "<html")):
        raise DataRejected(
            f"cannot read {uri}",
            "it holds a web page and no table",
            "give the address of the file itself; a page often asks to log in first",
        )


def _breaks_lines(text: str) -> bool:
    # A line break within quotes: a piece might start in the middle of a value.
    return any(line.count('"') % 2 for line in text.split("\n"))


def _decoded(content: bytes, encoding: str, uri: str) -> str:
    try:
        return content.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise DataRejected(
            f"cannot read {uri}",
            f"it is not written in {encoding}: {' '.join(str(error).split())[:150]}",
            "correct `data.format.encoding`, or save the file as UTF-8",
        ) from error


def _refuse(uri: str) -> str:
    raise DataRejected(
        f"cannot read {uri}", "it holds binary data and no text", "give a CSV, Parquet or JSON lines file"
    )

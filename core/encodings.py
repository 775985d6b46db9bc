"""In which encoding a text was written, from its first bytes."""

import codecs

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Statistics tell these from Western text; among the Western ones they guess, and cp1252 is what is written.
OTHER_SCRIPTS = ("cp1251", "koi8_r", "shift_jis", "gb18030", "big5", "euc_kr", "cp1253", "cp1255", "cp1256")
SAMPLE_BYTES = 50_000


def detect_encoding(start: bytes) -> str | None:
    """The encoding of a text; None where the bytes are no text.

    Args:
        start: The first bytes of a file; the last character may be cut.
    """
    for mark, name in MARKS:
        if start.startswith(mark):
            return name
    if b"\x00" in start[:SAMPLE_BYTES]:
        return _without_mark(start[:SAMPLE_BYTES])
    if reads_as(start, "utf-8"):
        return "utf-8"
    # Four control characters in a hundred are no prose of any script.
    if sum(byte < 32 and byte not in b"\t\n\r\f\x1a" for byte in start[:1000]) > len(start[:1000]) / 25:
        return None
    return _by_statistics(start)


def reads_as(start: bytes, encoding: str) -> bool:
    """Whether bytes are valid in an encoding; a character that is cut at the end is."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(start)
    except UnicodeDecodeError:
        return False
    return True


def _without_mark(start: bytes) -> str | None:
    even, odd = start[0::2].count(0), start[1::2].count(0)
    half = len(start) / 2
    # Western text in UTF-16 has a zero in every second byte.
    if odd > 0.7 * half and even < 0.05 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.7 * half and odd < 0.05 * half else None


def _by_statistics(start: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(_telling_lines(start), cp_isolation=[*OTHER_SCRIPTS, "cp1252", "cp1250"]).best()
    if best is not None and best.encoding in OTHER_SCRIPTS:
        return best.encoding
    candidates = ("cp1252", "cp1250", "latin-1")
    return next(name for name in candidates if reads_as(start, name))


def _telling_lines(start: bytes) -> bytes:
    # Plain ASCII tells nothing, and drowns the lines that do.
    lines = [line for line in start.splitlines(keepends=True) if not line.isascii()]
    return b"".join(lines)[:SAMPLE_BYTES]

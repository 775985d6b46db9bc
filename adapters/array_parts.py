"""Some rows of a stored array, without reading the others."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from adapters.storage import filesystem, told
from core.metrics import Floats

# The header of an array of two dimensions takes 128 bytes.
HEADER_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Layout:
    """Shape and type of a stored array, and where its numbers begin."""

    shape: tuple[int, ...]
    dtype: Any
    offset: int


def layout_of_array(uri: str) -> Layout:
    """What the first bytes of a stored array say."""
    files, path = filesystem(uri)
    with told(uri, "read"):
        header = io.BytesIO(files.cat_file(path, start=0, end=HEADER_BYTES))
    np.lib.format.read_magic(header)
    shape, _, dtype = np.lib.format.read_array_header_1_0(header)
    return Layout(shape, dtype, header.tell())


def read_array_rows(uri: str, start: int, stop: int) -> Floats:
    """Rows start to stop - 1 of an array that `adapters.storage.write_array` has stored."""
    layout = layout_of_array(uri)
    row_bytes = layout.dtype.itemsize * int(np.prod(layout.shape[1:]))
    files, path = filesystem(uri)
    with told(uri, "read"):
        content = files.cat_file(path, start=layout.offset + start * row_bytes, end=layout.offset + stop * row_bytes)
    return np.frombuffer(content, layout.dtype).reshape(-1, *layout.shape[1:])

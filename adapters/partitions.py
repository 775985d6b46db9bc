"""A stored table in parts that fit into memory, one at a time."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd
from fsspec.implementations.local import LocalFileSystem

from adapters.storage import filesystem, told
from core.refs import DatasetRef


def n_parts(ref: DatasetRef) -> int:
    """In how many parts a table is stored: the row groups of its Parquet file, of about a million rows each."""
    with _opened(ref) as file:
        return int(file.metadata.num_row_groups)


def read_part(ref: DatasetRef, number: int, columns: list[str] | None) -> pd.DataFrame:
    """Some columns of one part, or all; those that the table lacks are passed over."""
    with _opened(ref) as file:
        stored = set(file.schema_arrow.names)
        present = None if columns is None else [name for name in columns if name in stored]
        return pd.DataFrame(file.read_row_group(number, columns=present).to_pandas())


@contextmanager
def _opened(ref: DatasetRef) -> Iterator[Any]:
    import pyarrow.parquet as pq

    files, path = filesystem(ref.uri)
    with told(ref.uri, "read"):
        # From a bucket all of it comes at once: many small requests cost more than the bytes.
        source = files.open(path, "rb") if isinstance(files, LocalFileSystem) else io.BytesIO(files.cat_file(path))
        with source, pq.ParquetFile(source, pre_buffer=False) as file:
            yield file

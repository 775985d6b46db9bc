"""A table that nobody prepared: whatever its form, the same rows are read, by `look_at` as by `read_table`."""

import io
import sqlite3
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters import delimited, samples
from adapters.tables import look_at, read_table
from core.errors import DataMissing, DataRejected, EverfitError, SpecError
from core.first_spec import Wanted, propose
from core.roles import Roles
from core.source_spec import FormatSpec, SqlSource

N_ROWS = 200
TABLE = pd.DataFrame(
    {
        "größe": np.arange(N_ROWS) / 8,
        "city": ["Köln", "Düsseldorf", "Zürich", "Genève"] * (N_ROWS // 4),
        "zip": [f"{i:05d}" for i in range(N_ROWS)],
        "since": pd.date_range("2024-01-01", periods=N_ROWS).strftime("%d.%m.%Y"),
        "late": [True, False] * (N_ROWS // 2),
    }
)
EXPECTED = TABLE.assign(since=pd.to_datetime(TABLE["since"], dayfirst=True).astype("datetime64[us]"))


def zstd(content: bytes) -> bytes:
    buffer = pa.BufferOutputStream()
    with pa.CompressedOutputStream(buffer, "zstd") as file:
        file.write(content)
    return bytes(buffer.getvalue())


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("table.csv", content)
    return buffer.getvalue()


def german(encoding: str) -> Callable[[Path], None]:
    return lambda path: TABLE.to_csv(path, sep=";", decimal=",", index=False, encoding=encoding)


WRITERS: dict[str, Callable[[Path], object]] = {
    "plain.csv": lambda path: TABLE.to_csv(path, index=False),
    "indexed.csv": TABLE.to_csv,
    "german.csv": german("cp1252"),
    "mark.csv": german("utf-8-sig"),
    "wide.csv": german("utf-16"),
    "table.tsv": lambda path: TABLE.to_csv(path, sep="\t", index=False),
    "pipe.txt": lambda path: TABLE.to_csv(path, sep="|", index=False),
    "table.csv.gz": lambda path: TABLE.to_csv(path, index=False),
    "table.csv.zst": lambda path: path.write_bytes(zstd(TABLE.to_csv(index=False).encode())),
    "table.csv.zip": lambda path: path.write_bytes(zipped(TABLE.to_csv(index=False).encode())),
    "titled.csv": lambda path: path.write_text("Report\n\n" + TABLE.to_csv(index=False)),
    "table.parquet": TABLE.to_parquet,
    "table.jsonl": lambda path: TABLE.to_json(path, orient="records", lines=True),
    "without_suffix": lambda path: TABLE.to_csv(path, index=False),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_form_gives_the_same_rows_and_training_reads_as_init_did(name: str, tmp_path: Path):
    path = tmp_path / name
    WRITERS[name](path)
    look = look_at(str(path))
    assert (look.n_rows, look.whole) == (N_ROWS, True)
    pd.testing.assert_frame_equal(look.frame, EXPECTED)
    pd.testing.assert_frame_equal(read_table(str(path), None, look.how), EXPECTED)


def test_folder_and_glob_are_read_in_order_of_names(tmp_path: Path):
    for part in range(4):
        TABLE.iloc[part * 50 : part * 50 + 50].to_csv(tmp_path / f"part{part}.csv", index=False)
    (tmp_path / "README.txt").write_text("not a table")
    for source in (str(tmp_path), str(tmp_path / "*.csv")):
        pd.testing.assert_frame_equal(look_at(source).frame, EXPECTED)


def test_a_later_batch_is_read_as_the_first_one(tmp_path: Path):
    german("cp1252")(tmp_path / "first.csv")
    how = look_at(str(tmp_path / "first.csv")).how
    # On its own it would read as whole numbers and as the third of January.
    (tmp_path / "second.csv").write_text("größe;city;zip;since;late\n1,5;7;12;01.03.2024;True\n", encoding="cp1252")
    row = read_table(str(tmp_path / "second.csv"), None, how).iloc[0]
    assert (row["größe"], row["city"], row["zip"], row["since"]) == (1.5, "7", "12", pd.Timestamp("2024-03-01"))


def test_query_gives_the_rows_and_does_not_make_a_database(tmp_path: Path):
    with sqlite3.connect(tmp_path / "some.db") as connection:
        TABLE.assign(late=TABLE["late"].astype(int)).to_sql("trips", connection, index=False)
    source = SqlSource(sql="select * from trips", url=f"sqlite:///{tmp_path}/some.db")
    look = look_at(source)
    pd.testing.assert_frame_equal(read_table(source, None, look.how), look.frame)
    assert look.frame["since"].iloc[-1] == EXPECTED["since"].iloc[-1]
    for sql, url, kind in (
        ("select * from none", source.url, DataRejected),
        ("delete from trips", source.url, DataRejected),
        ("select 1", f"sqlite:///{tmp_path}/none.db", DataMissing),
        ("select 1", "nosuch://host/db", SpecError),
        ("select 1", "postgresql://me:${EVERFIT_NO_SUCH}@host/db", SpecError),
    ):
        with pytest.raises(kind):
            read_table(SqlSource(sql=sql, url=url))
    assert not (tmp_path / "none.db").exists()


def test_secrets_of_the_environment_are_used_and_not_printed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("SECRET_PLACE", str(tmp_path / "hidden"))
    with pytest.raises(DataMissing) as told:
        read_table(SqlSource(sql="select 1", url="sqlite:///${SECRET_PLACE}/x.db"))
    assert "${SECRET_PLACE}" in told.value.what


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    content = TABLE.to_csv(index=False).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path.startswith("/table") else 404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    httpd = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()


def test_web_address_is_read_and_a_missing_page_is_told(server: str):
    pd.testing.assert_frame_equal(look_at(f"{server}/table.csv").frame, EXPECTED)
    pd.testing.assert_frame_equal(look_at(f"{server}/table?format=csv").frame, EXPECTED)
    with pytest.raises(DataMissing):
        look_at(f"{server}/none.csv")


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_large_text_is_looked_at_in_parts_of_the_whole(suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name, value in {"HEAD_BYTES": 8_000, "PIECE_BYTES": 1_000}.items():
        monkeypatch.setattr(samples, name, value)
    frame = pd.DataFrame({"row": range(50_000), "a": 1.5, "b": "x"})
    path = tmp_path / f"large.csv{suffix}"
    frame.to_csv(path, index=False)
    table = delimited.look_at_text([str(path)], FormatSpec(), limit=100_000)
    assert not table.whole
    assert len(table.frame) < 10_000
    assert table.frame["row"].max() > 45_000
    assert table.n_rows == pytest.approx(50_000, rel=0.1)


BAD: dict[str, tuple[bytes, type[EverfitError]]] = {
    "empty.csv": (b"", DataMissing),
    "blank.csv": (b"\n\n", DataMissing),
    "twins.csv": (b"a,b,a\n1,2,3\n", DataRejected),
    "binary.csv": (b"\x00\x01PK not a table \xff", DataRejected),
    "broken.parquet": (b"PAR1 not really", DataRejected),
    "broken.csv.gz": (b"not packed at all, whatever the name says", DataRejected),
    "broken.zip": (b"PK not a zip", DataRejected),
    "ragged.csv": (b"a,b\n1,2\n3,4\n1,2,3,4,5\n", DataRejected),
    "table.xlsx": (b"PK", SpecError),
    "broken.jsonl": (b'{"a": 1\n', DataRejected),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_table_is_refused_by_its_name(name: str, tmp_path: Path):
    content, kind = BAD[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(kind) as told:
        look_at(str(tmp_path / name))
    assert name in told.value.what


def test_folder_without_tables_unknown_scheme_and_mixed_folder_are_told(tmp_path: Path):
    with pytest.raises(DataMissing):
        look_at(str(tmp_path))
    with pytest.raises(SpecError):
        look_at("nosuch://bucket/a.csv")
    TABLE.to_csv(tmp_path / "a.csv")
    TABLE.to_parquet(tmp_path / "b.parquet")
    with pytest.raises(SpecError):
        look_at(str(tmp_path))


def test_structures_and_odd_names_become_plain(tmp_path: Path):
    frame = pd.DataFrame({1: [[1, 2], [3]], "d": [{"a": 1}, None], "c": pd.Categorical(["x", "y"])})
    frame.columns = frame.columns.map(str)
    frame.set_index(pd.Index(["k1", "k2"], name="key")).to_parquet(tmp_path / "odd.parquet")
    read = read_table(str(tmp_path / "odd.parquet"))
    assert list(read.columns) == ["key", "1", "d", "c"]
    assert read["1"].tolist() == ["[1, 2]", "[3]"]


NOTHING = Roles((), None, None, {})
CELLS = st.text(st.sampled_from("ab01,;\t\n\r \"'.-é\x00\ufeff{}[]#"), max_size=60)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60) | CELLS.map(lambda text: f"a,y\n{text}".encode()))
def test_whatever_bytes_a_file_holds_it_is_looked_at_or_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "any.csv"
    path.write_bytes(content)
    try:
        look = look_at(str(path))
        propose(look.frame, Wanted("any", {"source": str(path)}, str(look.frame.columns[-1]), NOTHING, look.whole))
    except EverfitError:
        return
    assert len(read_table(str(path), how=look.how)) == len(look.frame)

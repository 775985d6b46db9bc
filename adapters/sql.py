"""Read the rows of a query through SQLAlchemy, in chunks; the database is only read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from adapters.memory import refuse_larger
from adapters.secrets import with_secrets, without_secrets
from adapters.settings import PROJECT
from core.errors import DataMissing, DataRejected, EverfitError, SpecError, StorageUnavailable
from core.layouts import refuse_twins
from core.source_spec import SqlSource

CHUNK_ROWS = 50_000
DRIVERS = {"psycopg": "everfit[postgres]", "MySQLdb": "mysqlclient", "pyodbc": "pyodbc", "oracledb": "oracledb"}


def read_sql(source: SqlSource, most_rows: int | None = None) -> tuple[pd.DataFrame, bool]:
    """Rows of a query, and whether these are all.

    Args:
        source: Query and address; `${NAME}` in the address is taken from the environment.
        most_rows: Stop after the chunk that reaches this many.

    Raises:
        SpecError: The address cannot be used, or its driver is not installed.
        DataMissing, DataRejected: There is no such database or table, the query is wrong, or its rows are too many.
        StorageUnavailable: The database does not answer.
    """
    frames: list[pd.DataFrame] = []
    n_rows, n_bytes = 0, 0.0
    for chunk in sql_frames(source):
        frames.append(chunk)
        n_rows, n_bytes = n_rows + len(chunk), n_bytes + float(chunk.memory_usage(deep=True).sum())
        if most_rows is not None and n_rows >= most_rows:
            return pd.concat(frames, ignore_index=True), False
        # How many rows a query has, only its end tells.
        refuse_larger(str(source), n_bytes, n_rows)
    frame = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    return frame, True


def sql_frames(source: SqlSource) -> Iterator[pd.DataFrame]:
    """The rows of a query in parts, each column of one type."""
    import sqlalchemy

    with _connection(source) as connection, _asked(source):
        for chunk in pd.read_sql_query(sqlalchemy.text(source.sql), connection, chunksize=CHUNK_ROWS):
            refuse_twins([str(name) for name in chunk.columns], "the query")
            yield chunk


def sql_chunks(source: SqlSource, n_rows: int) -> Iterator[pd.DataFrame]:
    """The rows of a query, so many at a time, each value as the database's driver gives it."""
    import sqlalchemy

    with _connection(source) as connection, _asked(source):
        found = connection.execute(sqlalchemy.text(source.sql))
        names = [str(name) for name in found.keys()]  # noqa: SIM118 - a result, and no mapping
        refuse_twins(names, "the query")
        for rows in found.partitions(n_rows):
            yield pd.DataFrame([tuple(row) for row in rows], columns=names, dtype=object)


@contextmanager
def _asked(source: SqlSource) -> Iterator[None]:
    import sqlalchemy

    try:
        yield
    except (sqlalchemy.exc.SQLAlchemyError, pd.errors.DatabaseError) as error:
        cause = error.__cause__ if isinstance(error, pd.errors.DatabaseError) else error
        raise _query_failed(source, cause or error) from error


@contextmanager
def _connection(source: SqlSource) -> Iterator[Any]:
    import sqlalchemy

    engine = _engine(source)
    options: dict[str, Any] = {"stream_results": True}
    if engine.dialect.name == "postgresql":
        options["postgresql_readonly"] = True
    try:
        connection = engine.connect().execution_options(**options)
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise StorageUnavailable(
            f"the database {source.url} does not answer",
            without_secrets(_first_line(error), source.url),
            "check that it runs, the address, and the user's password in the environment",
        ) from error
    # Nothing is committed: what the query changes is rolled back.
    try:
        yield connection
    finally:
        connection.close()
        engine.dispose()


def _engine(source: SqlSource) -> Any:
    import sqlalchemy

    try:
        url = sqlalchemy.make_url(with_secrets(source.url))
        # SQLAlchemy's own choice is the older psycopg2, which reads whole results at once.
        url = url.set(drivername="postgresql+psycopg") if url.drivername in ("postgresql", "postgres") else url
        return sqlalchemy.create_engine(_read_only(url, source.url) if url.get_backend_name() == "sqlite" else url)
    except sqlalchemy.exc.NoSuchModuleError as error:
        raise SpecError(
            f"the address {source.url} cannot be used",
            f"no database of that kind is known: {_first_line(error)}",
            "write sqlite:///file.db or postgresql://user@host/database",
        ) from error
    except ModuleNotFoundError as error:
        package = DRIVERS.get(str(error.name), error.name)
        raise SpecError(
            f"the address {source.url} cannot be used",
            f"its driver {error.name} is not installed",
            f"pip install '{package}'",
        ) from error
    except (sqlalchemy.exc.ArgumentError, ValueError) as error:
        raise SpecError(
            f"the address {source.url} cannot be used",
            without_secrets(_first_line(error), source.url),
            "write sqlite:///file.db or postgresql://user:${NAME}@host/database",
        ) from error


def _read_only(url: Any, told: str) -> Any:
    # SQLite makes an empty database of a wrong name.
    path = Path(url.database or "")
    path = path if path.is_absolute() else PROJECT / path
    if not url.database or not path.is_file():
        raise DataMissing(
            f"there is no database at {told}", f"{path} is no file", "correct the address: sqlite:///path/to/file.db"
        )
    return url.set(database=f"file:{path}", query={"mode": "ro", "uri": "true"})


def _query_failed(source: SqlSource, error: BaseException) -> EverfitError:
    import sqlalchemy

    why = without_secrets(_first_line(error), source.url)
    if isinstance(error, sqlalchemy.exc.ResourceClosedError):
        why = "it returns no rows"
    if getattr(error, "connection_invalidated", False):
        return StorageUnavailable(f"the database {source.url} went away", why, "try again")
    return DataRejected(f"the query cannot be run: {' '.join(source.sql.split())[:100]}", why, "correct `sql`")


def _first_line(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).strip().split("\n")[0][:200]

"""Which table a command line means: a SOURCE, or a query with its address."""

from core.errors import SpecError


def source_of(source: str | None, sql: str | None, url: str | None, example: str) -> str | dict[str, str]:
    """The source as it would stand in a YAML: an address, or `{sql, url}`.

    Args:
        source: An address as the user has typed it.
        sql: A query.
        url: The address of its database.
        example: The command, with `{source}` where the table is named.

    Raises:
        SpecError: None is given, or more than one.
    """
    from adapters.addresses import as_written

    if sql is not None or url is not None:
        if not sql or not url or source is not None:
            given = [word for word, value in (("SOURCE", source), ("--sql", sql), ("--url", url)) if value]
            raise SpecError(
                "it is not clear which table is meant",
                f"given is {' and '.join(given)}; a query needs --sql and --url, and no SOURCE",
                example.format(source='--sql "select * from trips" --url sqlite:///trips.db'),
            )
        return {"sql": sql, "url": as_written(url)}
    if not source:
        raise SpecError("there is no table to look at", "no SOURCE is given", example.format(source="trips.csv"))
    return as_written(source)

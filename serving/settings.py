"""What the endpoint serves and within which bounds: `EVERFIT_SERVING_*`, the same in each of its processes."""

import re
from functools import lru_cache

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import SpecError
from core.traffic import CHAMPION, Reference

PREFIX = "EVERFIT_SERVING_"
WRITTEN = re.compile(r"(?P<model>[a-z][a-z0-9_-]*)(?:@(?P<alias>[\w-]+)|:(?P<number>\d+))?(?:=(?P<share>0?\.\d+|0|1))?")


class ServingSettings(BaseSettings):
    """What to serve, and how much of it at once."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    models: str = Field("", description="NAME, NAME@ALIAS or NAME:VERSION, with commas; default every model's champion")
    challengers: str = Field(
        "", description="NAME@ALIAS=SHARE or NAME:VERSION=SHARE: who answers a share of the requests"
    )
    shadows: str = Field("", description="NAME@ALIAS or NAME:VERSION: who predicts too, and is only logged")
    token: SecretStr | None = Field(None, description="Bearer token that requests must carry; default none")
    poll_s: float = Field(0.25, gt=0, le=60, description="How often the registry is asked who is champion")
    load_ahead: bool = Field(
        True, description="Whether the newest version is loaded before it is released; it takes its memory sooner"
    )
    max_body_mb: float = Field(8.0, gt=0, description="Largest request")
    max_rows: int = Field(10_000, gt=0, description="Most rows of a request")
    in_flight_mb: float = Field(128.0, gt=0, description="Requests that are read at the same time, all together")
    connections: int = Field(512, gt=0, description="Connections at the same time, in each process")
    request_timeout_s: float = Field(10.0, gt=0, description="How long a client may take to send its request")
    stop_within_s: int = Field(10, gt=0, description="How long running requests may take when the endpoint is stopped")
    log: bool = Field(True, description="Whether answered rows are logged")
    log_every_s: float = Field(5.0, gt=0, description="How often the log is written; a killed process loses as much")
    log_rows: int = Field(100_000, gt=0, description="Most rows that wait to be written; more are dropped and counted")
    metrics_folder: str = Field(
        "", description="Where several processes put their metrics together; set by the launcher"
    )


@lru_cache(maxsize=1)
def serving_settings() -> ServingSettings:
    """The settings of this process, read from the environment once."""
    try:
        return ServingSettings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"{PREFIX}{'_'.join(str(part) for part in first['loc']).upper()}"
        raise SpecError(
            f"the setting {name} cannot be used", first["msg"].lower(), f"set {name} to a valid value, or unset it"
        ) from error


def references(written: str) -> dict[str, tuple[Reference, float]]:
    """Model to the version that is meant, and its share of the traffic.

    Raises:
        SpecError: It is not written as the settings say, or names a model twice.
    """
    found: dict[str, tuple[Reference, float]] = {}
    for part in filter(None, (part.strip() for part in written.split(","))):
        match = WRITTEN.fullmatch(part)
        if match is None or match["model"] in found:
            raise SpecError(
                f"'{part}' names no version to serve",
                "it is named twice" if match else "it is not NAME, NAME@ALIAS or NAME:VERSION, with =SHARE from 0 to 1",
                "write for example flights, flights@staging, flights:7 or flights@challenger=0.1",
            )
        number = int(match["number"]) if match["number"] else None
        found[match["model"]] = (Reference(match["alias"] or CHAMPION, number), float(match["share"] or 0))
    return found

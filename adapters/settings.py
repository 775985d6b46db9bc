"""Where things live on this machine: `EVERFIT_*` variables, and what other tools are told from them."""

from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.durations import Duration
from core.errors import SpecError

PROJECT = Path(__file__).resolve().parents[1]


class Settings(BaseSettings):
    """Where things live; never part of a cache key or of a model's identity."""

    model_config = SettingsConfigDict(env_prefix="EVERFIT_", frozen=True, extra="ignore", env_ignore_empty=True)

    home: Path = Field(PROJECT / ".everfit", description="All state that everfit writes on this machine")
    models: Path = Field(PROJECT / "models", description="Folder of the models' YAML files")
    store: str = Field(
        "", description="Lake, snapshots, reports and journal; default HOME/store, or s3://bucket/prefix"
    )
    mlflow: str = Field("", description="MLflow tracking address; default the SQLite file HOME/mlflow.db")
    dask: str = Field("", description="Address of a Dask scheduler; default a cluster inside the training process")
    workers: Literal["auto", "threads", "mixed", "processes"] = Field(
        "auto",
        description="What the workers of a local cluster are; mixed is one thread and else processes; auto takes "
        "threads for little work, and processes for large tables or many workers",
    )
    memory_share: float = Field(
        0.3, gt=0, le=1, description="Share of the free memory that a table may take; a larger one is refused"
    )
    prefect_port: int = Field(4200, gt=0, lt=65536, description="Port of the Prefect server that `everfit up` starts")
    mlflow_port: int = Field(5000, gt=0, lt=65536, description="Port of the MLflow server that `everfit up` starts")

    serving_port: int = Field(8000, gt=0, lt=65536, description="Port on which models answer over HTTP")
    serving_token: SecretStr | None = Field(None, description="Bearer token that the endpoint asks for")
    endpoint: str = Field(
        "", description="Address of the endpoint that releases watch; default port SERVING_PORT of this machine"
    )

    keep: Duration = Field(
        timedelta(days=30),
        ge=timedelta(days=1),
        description="Age from which `everfit gc` removes files that nothing refers to",
    )
    keep_log: Duration = Field(
        timedelta(days=365),
        ge=timedelta(days=1),
        description="Age from which `everfit gc` removes files of the prediction log",
    )
    keep_versions: Duration = Field(
        timedelta(days=180),
        ge=timedelta(days=1),
        description="Age from which `everfit gc` removes versions that nobody can come back to",
    )

    pool: Literal["process", "docker", "kubernetes"] = Field(
        "process", description="Where runs go that `everfit deploy` deploys: processes, containers or Kubernetes jobs"
    )
    image: str = Field("everfit", description="Image of the runs on Docker and Kubernetes, without its tag")
    image_tag: str = Field("latest", description="The image's tag")
    repository: str = Field("", description="Git address that runs clone; default the code in the image, or here")
    branch: str = Field("", description="Branch or tag of it; default the repository's own")

    @field_validator("home", "models")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().resolve()

    @property
    def store_url(self) -> str:
        if "://" in self.store:
            return self.store.rstrip("/")
        return str(Path(self.store).expanduser().resolve() if self.store else self.home / "store")

    @property
    def mlflow_url(self) -> str:
        return self.mlflow or f"sqlite:///{self.home / 'mlflow.db'}"


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read from the environment once."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"EVERFIT_{'_'.join(str(part) for part in first['loc']).upper()}"
        raise SpecError(
            what=f"the setting {name} cannot be used",
            why=f"{first['msg'].lower()}, it is {first['input']!r}",
            fix=f"set {name} to a valid value, or unset it to take the default",
        ) from error


def tool_credentials(environment: Mapping[str, str]) -> dict[str, str]:
    """Who sets what a server of the local stack asks for means its clients too; what a client is told by itself wins.

    Args:
        environment: That of the user.
    """
    pairs = (
        ("PREFECT_API_AUTH_STRING", "PREFECT_SERVER_API_AUTH_STRING"),
        ("MLFLOW_TRACKING_USERNAME", "MLFLOW_AUTH_ADMIN_USERNAME"),
        ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_AUTH_ADMIN_PASSWORD"),
    )
    return {client: environment[server] for client, server in pairs if environment.get(server)}


def tool_environment(where: Settings) -> dict[str, str]:
    """Variables that keep Prefect and MLflow inside `EVERFIT_HOME`, silent, and quick to react.

    They must be in the environment before Prefect or MLflow is imported; a value that the user has set wins.
    """
    return {
        "EVERFIT_HOME": str(where.home),
        "EVERFIT_MODELS": str(where.models),
        "EVERFIT_STORE": where.store_url,
        "PREFECT_HOME": str(where.home / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "INFO",
        # A busy machine may need longer than the default 20 s for the server that a run without `everfit up` starts.
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
        # Threads that wait for work by spinning take the cores from those that have some: on a busy machine a fit took
        # three times the CPU, and single rows a second.
        "OMP_WAIT_POLICY": "passive",
        "MLFLOW_TRACKING_URI": where.mlflow_url,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "DO_NOT_TRACK": "1",
    }

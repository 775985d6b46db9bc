"""The model registry: MLflow's versions, aliases and runs; the only module that imports MLflow."""

import contextlib
import json
import logging
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import TypeAdapter

from adapters.packaging import TRUSTED, unpack
from adapters.settings import settings
from core.errors import DataMissing, RegistryConflict, RegistryUnavailable
from core.records import ModelRecord, Version

CHAMPION = "champion"
RECORD = "everfit/record.json"


@contextmanager
def answering() -> Iterator[Any]:
    """An MLflow client; what MLflow raises becomes what, why and how to fix."""
    import mlflow
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    _check_file(settings().mlflow_url)
    mlflow.set_tracking_uri(settings().mlflow_url)
    try:
        yield mlflow.MlflowClient()
    except (MlflowException, SQLAlchemyError, OSError) as error:
        raise RegistryUnavailable(
            what=f"the model registry at {settings().mlflow_url} does not answer",
            why=" ".join(str(error).split())[:300],
            fix="see that it runs and that EVERFIT_MLFLOW and EVERFIT_HOME are right, then try again",
        ) from error


def _check_file(url: str) -> None:
    # MLflow tries for minutes to open a database that cannot be opened.
    if not url.startswith("sqlite:///"):
        return
    try:
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
            database.execute("PRAGMA schema_version")
    except (OSError, sqlite3.Error) as error:
        raise RegistryUnavailable(
            f"the model registry {url} cannot be opened", str(error), "look at the file, or set EVERFIT_MLFLOW"
        ) from error


def find_version(model: str, number: int) -> Version:
    """A registered version.

    Raises:
        DataMissing: There is none of that number.
    """
    with answering() as client:
        found = [v for v in client.search_model_versions(f"name='{model}'") if int(v.version) == number]
    if not found:
        raise DataMissing(
            f"{model} has no version {number}", "the registry does not list it", f"see `everfit status {model}`"
        )
    return _read(found[0])


def find_champion(model: str) -> Version | None:
    """The version that is champion now, if any."""
    with answering() as client:
        found = _champion(client, model)
    return _read(found) if found else None


def load_pipeline(version: Version) -> Any:
    """The version's pipeline, of trusted types only."""
    with answering():
        import mlflow

        with tempfile.TemporaryDirectory() as folder:
            path = mlflow.artifacts.download_artifacts(artifact_uri=f"{version.location}/model.skops", dst_path=folder)
            content = Path(path).read_bytes()
    return unpack(content, f"{version.record.model}:{version.number}")


def register(record: ModelRecord, pipeline: Any, example: pd.DataFrame) -> Version:
    """Store a model with its record as a new version; the same model of the same data and spec is registered once.

    Args:
        record: How it was made.
        pipeline: Fitted, of trusted types.
        example: Some raw rows as the pipeline reads them.
    """
    known = find_identical(record.model, record.identity)
    if known is not None:
        return known
    with answering() as client:
        number = _log(client, record, pipeline, example)
    return find_version(record.model, number)


def find_identical(model: str, identity: str) -> Version | None:
    """The version that has this identity already, if any."""
    with answering() as client:
        known = client.search_model_versions(f"name='{model}' and tags.identity='{identity}'")
    return _read(known[0]) if known else None


def warm_up() -> None:
    """Import MLflow, which takes seconds, while nothing else is to be done."""
    import mlflow  # noqa: F401


def move_champion(model: str, number: int, expected: int | None) -> None:
    """Point the alias to another version.

    Raises:
        RegistryConflict: The champion is no longer the one that the caller has seen.
    """
    with answering() as client:
        found = _champion(client, model)
        now = int(found.version) if found else None
        if now != expected:
            raise RegistryConflict(
                f"the champion of {model} was not moved to version {number}",
                f"it is version {now}, no longer {expected}",
                "look at it, and release again",
            )
        client.set_registered_model_alias(model, CHAMPION, str(number))


def remove_champion(model: str) -> None:
    """Take the alias away, if there is one; the versions stay."""
    with answering() as client:
        if _champion(client, model) is not None:
            client.delete_registered_model_alias(model, CHAMPION)


def newest_version(model: str) -> int:
    """The highest version number.

    Raises:
        DataMissing: The model has no version yet.
    """
    versions = list_versions(model)
    if not versions:
        raise DataMissing(f"{model} has no version yet", "nothing was registered", f"train it: everfit train {model}")
    return int(versions[0]["version"])


def list_versions(model: str) -> list[dict[str, Any]]:
    """Number, run and tags of every version, newest first."""
    with answering() as client:
        found = client.search_model_versions(f"name='{model}'")
        listed = [{"version": int(v.version), "run": v.run_id, **v.tags} for v in found]
    return sorted(listed, key=lambda row: -int(row["version"]))


def _champion(client: Any, model: str) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        return client.get_model_version_by_alias(model, CHAMPION)
    except MlflowException as error:
        # MLflow says INVALID_PARAMETER_VALUE for a model that has no such alias, and the other for no such model.
        if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
            return None
        raise


def _read(found: Any) -> Version:
    import mlflow

    with answering() as client:
        document = mlflow.artifacts.load_dict(f"runs:/{found.run_id}/{RECORD}")
        location = client.get_model_version_download_uri(found.name, found.version)
    return Version(int(found.version), found.run_id, location, TypeAdapter(ModelRecord).validate_python(document))


def _log(client: Any, record: ModelRecord, pipeline: Any, example: pd.DataFrame) -> int:
    import mlflow
    import mlflow.sklearn
    from mlflow.models import infer_signature

    classes = record.coding.problem != "regression"
    output = pipeline.predict_proba(example) if classes else pipeline.predict(example)
    with mlflow.start_run(experiment_id=_experiment(client, record.model)) as _:
        mlflow.log_params({"family": record.best.family, **dict(record.best.params)})
        mlflow.log_metrics({f"test_{name}": value for name, value in record.report.metrics.items()})
        mlflow.log_dict(json.loads(json.dumps(asdict(record), default=str)), RECORD)
        mlflow.set_tags(
            {
                "verdict": record.verdict,
                "cause": record.cause or "",
                "flow_run": record.flow_run or "",
                "git_commit": record.git_commit or "",
            }
        )
        logged = mlflow.sklearn.log_model(
            pipeline,
            name="model",
            serialization_format="skops",
            skops_trusted_types=list(TRUSTED),
            signature=infer_signature(example, output),
            input_example=example.head(5),
            pyfunc_predict_fn="predict_proba" if classes else "predict",
            pip_requirements=_requirements(),
        )
        # With its tags at once: a version without identity would be registered again by a retry.
        registered = mlflow.register_model(logged.model_uri, record.model, tags=_tags(record))
    return int(registered.version)


def _tags(record: ModelRecord) -> dict[str, str]:
    return {
        "identity": record.identity,
        "verdict": record.verdict,
        "cause": record.cause or "",
        "data": record.data.sha256,
        "spec": record.spec_digest,
        "model_digest": record.report.digest,
    }


def _experiment(client: Any, model: str) -> str:
    found = client.get_experiment_by_name(model)
    if found:
        return str(found.experiment_id)
    remote = settings().mlflow_url.startswith("http")
    place = None if remote else str(settings().home / "mlartifacts" / model)
    return str(client.create_experiment(model, artifact_location=place))


def _requirements() -> list[str]:
    # Inferring them takes MLflow longer than a training here; these are what the pipeline needs to load.
    from importlib.metadata import version

    return [f"{name}=={version(name)}" for name in ("scikit-learn", "skops", "numpy", "pandas", "mlflow")]

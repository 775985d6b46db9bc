"""The model registry: versions and aliases, read and pointed to; `adapters.registration` writes them."""

import contextlib
import hashlib
import logging
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from adapters.custom_code import with_step
from adapters.packaging import unpack
from adapters.settings import settings
from core.appraisal import Appraisal
from core.errors import DataMissing, DataRejected, RegistryUnavailable
from core.records import ModelRecord, Version
from core.traffic import CHAMPION

RECORD = "everfit/record.json"
APPRAISAL = "everfit/appraisal.json"


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


def find_champion(model: str, alias: str = CHAMPION) -> Version | None:
    """The version that is champion now, or that another alias points to, if any."""
    with answering() as client:
        found = _champion(client, model, alias)
    return _read(found) if found else None


def record_is_whole(version: Version) -> bool:
    """Whether MLflow holds the record that was registered; True where its digest was not kept then."""
    return _is_whole(version, RECORD)


def appraisal_is_whole(version: Version) -> bool:
    """Whether MLflow holds the appraisal that was registered; True where its digest was not kept then."""
    return _is_whole(version, APPRAISAL)


def _is_whole(version: Version, path: str) -> bool:
    with answering() as client:
        import mlflow

        told = client.get_model_version(version.record.model, str(version.number)).tags.get(Path(path).stem)
        if not told:
            return True
        held = path in [each.path for each in client.list_artifacts(version.run_id, str(Path(path).parent))]
        text = mlflow.artifacts.load_text(f"runs:/{version.run_id}/{path}") if held else ""
    return bool(hashlib.sha256(text.encode()).hexdigest() == told)


def find_appraisal(version: Version) -> Appraisal | None:
    """What was written down for the page of a version; None where its registration wrote nothing down yet."""
    with answering() as client:
        import mlflow

        folder = APPRAISAL.partition("/")[0]
        if APPRAISAL not in [each.path for each in client.list_artifacts(version.run_id, folder)]:
            return None
        document = mlflow.artifacts.load_dict(f"runs:/{version.run_id}/{APPRAISAL}")
    return TypeAdapter(Appraisal).validate_python(document)


def load_pipeline(version: Version) -> Any:
    """The version's pipeline, of trusted types only, with the user's own step where it has one.

    Raises:
        DataRejected: The file is not the one that was registered, or holds a type that is not trusted.
    """
    name = f"{version.record.model}:{version.number}"
    with answering():
        content = model_file(version.location)
    if hashlib.sha256(content).hexdigest() != version.file_digest:
        raise DataRejected(
            f"the model {name} is refused",
            f"its file at {version.location} is not the one that was registered",
            "put the registered file back, or train again; see who can write there",
        )
    return with_step(unpack(content, name), version.record.preparation)


def input_names(version: Version) -> list[str]:
    """The columns that the version's signature asks a caller for."""
    with answering():
        import mlflow

        signature = mlflow.models.get_model_info(version.location).signature
    return list(signature.inputs.input_names()) if signature is not None else []


def model_file(location: str) -> bytes:
    import mlflow

    with tempfile.TemporaryDirectory() as folder:
        path = mlflow.artifacts.download_artifacts(artifact_uri=f"{location}/model.skops", dst_path=folder)
        return Path(path).read_bytes()


def find_identical(model: str, identity: str) -> Version | None:
    """The version that has this identity already, if any."""
    with answering() as client:
        known = client.search_model_versions(f"name='{model}' and tags.identity='{identity}'")
    return _read(known[0]) if known else None


def warm_up() -> None:
    """Import MLflow, which takes seconds, while nothing else is to be done."""
    import mlflow  # noqa: F401


def champion_number(model: str, alias: str = CHAMPION) -> int | None:
    """The number of the version that is champion now, or that another alias points to, if any."""
    with answering() as client:
        found = _champion(client, model, alias)
    return int(found.version) if found else None


def set_champion(model: str, number: int, alias: str = CHAMPION) -> None:
    """Point an alias to a version; `adapters.moves` is who says when."""
    with answering() as client:
        client.set_registered_model_alias(model, alias, str(number))


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


def registered_at(model: str) -> dict[int, datetime]:
    """When each version was registered."""
    with answering() as client:
        found = client.search_model_versions(f"name='{model}'")
    return {int(v.version): datetime.fromtimestamp(v.creation_timestamp / 1000, UTC) for v in found}


def model_bytes(version: Version) -> int:
    """How large a version's model is, with what MLflow keeps beside it."""
    with answering():
        import mlflow

        return sum(int(each.file_size or 0) for each in mlflow.artifacts.list_artifacts(version.location))


def _champion(client: Any, model: str, alias: str = CHAMPION) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        return client.get_model_version_by_alias(model, alias)
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
    record = TypeAdapter(ModelRecord).validate_python(document)
    return Version(int(found.version), found.run_id, location, record, found.tags.get("file", ""))

"""A new version in the model registry: its run, its record and its model file, written to MLflow."""

import hashlib
import json
from dataclasses import asdict
from typing import Any

import pandas as pd

from adapters.packaging import TRUSTED
from adapters.registry import APPRAISAL, RECORD, answering, find_identical, find_version, model_file
from adapters.settings import settings
from core.appraisal import Appraisal
from core.boosters import OPTIONAL
from core.records import ModelRecord, Version

LINEAGE = "lineage.json"
LEARNING_CURVE = "learning_curve.json"
# Loss on the validation rows after each iteration, one curve a member of the ensemble.
Losses = tuple[tuple[float, ...], ...]
Told = tuple[Losses, Appraisal | None]


def register(
    record: ModelRecord,
    pipeline: Any,
    example: pd.DataFrame,
    losses: Losses = (),
    appraisal: Appraisal | None = None,
) -> Version:
    """Store a model with its record as a new version; the same model of the same data and spec is registered once.

    Args:
        record: How it was made.
        pipeline: Fitted, of trusted types.
        example: Some raw rows as the pipeline reads them.
        losses: How each member learned.
        appraisal: What its page shall tell beside the record.
    """
    known = find_identical(record.model, record.identity)
    if known is not None:
        return known
    with answering() as client:
        number = _log(client, record, pipeline, example, (losses, appraisal))
    return find_version(record.model, number)


def remove(model: str, number: int) -> None:
    """Take a version out of the registry, then its model file; its run stays, with its record and metrics."""
    with answering() as client:
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        location = client.get_model_version_download_uri(model, str(number))
        logged = client.get_model_version(model, str(number)).model_id
        client.delete_model_version(model, str(number))
        get_artifact_repository(location).delete_artifacts()
        if logged:
            client.delete_logged_model(logged)


def learning_curve(version: Version) -> str:
    """Where the validation loss after each iteration is kept, of what learns in iterations."""
    return f"runs:/{version.run_id}/{LEARNING_CURVE}"


def _log(client: Any, record: ModelRecord, pipeline: Any, example: pd.DataFrame, told: Told) -> int:
    import mlflow
    import mlflow.sklearn
    from mlflow.models import infer_signature

    losses, appraisal = told
    classes = record.coding.problem != "regression"
    output = pipeline.predict_proba(example) if classes else pipeline.predict(example)
    with mlflow.start_run(experiment_id=experiment_of(client, record.model)) as _:
        mlflow.log_params({"family": record.best.family, **dict(record.best.params)})
        mlflow.log_metrics({f"test_{name}": value for name, value in record.report.metrics.items()})
        mlflow.log_text(_text(record), RECORD)
        if appraisal is not None:
            mlflow.log_text(_text(appraisal), APPRAISAL)
        mlflow.log_dict({"features": [asdict(feature) for feature in record.report.features]}, LINEAGE)
        mlflow.log_dict({"members": _curves(record, losses)}, LEARNING_CURVE)
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
            pip_requirements=_requirements(record.best.family),
        )
        # With its tags at once: a version without identity would be registered again by a retry.
        registered = mlflow.register_model(
            logged.model_uri, record.model, tags=_tags(record, appraisal, model_file(logged.artifact_path))
        )
    return int(registered.version)


def _curves(record: ModelRecord, losses: Losses) -> list[dict[str, Any]]:
    return [
        {"family": member.family, "params": dict(member.params), "loss": list(curve)}
        for member, curve in zip(record.members, losses, strict=False)
    ]


def _tags(record: ModelRecord, appraisal: Appraisal | None, content: bytes) -> dict[str, str]:
    written = {} if appraisal is None else {"appraisal": _digest(appraisal)}
    return written | {
        "identity": record.identity,
        "file": hashlib.sha256(content).hexdigest(),
        "verdict": record.verdict,
        "cause": record.cause or "",
        "data": record.data.sha256,
        "spec": record.spec_digest,
        "model_digest": record.report.digest,
        "record": _digest(record),
    }


def _digest(told: ModelRecord | Appraisal) -> str:
    return hashlib.sha256(_text(told).encode()).hexdigest()


def _text(told: ModelRecord | Appraisal) -> str:
    return json.dumps(asdict(told), default=str, indent=1)


def experiment_of(client: Any, model: str) -> str:
    """The id of a model's experiment, created with its first run."""
    found = client.get_experiment_by_name(model)
    if found:
        return str(found.experiment_id)
    remote = settings().mlflow_url.startswith("http")
    place = None if remote else str(settings().home / "mlartifacts" / model)
    return str(client.create_experiment(model, artifact_location=place))


def _requirements(family: str) -> list[str]:
    # Inferring them takes MLflow longer than a training here; these are what the pipeline needs to load.
    from importlib.metadata import packages_distributions, version

    names = ["scikit-learn", "skops", "numpy", "pandas", "mlflow"]
    # A library may come in distributions of other names: XGBoost's for processors alone is xgboost-cpu.
    names += packages_distributions()[family][:1] if family in OPTIONAL else []
    return [f"{name}=={version(name)}" for name in names]

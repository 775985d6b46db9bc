"""The models' YAML files."""

import difflib
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import yaml

from adapters.settings import settings
from adapters.storage import write_bytes
from core.contract_spec import ContractSpec
from core.contract_text import with_contract
from core.errors import SpecError, StorageUnavailable
from core.monitor_spec import MonitorSpec
from core.spec import NAME_PATTERN, TrainingSpec
from core.spec_reading import parse_spec


def model_names() -> list[str]:
    """Names of all models that have a YAML."""
    return sorted(path.stem for path in settings().models.glob("*.yaml"))


def read_spec(model: str, overrides: Sequence[str] = ()) -> TrainingSpec:
    """The spec of a model, by its name only: nobody who names a model can choose a path.

    Raises:
        SpecError: There is no such file, or it is wrong.
    """
    refuse_unknown(model)
    path = settings().models / f"{model}.yaml"
    text = _read_text(path)
    spec = parse_spec(text, path.name, overrides)
    if spec.name != model:
        raise SpecError(
            f"{path.name}: `name` cannot be used",
            f"it is '{spec.name}', the file is named '{model}'",
            f"write `name: {model}`, or rename the file",
        )
    return spec


def refuse_unknown(model: str) -> None:
    """Refuse a model that has no YAML, before anything is kept under its name.

    Raises:
        SpecError: There is no such file.
    """
    known = model_names()
    if model not in known:
        near = difflib.get_close_matches(model, known, n=1)
        fix = f"did you mean `{near[0]}`?" if near else f"known models: {', '.join(known) or 'none'}"
        raise SpecError(f"there is no model '{model}'", f"{settings().models} holds no {model}.yaml", fix)


def read_policy(spec: TrainingSpec, path: Path) -> MonitorSpec:
    """Another policy for a model, from a file that holds a `monitor` part; what it leaves out has its default.

    Raises:
        SpecError: It cannot be read, or is wrong.
    """
    try:
        written = yaml.safe_load(_read_text(path))
    except yaml.YAMLError as error:
        raise SpecError(f"cannot read {path}", " ".join(str(error).split()), "correct the YAML") from error
    if not isinstance(written, dict) or not isinstance(written.get("monitor"), dict):
        raise SpecError(f"{path} holds no policy", "it has no part `monitor`", "write `monitor: {cooldown: 7d, ...}`")
    whole = spec.model_dump(mode="json") | {"monitor": written["monitor"]}
    return parse_spec(yaml.safe_dump(whole), path.name).monitor


def refuse_taken(name: str, *, force: bool) -> None:
    """Refuse a name that no model may have, or that one has already.

    Raises:
        SpecError: It is so.
    """
    if not re.fullmatch(NAME_PATTERN, name):
        raise SpecError(
            f"a model cannot be named '{name}'",
            "a name has lower-case letters, digits, - and _, starts with a letter, and has at most 63 characters",
            "give a name with --name",
        )
    path = settings().models / f"{name}.yaml"
    if path.exists() and not force:
        raise SpecError(
            f"there is a model '{name}' already", f"{path} is there", "give another --name, or --force to replace it"
        )


def write_spec_file(name: str, text: str, *, force: bool = False) -> Path:
    """Write a model's YAML, whole or not at all.

    Raises:
        SpecError: The name is taken.
        StorageUnavailable: The folder cannot be written.
    """
    refuse_taken(name, force=force)
    path = settings().models / f"{name}.yaml"
    try:
        write_bytes(str(path), text.encode())
    except (OSError, StorageUnavailable) as error:
        why = error.why if isinstance(error, StorageUnavailable) else (error.strerror or str(error))
        raise StorageUnavailable(
            f"cannot write {path}", why, "set EVERFIT_MODELS to a folder that you may write"
        ) from error
    return path


def write_contract(model: str, contract: ContractSpec) -> Path:
    """Put a contract into a model's YAML, whole or not at all; nothing else in the file changes.

    Raises:
        SpecError: The file cannot be written, or would no longer say the same with its contract rewritten.
    """
    path = settings().models / f"{model}.yaml"
    before = _read_text(path)
    old = parse_spec(before, path.name)
    after = with_contract(before, contract)
    if parse_spec(after, path.name) != old.model_copy(update={"contract": contract}):
        raise SpecError(
            f"the contract of {path.name} cannot be rewritten",
            "the file would say something else elsewhere, or not what was found",
            "take the changes of `everfit contract diff` over by hand",
        )
    try:
        # A link stays a link: what it points at is replaced.
        _replace(path.resolve(), after.encode())
    except OSError as error:
        raise SpecError(f"cannot write {path}", error.strerror or str(error), "make its folder writable") from error
    return path


def _replace(path: Path, content: bytes) -> None:
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".draft")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        shutil.copymode(path, draft)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink()
        raise


def _read_text(path: Path) -> str:
    try:
        # Bytes: the line ends are the file's own, and stay so.
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"cannot read {path}", str(error), "make it a readable UTF-8 file") from error

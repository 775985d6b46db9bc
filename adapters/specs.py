"""The models' YAML files."""

import difflib
from collections.abc import Sequence

from adapters.settings import settings
from core.errors import SpecError
from core.spec import TrainingSpec
from core.spec_reading import parse_spec


def model_names() -> list[str]:
    """Names of all models that have a YAML."""
    return sorted(path.stem for path in settings().models.glob("*.yaml"))


def read_spec(model: str, overrides: Sequence[str] = ()) -> TrainingSpec:
    """The spec of a model, by its name only: nobody who names a model can choose a path.

    Raises:
        SpecError: There is no such file, or it is wrong.
    """
    known = model_names()
    if model not in known:
        near = difflib.get_close_matches(model, known, n=1)
        fix = f"did you mean `{near[0]}`?" if near else f"known models: {', '.join(known) or 'none'}"
        raise SpecError(f"there is no model '{model}'", f"{settings().models} holds no {model}.yaml", fix)
    path = settings().models / f"{model}.yaml"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"cannot read {path}", str(error), "make it a readable UTF-8 file") from error
    spec = parse_spec(text, path.name, overrides)
    if spec.name != model:
        raise SpecError(
            f"{path.name}: `name` cannot be used",
            f"it is '{spec.name}', the file is named '{model}'",
            f"write `name: {model}`, or rename the file",
        )
    return spec

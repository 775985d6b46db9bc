"""The user's own step: a function of a module in the models' folder, or of an installed package."""

import ast
import difflib
import hashlib
import importlib
import importlib.util
import linecache
import re
import sys
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from adapters.settings import settings
from adapters.storage import write_bytes
from core.errors import SpecError
from core.learning_spec import REFERENCE
from core.preparation import SOURCE, CustomCode, Preparation, Step, WithStep, told

# What the modules of users' steps are called here; nobody could import them by it.
CUSTOM = "everfit_custom_"


def find_code(reference: str | None) -> CustomCode | None:
    """The function that a YAML names, as its module's code is now; that code is kept for later predictions.

    Raises:
        SpecError: There is no such module or function, or the module cannot be imported.
    """
    if reference is None:
        return None
    source = _source(reference)
    code = CustomCode(reference, _digest(source, reference))
    _load(code, source if _in_models(reference).is_file() else None)
    if _in_models(reference).is_file():
        write_bytes(str(_kept(code.digest)), source.encode())
    return code


def load_step(code: CustomCode | None) -> Step | None:
    """The function as it was at training, whatever has become of its module since.

    Raises:
        SpecError: The module has another code now, and this machine has kept none of the old one.
    """
    if code is None:
        return None
    if not re.match(REFERENCE, code.reference):
        raise SpecError(f"`{code.reference}` is no step", "it is not written module:function", "train the model anew")
    found = _in_models(code.reference)
    for place in (found, _kept(code.digest)):
        if place.is_file() and _digest(place.read_text(encoding="utf-8"), code.reference) == code.digest:
            return _load(code, place.read_text(encoding="utf-8"))
    if not found.is_file() and _digest(_source(code.reference), code.reference) == code.digest:
        return _load(code, None)
    raise SpecError(
        f"the code of `features.custom: {code.reference}` is not the one that the model was trained with",
        f"its digest was {code.digest[:12]}, and this machine has kept no copy of it",
        "restore the module as it was at the training (`everfit lineage` names the commit), or train anew",
    )


def with_step(pipeline: object, preparation: Preparation) -> object:
    """A pipeline as `ModelRecord.predict` wants it: with the user's step where the model has one."""
    step = load_step(preparation.custom)
    return WithStep(pipeline, step) if step else pipeline


@lru_cache(maxsize=32)
def _load(code: CustomCode, source: str | None) -> Step:
    module = importlib.import_module(_module(code.reference)) if source is None else _execute(code, source)
    name = code.reference.partition(":")[2]
    step: Step | None = getattr(module, name, None)
    if callable(step):
        return step
    known = [each for each in vars(module) if callable(getattr(module, each)) and not each.startswith("_")]
    near = difflib.get_close_matches(name, known, n=1)
    raise SpecError(
        f"`features.custom: {code.reference}` names no function",
        f"{_module(code.reference)} has no function '{name}'",
        f"did you mean `{_module(code.reference)}:{near[0]}`?" if near else f"it has {', '.join(known) or 'none'}",
    )


def _execute(code: CustomCode, source: str) -> ModuleType:
    # Under a name of its content: two versions of one module live side by side, and none hides a module of ours.
    module = ModuleType(f"{CUSTOM}{code.digest[:16]}")
    module.__file__ = f"{SOURCE}{_module(code.reference)}.py {code.digest[:8]}>"
    linecache.cache[module.__file__] = (len(source), None, source.splitlines(keepends=True), module.__file__)
    sys.modules[module.__name__] = module
    try:
        compiled = compile(source, module.__file__, "exec")
        exec(compiled, module.__dict__)  # nosec B102 # noqa: S102 - it is the user's own module
    except Exception as error:
        del sys.modules[module.__name__]
        raise SpecError(
            f"`features.custom: {code.reference}` cannot be imported",
            told(error),
            "correct the module; what it imports must be installed, other files of the models' folder are not found",
        ) from error
    return module


def _source(reference: str) -> str:
    found = _in_models(reference)
    try:
        spec = None if found.is_file() else importlib.util.find_spec(_module(reference))
    except (ImportError, ValueError):
        spec = None
    if spec is not None and spec.origin and spec.origin.endswith(".py"):
        found = Path(spec.origin)
    if not found.is_file():
        known = sorted(path.stem for path in settings().models.glob("*.py"))
        near = difflib.get_close_matches(_module(reference), known, n=1)
        name = reference.partition(":")[2]
        raise SpecError(
            f"`features.custom: {reference}` names no module",
            f"there is no {found}, and no installed package of that name",
            f"did you mean `{near[0]}:{name}`?" if near else f"modules there: {', '.join(known) or 'none'}",
        )
    return found.read_text(encoding="utf-8")


def _digest(source: str, reference: str) -> str:
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise SpecError(
            f"`features.custom: {reference}` cannot be imported",
            f"line {error.lineno}: {error.msg}",
            "correct the line",
        ) from error
    # What the code does, not how it is laid out: a comment more is no other model.
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def _module(reference: str) -> str:
    return reference.partition(":")[0]


def _in_models(reference: str) -> Path:
    return settings().models.joinpath(*_module(reference).split(".")).with_suffix(".py")


def _kept(digest: str) -> Path:
    return settings().home / "code" / f"{digest}.py"

"""From the text of a YAML to a `TrainingSpec`; an error names the path, the value and the nearest right name."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from core.errors import SpecError
from core.masking import without_passwords
from core.spec import TrainingSpec


def parse_spec(text: str, origin: str, overrides: Sequence[str] = ()) -> TrainingSpec:
    """Read a model's YAML.

    Args:
        text: The file's content.
        origin: What to call the file in an error.
        overrides: `path.to.key=value` each, the value in YAML.

    Raises:
        SpecError: The text is no YAML, or not that of a model.
    """
    content = _load_yaml(text, origin)
    if not isinstance(content, dict):
        raise SpecError(f"{origin} describes no model", "it holds no `key: value` lines", "see models/flights.yaml")
    for override in overrides:
        _apply(content, override)
    try:
        return TrainingSpec.model_validate(content)
    except ValidationError as error:
        raise _explain(error, origin) from error


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which does not let the second of two equal keys win in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                problem = f"the key `{key.value}` is given twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def _load_yaml(text: str, origin: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)  # nosec B506 # noqa: S506 - a subclass of the safe loader
    except ValueError as error:
        raise SpecError(f"{origin} is not readable as YAML", str(error), "put the value in quotes") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        why = place + str(getattr(error, "problem", error))
        raise SpecError(f"{origin} is not readable as YAML", why, "correct the line; indent with spaces") from error


def _apply(content: dict[str, Any], override: str) -> None:
    path, found, value = override.partition("=")
    if not found or not path.strip():
        raise SpecError(f"--set {override} cannot be read", "it has no '='", "write --set search.trials=10")
    *parents, last = path.strip().split(".")
    for name in parents:
        if not isinstance(content.get(name), dict):
            content[name] = {}
        content = content[name]
    content[last] = _load_yaml(value, f"--set {override}")


def _explain(error: ValidationError, origin: str) -> SpecError:
    # A wrong name is the cause of what else is missing: it is told first.
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    path = ".".join(str(part) for part in first["loc"] if not _is_type_tag(part)) or "the file"
    if first["type"] == "extra_forbidden":
        known = tuple(_names_at(first["loc"][:-1]))
        near = difflib.get_close_matches(str(first["loc"][-1]), known, n=1, cutoff=0.5)
        fix = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(known)}"
        return SpecError(f"{origin}: unknown key `{path}`", f"its value is {first['input']!r}, nothing reads it", fix)
    if first["type"] == "missing":
        return SpecError(f"{origin}: `{path}` is missing", "a model needs it", f"add `{path}` to the file")
    why = f"{first['msg'].removeprefix('Value error, ')}; the value is {_short(first['input'])}"
    return SpecError(f"{origin}: `{path}` cannot be used", why, _nearest(first) or f"correct `{path}`")


def _is_type_tag(part: int | str) -> bool:
    return isinstance(part, str) and ("[" in part or part in {"str", "int", "float", "bool"})


def _nearest(found: Mapping[str, Any]) -> str | None:
    expected = str(found.get("ctx", {}).get("expected", "")).replace("'", "").replace(" or ", ", ").split(", ")
    near = difflib.get_close_matches(str(found["input"]), expected, n=1, cutoff=0.5)
    return f"did you mean `{near[0]}`?" if near else None


def _short(value: object) -> str:
    # What holds a password in the clear is refused, and must not be printed either.
    text = without_passwords(repr(value))
    text = re.sub(r"(?i)((?:pass\w*|pwd|token|secret|signature|sig|key)=)[^&\s']+", r"\1***", text)
    return text if len(text) <= 80 else f"{text[:77]}..."


def sections_in(kind: Any) -> Iterator[type[BaseModel]]:
    """The sections that a field's type speaks of, such as the one in `dict[str, ColumnSpec]`."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for inner in get_args(kind):
        yield from sections_in(inner)


def _names_at(path: Sequence[int | str]) -> Iterator[str]:
    section: type[BaseModel] = TrainingSpec
    for part in path:
        field = section.model_fields.get(str(part))
        if field is None:
            continue
        section = next(sections_in(field.annotation), section)
    yield from section.model_fields

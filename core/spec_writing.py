"""From a `TrainingSpec` to the text of its YAML: every key spelled out, each with its description as a comment."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from pydantic import BaseModel

from core.spec import TrainingSpec

COMMENT_COLUMN = 44
LONGEST_LINE, LONGEST_KEY = 150, 1000


def write_spec(spec: TrainingSpec, remarks: Mapping[str, str] | None = None) -> str:
    """The YAML of a spec; reading it gives the same spec.

    Args:
        spec: What to write.
        remarks: By path, such as `data.key`: why the value is what it is, in place of the description.
    """
    plain = spec.model_dump(mode="json")
    return "\n".join(_section(spec, plain, "", dict(remarks or {}))) + "\n"


def _section(section: BaseModel, plain: Mapping[str, Any], path: str, remarks: Mapping[str, str]) -> Iterator[str]:
    indent = "  " * path.count(".")
    for name, field in type(section).model_fields.items():
        value, place = getattr(section, name), f"{path}{name}"
        comment = remarks.get(place) or field.description
        if isinstance(value, BaseModel):
            yield _line(f"{indent}{name}:", comment)
            yield from _section(value, plain[name], f"{place}.", remarks)
        elif _maps_sections(value):
            yield _line(f"{indent}{name}:", comment)
            for key, inner in value.items():
                rules = _flow(inner.model_dump(mode="json", exclude_unset=True))
                yield _line(f"{_key(_flow(key), f'{indent}  ')}: {rules}", remarks.get(f"{place}.{key}"))
        else:
            yield _line(f"{indent}{name}: {_flow(plain[name])}", comment)


def _maps_sections(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and all(isinstance(inner, BaseModel) for inner in value.values())


def _line(text: str, comment: str | None) -> str:
    if not comment:
        return text
    # A comment ends with its line, whatever a column's name or value holds.
    words = " ".join("".join(char if char.isprintable() else " " for char in comment).split())
    indent = text[: len(text) - len(text.lstrip())]
    return f"{text:<{COMMENT_COLUMN}}  # {words}" if len(text) < LONGEST_LINE else f"{indent}# {words}\n{text}"


def _key(text: str, indent: str) -> str:
    # YAML takes a key for one by its colon, which it looks for in no more than 1,024 characters.
    return f"{indent}{text}" if len(text) < LONGEST_KEY else f"{indent}? {text}\n{indent}"


def _flow(value: Any) -> str:
    text = yaml.dump(
        value, Dumper=_OneLine, default_flow_style=True, allow_unicode=True, width=float("inf"), sort_keys=False
    )
    return str(text).removesuffix("\n").removesuffix("\n...").rstrip("\n")


class _OneLine(yaml.SafeDumper):
    """Writes a text with line breaks and the like with escapes, so that it stays on its line."""


def _as_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if text.isprintable() else '"')


_OneLine.add_representer(str, _as_text)

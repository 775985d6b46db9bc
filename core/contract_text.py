"""The `contract` section of a model's YAML, rewritten; every other line of the file stays as it is, byte by byte."""

import io
from typing import Any

import yaml

from core.contract_spec import ContractSpec

SECTION = "contract"
# Lines are never folded: a person has chosen where they end.
WIDEST = 1_000_000
LARGEST_WHOLE = 1e15


def with_contract(text: str, contract: ContractSpec) -> str:
    """The text of a YAML file with another contract; comments survive, also those inside the section.

    Args:
        text: The whole file.
        contract: What its contract section shall say.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    old = text.replace("\r\n", "\n")
    editor = _editor()
    document = editor.load(old)
    if not document.get(SECTION):
        document[SECTION] = _flow({})
    _edit(document[SECTION], contract)
    buffer = io.StringIO()
    editor.dump(document, buffer)
    return _spliced(old, buffer.getvalue()).replace("\n", newline)


def _editor() -> Any:
    from ruamel.yaml import YAML

    editor = YAML()
    editor.preserve_quotes = True
    editor.width = WIDEST
    return editor


def _edit(section: Any, contract: ContractSpec) -> None:
    wanted = contract.model_dump(mode="json", exclude_unset=True)
    columns = section.setdefault("columns", _block())
    for name in [name for name in columns if str(name) not in contract.columns]:
        del columns[name]
    there = {str(name): name for name in columns}
    for name, spec in wanted.pop("columns", {}).items():
        if name not in there:
            columns[_quoted(name)] = _flow(spec)
        else:
            _update(columns[there[name]], spec)
    _update(section, wanted | {"columns": None}, keep=("columns",))


def _update(section: Any, wanted: dict[str, Any], keep: tuple[str, ...] = ()) -> None:
    for key in [key for key in section if key not in wanted]:
        del section[key]
    for key, value in wanted.items():
        if key in keep or (key in section and _plain(section[key]) == value):
            continue
        before = _plain(section[key]) if key in section else None
        if isinstance(before, list) and isinstance(value, list) and value[: len(before)] == before:
            # Grown lists keep how their first values are written.
            section[key].extend(_written(each) for each in value[len(before) :])
        else:
            section[key] = _written(value)


def _plain(value: Any) -> Any:
    # As the reader of the YAML sees it, which takes `no` for false.
    buffer = io.StringIO()
    _editor().dump({"value": value}, buffer)
    return yaml.safe_load(buffer.getvalue())["value"]


def _written(value: Any) -> Any:
    from ruamel.yaml.comments import CommentedSeq

    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST_WHOLE:
        return int(value)
    if isinstance(value, dict):
        return _flow(value)
    if isinstance(value, list | tuple):
        written = CommentedSeq([_written(each) for each in value])
        written.fa.set_flow_style()
        return written
    return value


def _quoted(text: str) -> str:
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    try:
        plain = text.strip() == text and "#" not in text and yaml.safe_load(f"{{{text}: [{text}]}}") == {text: [text]}
    except (yaml.YAMLError, TypeError, ValueError):
        plain = False
    return text if plain else DoubleQuotedScalarString(text)


def _flow(content: dict[str, Any]) -> Any:
    from ruamel.yaml.comments import CommentedMap

    written = CommentedMap({key: _written(value) for key, value in content.items()})
    written.fa.set_flow_style()
    return written


def _block() -> Any:
    from ruamel.yaml.comments import CommentedMap

    written = CommentedMap()
    written.fa.set_block_style()
    return written


def _spliced(old: str, new: str) -> str:
    theirs, ours = _section_lines(old), _section_lines(new)
    if ours is None:
        return new
    old_lines, section = old.splitlines(), new.splitlines()[ours[0] : ours[1]]
    if theirs is None:
        return "\n".join([*old_lines, *section]) + "\n"
    return "\n".join([*old_lines[: theirs[0]], *section, *old_lines[theirs[1] :]]) + (
        "\n" if old.endswith("\n") else ""
    )


def _section_lines(text: str) -> tuple[int, int] | None:
    """First line of the section and the line after its last; None where the file has none of its own lines."""
    node = yaml.compose(text)
    if not isinstance(node, yaml.MappingNode) or node.flow_style:
        return None
    starts = {key.value: key.start_mark.line for key, _ in node.value}
    if SECTION not in starts:
        return None
    lines = text.splitlines()
    end = min((line for line in starts.values() if line > starts[SECTION]), default=len(lines))
    # What is written right above the next section belongs to it.
    while end > starts[SECTION] + 1 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    return starts[SECTION], end

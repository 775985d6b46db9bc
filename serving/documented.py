"""What /docs says of a request to score: MLflow's forms, and the fields of the models that are served now."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from core.request_columns import NUMERIC, Field
from core.traffic import CHAMPION
from serving.slots import Slots

KINDS = {"number": "number", "whole": "number", "text": "string"}
SCALAR: list[dict[str, Any]] = [{"type": kind} for kind in ("string", "number", "boolean", "null")]
REFUSED = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["kind", "what", "why", "fix"],
            "properties": {name: {"type": "string"} for name in ("kind", "what", "why", "fix", "field")}
            | {"row": {"type": "integer"}},
        }
    },
}
ANSWERED = {
    "type": "object",
    "required": ["predictions", "model", "version", "request_id"],
    "properties": {
        "predictions": {
            "type": "array",
            "items": {"type": "object", "required": ["prediction"]},
            "description": "One object a row, with the columns that `everfit predict` writes",
        },
        "model": {"type": "string"},
        "version": {"type": "integer", "description": "The version that gave this answer"},
        "request_id": {"type": "string"},
    },
}
STATUSES = {
    400: "The body is not what its content type says",
    401: "The token is missing or wrong",
    404: "No such model",
    408: "The request has not arrived in time",
    413: "Too many bytes or rows",
    415: "A content type that is not read",
    422: "A field is missing, unknown, or holds what it may not",
    503: "No version can answer yet",
}
SCORING: dict[str, Any] = {
    "responses": {200: {"description": "Predictions", "content": {"application/json": {"schema": ANSWERED}}}}
    | {
        code: {"description": why, "content": {"application/json": {"schema": REFUSED}}}
        for code, why in STATUSES.items()
    }
}


def describe(app: FastAPI, slots: Slots) -> dict[str, Any]:
    """The OpenAPI document, with the fields as the versions of this moment want them."""
    document = get_openapi(title="everfit", version=app.version, description=app.description, routes=app.routes)
    every = [row_schema(slot.seats[CHAMPION].served) for slot in slots.slots.values()]
    known = [schema for schema in every if schema] or [{"type": "object"}]
    row = known[0] if len(known) == 1 else {"anyOf": known}
    for path, methods in document["paths"].items():
        if path.endswith("/invocations"):
            methods["post"]["requestBody"] = {
                "required": True,
                "content": {"application/json": {"schema": _forms(row)}, "text/csv": {"schema": {"type": "string"}}},
            }
    return document


def _forms(row: dict[str, Any]) -> dict[str, Any]:
    rows = {"type": "array", "items": row, "minItems": 1}
    columns = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
    data = {"type": "array", "items": {"type": "array", "items": {"anyOf": SCALAR}}, "minItems": 1}
    split = {"type": "object", "required": ["columns", "data"], "properties": {"columns": columns, "data": data}}
    by_column = {"type": "object", "additionalProperties": {"type": "array", "items": {"anyOf": SCALAR}}}
    forms = {"dataframe_records": rows, "dataframe_split": split, "inputs": by_column, "instances": rows}
    return {
        "oneOf": [{"type": "object", "required": [name], "properties": {name: each}} for name, each in forms.items()]
    }


def row_schema(served: Any) -> dict[str, Any] | None:
    """A row as one object, after a version's contract."""
    if served is None:
        return None
    fields = {**served.contract.needed, **served.contract.others}
    return {
        "type": "object",
        "title": served.model,
        "required": list(served.contract.needed),
        "properties": {name: _value(field) for name, field in fields.items()},
        "additionalProperties": False,
    }


def _value(field: Field) -> dict[str, Any]:
    rules = field.rules
    null = [] if rules is not None and not rules.nullable else [{"type": "null"}]
    if rules is not None and rules.values is not None:
        return {"anyOf": [{"enum": list(rules.values)}, *null]}
    return {"anyOf": [*_kinds(field), *null]}


def _kinds(field: Field) -> list[dict[str, Any]]:
    if field.kind == "date":
        return [{"type": "string", "description": "A moment in ISO 8601; UTC where it names no zone"}]
    if field.kind == "yes_or_no":
        return [{"type": "boolean"}, {"enum": [0, 1]}]
    if field.kind not in KINDS:
        return SCALAR[:3]
    rules, kind = field.rules, {"type": KINDS[field.kind]}
    if rules is None or field.kind not in NUMERIC:
        # Where nothing is declared, yes and no count as 1 and 0.
        return [kind, {"type": "boolean"}] if field.kind in NUMERIC else [kind]
    bounds = {"minimum": rules.min, "maximum": rules.max, "multipleOf": 1 if field.kind == "whole" else None}
    return [{**kind, **{name: bound for name, bound in bounds.items() if bound is not None}}]

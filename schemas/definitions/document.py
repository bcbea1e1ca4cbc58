"""The JSON Schema of definition files, made from the table of the language. Editors use it; Ebbtide's own checks go further."""

from __future__ import annotations

from typing import Any, Final

from schemas.definitions.language import (
    DOCUMENT,
    DURATION,
    FLAG,
    NUMBER,
    NUMBER_OPERATORS,
    OPERATORS,
    OUTER_SHAPES,
    PAIR,
    TEXT,
    Schema,
    Shape,
    list_of,
    ref,
)
from schemas.definitions.node_shapes import NODE_SHAPES, NODES
from schemas.definitions.quality_shapes import QUALITY_SHAPES

SHAPES: Final = (*OUTER_SHAPES, *NODE_SHAPES, *QUALITY_SHAPES)
_ORDERED: Final[Schema] = {"type": ["number", "string"]}
_LIST: Final[Schema] = {"type": "array"}
_ANYTHING: Final[Schema] = {}
_OPERANDS: Final[dict[str, Schema]] = {
    "gt": _ORDERED,
    "gte": _ORDERED,
    "lt": _ORDERED,
    "lte": _ORDERED,
    "starts_with": TEXT,
    "ends_with": TEXT,
    "in": _LIST,
    "not_in": _LIST,
    "between": {"type": "array", "items": _ORDERED, "minItems": 2, "maxItems": 2},
}


def json_schema() -> dict[str, Any]:
    """The schema of one file, draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Definitions of Ebbtide",
        **_object(DOCUMENT),
        "$defs": {
            "duration": DURATION,
            "path": TEXT,
            "comparisons": {"anyOf": [NUMBER, _comparisons()]},
            "reference": {"anyOf": [_single("property"), _single("trait")]},
            "test": _test({}),
            "trait_test": _test({"any": list_of(ref("trait_test")), "all": list_of(ref("trait_test")), "not": ref("trait_test")}),
            "where": _where(),
            "node": {"anyOf": [ref(shape.name) for shape in NODES.values()]},
            **{f"{name}_operand": _operand(name) for name in OPERATORS},
            **{shape.name: _object(shape) for shape in SHAPES if shape is not DOCUMENT},
        },
    }


def _object(shape: Shape) -> Schema:
    schema: Schema = {
        "type": "object",
        "properties": {name: {**key.schema, "description": key.help} for name, key in shape.keys.items()},
        "additionalProperties": False,
    }
    if shape.least:
        schema["minProperties"] = shape.least
    return {**schema, "required": list(shape.required)} if shape.required else schema


def _where() -> Schema:
    nested: Schema = {"any": list_of(ref("where")), "all": list_of(ref("where")), "not": ref("where")}
    return {"type": "object", "properties": nested, "additionalProperties": ref("test")}


def _test(nested: dict[str, Schema]) -> Schema:
    operators = {**{name: ref(f"{name}_operand") for name in OPERATORS}, **nested}
    tests = {"type": "object", "properties": operators, "additionalProperties": False, "minProperties": 1}
    bare = {"type": ["string", "number", "boolean", "null", "array"]}
    return {"anyOf": [bare, ref("reference"), tests]}


def _operand(operator: str) -> Schema:
    if operator == "exists":
        return FLAG
    return {"anyOf": [ref("reference"), _OPERANDS.get(operator, _ANYTHING)]}


def _comparisons() -> Schema:
    operators = {name: PAIR if name == "between" else NUMBER for name in NUMBER_OPERATORS}
    return {"type": "object", "properties": operators, "additionalProperties": False, "minProperties": 1}


def _single(key: str) -> Schema:
    return {"type": "object", "properties": {key: ref("path")}, "required": [key], "additionalProperties": False}

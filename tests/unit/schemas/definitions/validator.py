"""As much of JSON Schema as the published schemas use; an unknown keyword is an error."""

from __future__ import annotations

import re
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_SILENT = {"$schema", "$defs", "title", "description", "additionalProperties", "maxItems"}
_INNER = {"items", "minItems", "propertyNames", "properties"}


def is_valid(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    """True when ``value`` holds under ``schema``, whose references lead into ``root``."""
    return all(_holds(keyword, value, schema, root) for keyword in schema)


def _holds(keyword: str, value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    told = schema[keyword]
    match keyword:
        case "$ref":
            return is_valid(value, root["$defs"][told.removeprefix("#/$defs/")], root)
        case "type":
            return any(_is(value, kind) for kind in ([told] if isinstance(told, str) else told))
        case "anyOf":
            return any(is_valid(value, option, root) for option in told)
        case "not":
            return not is_valid(value, told, root)
        case "enum":
            return value in told
        case "const":
            return type(value) is type(told) and bool(value == told)
        case _:
            return _size_holds(keyword, value, told) and _content_holds(keyword, value, schema, root)


def _size_holds(keyword: str, value: Any, told: Any) -> bool:
    match keyword:
        case "pattern":
            return isinstance(value, str) and re.search(told, value) is not None
        case "minLength":
            return isinstance(value, str) and len(value) >= told
        case "minimum":
            return _is(value, "number") and bool(value >= told)
        case "maximum":
            return _is(value, "number") and bool(value <= told)
        case "multipleOf":
            return _is(value, "number") and bool(value % told == 0)
        case "minProperties":
            return isinstance(value, dict) and len(value) >= told
        case "required":
            return isinstance(value, dict) and value.keys() >= set(told)
        case _:
            assert keyword in _SILENT | _INNER, keyword
            return True


def _content_holds(keyword: str, value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    told = schema[keyword]
    match keyword:
        case "items":
            return isinstance(value, list) and all(is_valid(item, told, root) for item in value)
        case "minItems":
            return isinstance(value, list) and told <= len(value) <= schema.get("maxItems", len(value))
        case "propertyNames":
            return isinstance(value, dict) and all(is_valid(key, told, root) for key in value)
        case "properties":
            return isinstance(value, dict) and _properties(value, schema, root)
        case _:
            return True


def _properties(value: dict[str, Any], schema: dict[str, Any], root: dict[str, Any]) -> bool:
    known, other = schema["properties"], schema["additionalProperties"]
    if other is False and not value.keys() <= known.keys():
        return False
    return all(is_valid(item, known.get(key, other), root) for key, item in value.items())


def _is(value: Any, kind: str) -> bool:
    if kind == "integer":
        return _is(value, "number") and value == int(value)
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))

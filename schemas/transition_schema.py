"""The JSON Schema of transitions: records of the transitions topic, which are also the bodies of webhooks."""

from __future__ import annotations

from typing import Any, Final, get_args

from schemas.definitions.language import ID_PATTERN, PURPOSE_PATTERN
from schemas.transition import Cause

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string", "minLength": 1}
_TIME: Final[Schema] = {"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"}
_ENTERED: Final = "segment.entered"
_LEFT: Final = "segment.left"
_FIELDS: Final[dict[str, tuple[Schema, str]]] = {
    "id": ({"type": "string", "pattern": "^tr_[0-9a-f]{32}$"}, "the same whenever this transition is published or sent again"),
    "person": (_TEXT, "the person's canonical id, such as user:u1"),
    "userId": (_TEXT, "of a person who is known by one"),
    "anonymousId": (_TEXT, "the newest one, if there was any"),
    "segment": ({"type": "string", "pattern": ID_PATTERN}, "the segment's id"),
    "incarnation": ({"type": "integer"}, "append time of the person's first record, in milliseconds since 1970 UTC"),
    "sequence": ({"type": "integer", "minimum": 1}, "counts this person's transitions of this segment from 1: odd enters, even leaves"),
    "cause": ({"enum": list(get_args(Cause))}, "what it comes from"),
    "eventId": (_TEXT, "the event's id, where an event with one is the cause"),
    "definitions": ({"type": "integer", "minimum": 0}, "the version of the definitions that held"),
    "leavesAt": (_TIME, "when it will be left if nothing happens; missing: never"),
    "traits": ({"type": "object", "minProperties": 1}, "path and value of what the segment's include names"),
    "silent": ({"const": True}, "applied silently: senders skip it unless told otherwise"),
    "consent": (
        {"type": "array", "items": {"type": "string", "pattern": PURPOSE_PATTERN}, "minItems": 1},
        "the purposes of settings.consent to which the person has given consent; missing: none",
    ),
}
_REQUIRED: Final = ("id", "person", "segment", "incarnation", "sequence", "cause", "definitions")


def transition_schema() -> Schema:
    """The schema of a record's value, draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A transition of Ebbtide",
        "anyOf": [{"$ref": "#/$defs/entered"}, {"$ref": "#/$defs/left"}, {"$ref": "#/$defs/merged"}],
        "$defs": {
            "entered": _record(_ENTERED, _data({"not": {"multipleOf": 2}})),
            "left": _record(_LEFT, _data({"multipleOf": 2}, without="leavesAt")),
            "merged": _record("person.merged", _closed(_merged(), ["id", "from", "into", "incarnation"])),
        },
    }


def _merged() -> Schema:
    return {
        "id": _FIELDS["id"][0],
        "from": {**_TEXT, "description": "the person who is none any more"},
        "into": {**_TEXT, "description": "the person of whom it is a part from here on"},
        "incarnation": _FIELDS["incarnation"][0],
    }


def _data(parity: Schema, without: str = "") -> Schema:
    properties = {name: {**schema, "description": text} for name, (schema, text) in _FIELDS.items() if name != without}
    properties["sequence"] |= parity
    return _closed(properties, list(_REQUIRED))


def _record(kind: str, data: Schema) -> Schema:
    timestamp = {**_TIME, "description": "the lane's clock at the causing record, or the due time"}
    return _closed({"type": {"const": kind}, "timestamp": timestamp, "data": data}, ["type", "timestamp", "data"])


def _closed(properties: Schema, required: list[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}

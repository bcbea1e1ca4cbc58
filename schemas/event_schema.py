"""The JSON Schema of events: what any client may write to the events topic, and what the collector writes there.

The reader (``schemas.event``) forgives more, because a record that is odd in one place may still be worth something in another. What
holds under the schema is read.
"""

from __future__ import annotations

from typing import Any, Final

from schemas.event import NAME_OF_TYPE

Schema = dict[str, Any]

COLLECTED: Final = ("track", "page", "screen", "identify", "group", "alias")
_SAID: Final = ("tag", "untag")
_TEXT: Final[Schema] = {"type": "string", "minLength": 1}
_OBJECT: Final[Schema] = {"type": "object"}
_WHOLE: Final[Schema] = {"type": "integer"}
_DATE: Final = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_TIME_OF_DAY: Final = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]+)?)?"
_OFFSET: Final = "([Zz]|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)"
_TIME: Final[Schema] = {"anyOf": [_WHOLE, {"type": "string", "pattern": f"^{_DATE}[Tt ]{_TIME_OF_DAY}{_OFFSET}$"}]}
_FIELDS: Final[dict[str, tuple[Schema, str]]] = {
    "type": ({"enum": ["track", *NAME_OF_TYPE]}, "what kind of event it is"),
    "event": (_TEXT, "of track: the name that rules match"),
    "id": (_TEXT, "the client's message id; seen again within the dedupe window, the event counts once"),
    "userId": (_TEXT, "who it is about: the first of userId, anonymousId and ids that is there"),
    "anonymousId": (_TEXT, "the same, of somebody who has not said who they are"),
    "ids": (
        {"type": "object", "minProperties": 1, "propertyNames": _TEXT, "properties": {}, "additionalProperties": _TEXT},
        "further ids by namespace, such as wx_unionid",
    ),
    "previousId": (_TEXT, "of alias: the other id of the same person, a user's or an anonymous one"),
    "timestamp": (_TIME, "when it happened: milliseconds since 1970 UTC, or ISO 8601 with an offset"),
    "receivedAt": (_TIME, "when the collector heard of it; counts where there is no timestamp"),
    "source": (_TEXT, "the id of a source of the definitions"),
    "protocol": (_TEXT, "how it came in"),
    "properties": (_OBJECT, "what happened, in the client's words"),
    "traits": (_OBJECT, "what is known of the person from here on, but of group; null deletes"),
    "context": (_OBJECT, "where it happened: page, ip, userAgent, locale"),
    "tags": (
        {"type": "object", "properties": {}, "additionalProperties": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/said"}]}},
        "of tag and untag: the ids of tags, or id:value of families",
    ),
}
_OF_ONE_TYPE: Final = {"event": "track", "previousId": "alias"}
_WHO: Final[Schema] = {"anyOf": [{"required": [name]} for name in ("userId", "anonymousId", "ids")]}


def event_schema() -> Schema:
    """The schema of a record's value, draft 2020-12. ``$defs/collected`` is narrower: what the collector writes."""
    kinds = ("track", *NAME_OF_TYPE)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An event on Ebbtide's topic",
        "anyOf": [{"$ref": f"#/$defs/{kind}"} for kind in kinds],
        "$defs": {
            **{kind: _event(kind) for kind in kinds},
            "said": {
                "type": "object",
                "properties": {"weight": {"type": "number", "description": "1 unless said"}},
                "additionalProperties": {},
            },
            "collected": {"anyOf": [{"$ref": f"#/$defs/collected_{kind}"} for kind in COLLECTED]},
            **{f"collected_{kind}": _collected(kind) for kind in COLLECTED},
        },
    }


def _event(kind: str) -> Schema:
    required = ["type", *(["event"] if kind == "track" else ["tags"] if kind in _SAID else [])]
    return {"type": "object", "properties": _properties(kind), "required": required, "additionalProperties": {}, **_WHO}


def _collected(kind: str) -> Schema:
    """Whole, and with times in milliseconds."""
    elsewhere = {"tags", *(name for name, only in _OF_ONE_TYPE.items() if only != kind)}
    properties = {name: schema for name, schema in _properties(kind).items() if name not in elsewhere}
    for name in ("timestamp", "receivedAt"):
        properties[name] = {**_WHOLE, "description": properties[name]["description"]}
    optional = {"userId", "anonymousId", "ids", "previousId"}
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False, **_WHO}


def _properties(kind: str) -> dict[str, Schema]:
    told = {name: {**schema, "description": text} for name, (schema, text) in _FIELDS.items()}
    return {**told, "type": {"const": kind, "description": _FIELDS["type"][1]}}

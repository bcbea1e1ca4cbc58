"""What a message tells, one by one: the shape that the two vocabularies share, and the small steps to it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

ENVELOPE: Final = frozenset(
    {"ToUserName", "FromUserName", "CreateTime", "MsgType", "Event", "MsgId", "Encrypt", "MsgSignature", "TimeStamp", "Nonce"}
)
_NUMBERS: Final = frozenset({"latitude", "longitude", "precision", "scale", "total", "filtered", "sent", "errors", "member_count_change"})


@dataclass(slots=True)
class Told:
    """One thing that a message tells of somebody. ``name``: a word of the shared vocabulary (``$follow``), or the event's own.

    ``part`` tells apart what one message tells: two that tell the same are told once.
    """

    name: str
    ids: dict[str, str]
    properties: dict[str, Any]
    part: str = ""


def named(fields: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """What a message says beside its envelope. Fields in ``names`` get these, the others keep the vendor's; empty ones are left out.

    XML has texts only: of those named, what is a number by its meaning becomes one, as it is in JSON.
    """
    return {
        (name := names.get(field, field)): _number(value) if name in _NUMBERS else value
        for field, value in fields.items()
        if field not in ENVELOPE and value not in ("", None)
    }


def whole(fields: Mapping[str, Any]) -> dict[str, Any]:
    """All that a message says beside its envelope, as the vendor wrote it."""
    return {field: value for field, value in fields.items() if field not in ENVELOPE}


def text_of(fields: Mapping[str, Any], *names: str) -> str:
    """The first of these fields that is a text with something in it, or a whole number as text."""
    for name in names:
        value = fields.get(name)
        if type(value) is int:
            return str(value)
        if type(value) is str and value:
            return value
    return ""


def objects_in(value: object) -> list[dict[str, Any]]:
    """A list of maps, one map, or neither: a repeated element that stands once is no list."""
    return [item for item in (value if type(value) is list else [value]) if type(item) is dict]


def texts_in(value: object) -> list[str]:
    """A list of texts; also below an ``Item``, or with commas between them, as the vendor has written lists before."""
    if type(value) is dict:
        value = value.get("Item")
    if type(value) is str:
        value = value.split(",")
    return [item for item in (value if type(value) is list else ()) if type(item) is str and item]


def _number(value: object) -> object:
    if type(value) is not str:
        return value
    try:
        number = float(value)
    except ValueError:
        return value
    return value if not math.isfinite(number) else int(number) if number.is_integer() and "." not in value else number

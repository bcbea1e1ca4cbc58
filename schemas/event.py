"""One event as it stands on the topic: reading it, naming it, saying who it is about.

pydantic stays off this path: msgspec reads a record of 550 bytes in about a microsecond.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from schemas import rejection
from schemas.errors import Rejected
from schemas.routing import routing_id

DEPTH_MAX: Final = 64
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
ISO_PATTERN: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?([Zz]|[+-][0-9]{2}(:?[0-5][0-9])?)"
_ISO: Final = re.compile(ISO_PATTERN)
_STRINGS: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
_BRACKETS: Final = re.compile(r"[{}\[\]]")

NAME_OF_TYPE: Final[dict[str, str]] = {
    "page": "$page",
    "screen": "$screen",
    "identify": "$identify",
    "group": "$group",
    "alias": "$alias",
    "tag": "$tag",
    "untag": "$untag",
}


class WireEvent(msgspec.Struct):
    """The fields of an event that Ebbtide reads, untyped: a wrong type is judged by the rules, not by the reader."""

    type: Any = msgspec.UNSET
    event: Any = msgspec.UNSET
    id: Any = msgspec.UNSET
    userId: Any = msgspec.UNSET  # noqa: N815 - the wire's own name
    anonymousId: Any = msgspec.UNSET  # noqa: N815 - the wire's own name
    ids: Any = msgspec.UNSET
    previousId: Any = msgspec.UNSET  # noqa: N815 - the wire's own name
    timestamp: Any = msgspec.UNSET
    receivedAt: Any = msgspec.UNSET  # noqa: N815 - the wire's own name
    source: Any = msgspec.UNSET
    protocol: Any = msgspec.UNSET
    properties: Any = msgspec.UNSET
    traits: Any = msgspec.UNSET
    context: Any = msgspec.UNSET
    tags: Any = msgspec.UNSET


class Event(msgspec.Struct):
    """A readable event. ``stated_ms``: its timestamp, else receivedAt, else None (the append time counts). ``ids``: routing id first."""

    name: str
    routing_id: str
    id: str | None
    stated_ms: int | None
    wire: WireEvent
    ids: tuple[str, ...] = ()


_decoder: Final = msgspec.json.Decoder(WireEvent)


def read_event(value: bytes | None, ids_of: Callable[[WireEvent], tuple[str, ...]] | None = None) -> Event:
    """Read one record's value. ``ids_of``: who it names by the rules of identity, the routing id first; without them only that is read.

    Raises:
        Rejected: with the lane's reason, when the bytes are not an event by the contract.
    """
    wire = _read_wire(value)
    kind = wire.type
    if kind == "track":
        name = wire.event
        if not name or type(name) is not str:
            raise Rejected(rejection.NAME_MISSING, "event must be a non-empty text")
    else:
        name = NAME_OF_TYPE.get(kind) if type(kind) is str else None
        if name is None:
            raise Rejected(rejection.UNKNOWN_TYPE, f"type is {_brief(kind)}")
    stated = wire.timestamp
    if stated is msgspec.UNSET:
        stated = wire.receivedAt
    if stated is msgspec.UNSET:
        stated = None
    elif type(stated) is not int:
        stated = iso_ms(stated)
    if ids_of is None:
        who = routing_id(wire.userId, wire.anonymousId, wire.ids)
        ids: tuple[str, ...] = () if who is None else (who,)
    else:
        ids = ids_of(wire)
    if not ids:
        raise Rejected(rejection.PERSON_MISSING, "no userId, anonymousId or ids")
    event_id = wire.id
    if not event_id or type(event_id) is not str:
        event_id = None
    return Event(name, ids[0], event_id, stated, wire, ids)


def _read_wire(value: bytes | None) -> WireEvent:
    if not value:
        raise Rejected(rejection.NOT_JSON, "the record is empty")
    try:
        text = value.decode()
        wire = _decoder.decode(text)
        opened = text.count("{") + (text.count("[") if "[" in text else 0)
        if opened > DEPTH_MAX and _deeper_than(text, DEPTH_MAX):
            raise Rejected(rejection.TOO_NESTED, f"more than {DEPTH_MAX} levels")
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Rejected(rejection.NOT_JSON, str(error)) from None
    except RecursionError:
        raise Rejected(rejection.TOO_NESTED, f"more than {DEPTH_MAX} levels") from None
    return wire


def _deeper_than(text: str, levels: int) -> bool:
    """Measured on the text, not on what was read of it: how deep the decoder skips what nobody reads depends on its caller's stack."""
    level = 0
    for mark in _BRACKETS.findall(_STRINGS.sub("", text)):
        level += 1 if mark in "{[" else -1
        if level > levels:
            return True
    return False


def iso_ms(text: object) -> int:
    """Milliseconds since 1970 of an ISO 8601 text with an offset; less than a millisecond is cut off. Raises Rejected."""
    if type(text) is not str:
        raise Rejected(rejection.TIME_UNREADABLE, f"found {_brief(text)}")
    if _ISO.fullmatch(text) is None:
        raise Rejected(rejection.TIME_UNREADABLE, f"found {_brief(text)}, expected 2026-11-22T08:00:00.123Z or with an offset")
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise Rejected(rejection.TIME_UNREADABLE, f"{_brief(text)}: {error}") from None
    return (moment - _EPOCH) // _MILLISECOND


def _brief(value: object) -> str:
    text = repr(value) if isinstance(value, (str, int, float, bool)) or value is None else type(value).__name__
    return text if len(text) <= 60 else text[:57] + "…"

"""What a sender reads of a record of the transitions topic, and whether it wants it."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import orjson

from schemas.errors import Rejected
from schemas.rejection import UNREADABLE_TRANSITION

if TYPE_CHECKING:
    from schemas.definitions.model import Sender

_DIRECTIONS = {"segment.entered": "enter", "segment.left": "leave"}
_LONGEST_ID = 256


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the transitions topic; ``timestamp_ms`` is when it was published, ``read_ms`` when it was read here."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes
    timestamp_ms: int
    read_ms: int
    topic: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What decides where a record goes. ``direction`` and ``segment`` are None for ``person.merged``.

    ``consent``: the purposes to which the person had given consent. A merge carries none: the lane that publishes it knows one side.
    """

    id: str
    person: str
    segment: str | None
    direction: str | None
    cause: str | None
    silent: bool
    consent: frozenset[str] = frozenset()


def read_notice(record: Record) -> Notice:
    """Read a record; Rejected (``unreadable-transition``) when it is none."""
    try:
        body = orjson.loads(record.value)
    except orjson.JSONDecodeError as error:
        raise Rejected(UNREADABLE_TRANSITION, f"no JSON: {error}") from error
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, dict):
        raise Rejected(UNREADABLE_TRANSITION, "no object with an object 'data'")
    kind = body.get("type")
    if kind == "person.merged":
        return Notice(_merge_id(data, record.value), _person(record, data.get("into")), None, None, "merge", data.get("silent") is True)
    direction = _DIRECTIONS.get(kind) if isinstance(kind, str) else None
    segment = data.get("segment")
    if direction is None or not isinstance(segment, str):
        raise Rejected(UNREADABLE_TRANSITION, "its type is none of a transition, or it names no segment")
    return Notice(
        _id(data.get("id")),
        _person(record, data.get("person")),
        segment,
        direction,
        data.get("cause"),
        data.get("silent") is True,
        _consent(data.get("consent")),
    )


def wanted(sender: Sender, notice: Notice) -> bool:
    """Whether the sender's definition asks for it. ``person.merged`` goes to senders that limit neither segments nor directions."""
    if notice.silent and not sender.silent:
        return False
    if sender.segments and notice.segment not in sender.segments:
        return False
    if sender.directions and notice.direction not in sender.directions:
        return False
    return not sender.causes or notice.cause in sender.causes


def lacks_consent(sender: Sender, notice: Notice) -> bool:
    """Whether the person has not given consent to all that the sender needs."""
    return not notice.consent.issuperset(sender.needs)


def _consent(said: Any) -> frozenset[str]:
    return frozenset(one for one in said if isinstance(one, str)) if isinstance(said, list) else frozenset()


def _id(value: Any) -> str:
    # The id becomes a header and is signed with a dot behind it: no control characters, no dots.
    if (
        isinstance(value, str)
        and 0 < len(value) <= _LONGEST_ID
        and value.isascii()
        and value.isprintable()
        and "." not in value
        and " " not in value
    ):
        return value
    raise Rejected(UNREADABLE_TRANSITION, "data.id is missing or unfit for a header")


def _merge_id(data: dict[str, Any], value: bytes) -> str:
    return _id(data["id"]) if "id" in data else "pm_" + blake2b(value, digest_size=16).hexdigest()


def _person(record: Record, named: Any) -> str:
    if record.key is not None:
        return record.key.decode("utf-8", "backslashreplace")
    return named if isinstance(named, str) else ""

"""What a record is: an event, an internal record, or a dead letter with its reason."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeGuard

from tests.oracle.reading import NotJsonError, read_json
from tests.oracle.times import read_time

if TYPE_CHECKING:
    from tests.oracle.naming import Names

DEEPEST = 64
INTERNAL_HEADER = "ebbtide-internal"
NAMES = {
    "page": "$page",
    "screen": "$screen",
    "identify": "$identify",
    "group": "$group",
    "alias": "$alias",
    "tag": "$tag",
    "untag": "$untag",
}


@dataclass(frozen=True)
class Raw:
    """One record of a partition of ``events`` as it lies in the log."""

    offset: int
    append_ms: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


@dataclass(frozen=True)
class Lane:
    """What classification needs to know of the lane. ``clock_ms``: this record's append time is in it already."""

    partition: int
    partitions: int
    clock_ms: int
    oldest_ms: int
    names: Names


@dataclass(frozen=True)
class Event:
    """A record that is an event. ``id`` is None when the record has none. ``ids``: all that it states, ``person`` first.

    ``anonymous``: its anonymous id as the rules have it.
    """

    body: dict[str, Any]
    type: str
    name: str
    at: int
    person: str
    id: str | None
    ids: tuple[str, ...] = ()
    explicit: bool = False
    anonymous: str | None = None


@dataclass(frozen=True)
class FromLane:
    """What the lane of partition ``origin`` tells this one, as its record with this number."""

    origin: int
    number: int
    body: dict[str, Any] = field(hash=False)


@dataclass(frozen=True)
class Clock:
    """``$clock``: moves the lane's clock and nothing else."""


@dataclass(frozen=True)
class Definitions:
    """``$definitions``: a new version is prepared or becomes active."""

    version: int
    phase: str


@dataclass(frozen=True)
class ListChange:
    """``$list``: an uploaded list, as of its version, names these people from now on, or no longer."""

    id: str
    version: int
    add: tuple[str, ...]
    remove: tuple[str, ...]


@dataclass(frozen=True)
class DeadLetter:
    """A record that cannot be read, and the code of the reason."""

    reason: str


def classify(raw: Raw, lane: Lane) -> Event | Clock | Definitions | ListChange | FromLane | DeadLetter:
    """What ``raw`` is; the first reason in the order of the checks wins."""
    internal = [value for name, value in raw.headers if name == INTERNAL_HEADER]
    if internal:
        return _internal(raw, internal[0], lane)
    try:
        document = read_json(raw.value or b"")
    except NotJsonError:
        return DeadLetter("not-json")
    if not isinstance(document.value, dict):
        return DeadLetter("not-json")
    if document.depth > DEEPEST:
        return DeadLetter("too-nested")
    return read_event(document.value, raw.append_ms, lane)


def read_event(body: dict[str, Any], append_ms: int, lane: Lane, otherwise: str | None = None) -> Event | DeadLetter:
    """The event that a JSON object is. ``otherwise``: who it is about if it names nobody."""
    kind = body.get("type")
    if not isinstance(kind, str) or (kind != "track" and kind not in NAMES):
        return DeadLetter("unknown-type")
    name = body.get("event") if kind == "track" else NAMES[kind]
    if not _is_text(name):
        return DeadLetter("name-missing")
    time = _time(body, append_ms)
    if time is None:
        return DeadLetter("time-unreadable")
    ids = lane.names.stated(body) or ([] if otherwise is None else [otherwise])
    if not ids:
        return DeadLetter("person-missing")
    at = min(time, lane.clock_ms)
    if at < lane.clock_ms - lane.oldest_ms:
        return DeadLetter("too-old")
    event_id = body["id"] if _is_text(body.get("id")) else None
    anonymous = lane.names.typed("anon", body.get("anonymousId"))
    known_as = None if anonymous is None else anonymous.removeprefix("anon:")
    return Event(body, kind, str(name), at, ids[0], event_id, tuple(ids), bool(lane.names.aliased(body)), known_as)


def _time(body: dict[str, Any], append_ms: int) -> int | None:
    for key in ("timestamp", "receivedAt"):
        if key in body:
            return read_time(body[key])
    return append_ms


def _internal(raw: Raw, header: bytes, lane: Lane) -> Clock | Definitions | ListChange | FromLane | DeadLetter:
    unreadable = DeadLetter("unreadable-internal")
    try:
        document = read_json(raw.value or b"")
    except NotJsonError:
        return unreadable
    body = document.value
    if not isinstance(body, dict) or document.depth > DEEPEST + (header == b"forward"):
        return unreadable
    if header == b"clock" and body.get("type") == "$clock":
        return Clock()
    if header == b"definitions" and body.get("type") == "$definitions":
        return _definitions(body) or unreadable
    if header in (b"forward", b"link", b"transfer", b"filled", b"forget") and body.get("type") == f"${header.decode()}":
        return FromLane(body["origin"], body["number"], body)
    if header == b"list" and body.get("type") == "$list":
        return _list(body, lane) or unreadable
    return unreadable


def _definitions(body: dict[str, Any]) -> Definitions | None:
    version, phase = body.get("version"), body.get("phase")
    return Definitions(version, phase) if _is_version(version) and version < 2**62 and phase in ("prepare", "activate") else None


def _list(body: dict[str, Any], lane: Lane) -> ListChange | DeadLetter | None:
    """A record that names people, and nobody of this partition, has come to the wrong one."""
    list_id, version = body.get("id"), body.get("version")
    names = [body.get("add", []), body.get("remove", [])]
    if not _is_text(list_id) or not _LIST_ID.fullmatch(str(list_id)) or not _is_version(version) or not 0 < version < 2**53:
        return None
    if not all(isinstance(ids, list) and all(_is_person(one) for one in ids) for ids in names):
        return None
    people = [*names[0], *names[1]]
    if people and all(partition_of(one, lane.partitions) != lane.partition for one in people):
        return DeadLetter("wrong-partition")
    return ListChange(str(list_id), version, tuple(names[0]), tuple(names[1]))


_LIST_ID = re.compile("[a-z][a-z0-9_-]{0,63}")


def _is_person(value: Any) -> bool:
    """A namespace, a colon, a value; neither is empty."""
    return isinstance(value, str) and ":" in value[1:-1]


def _is_version(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def partition_of(person: str, partitions: int) -> int:
    """Kafka's partition of a key: murmur2 without its sign bit, modulo the number of partitions."""
    return (_murmur2(person.encode()) & 0x7FFFFFFF) % partitions


def _murmur2(data: bytes) -> int:
    multiplier, mask = 0x5BD1E995, 0xFFFFFFFF
    state = 0x9747B28C ^ len(data)
    words, tail = divmod(len(data), 4)
    for index in range(words):
        word = int.from_bytes(data[4 * index : 4 * index + 4], "little") * multiplier & mask
        word = (word ^ word >> 24) * multiplier & mask
        state = state * multiplier & mask ^ word
    if tail:
        state = (state ^ int.from_bytes(data[-tail:], "little")) * multiplier & mask
    state = (state ^ state >> 13) * multiplier & mask
    return state ^ state >> 15

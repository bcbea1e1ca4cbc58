"""Internal records on the events topic: written by Ebbtide alone, marked by a header, read by the lane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec

from schemas import rejection
from schemas.definitions.language import ID_PATTERN
from schemas.errors import Rejected
from schemas.identity_records import (
    ErasedRecord,
    FilledRecord,
    ForgetRecord,
    ForwardRecord,
    IdentityRecord,
    LinkRecord,
    ListedRecord,
    PartedRecord,
    TransferRecord,
)
from schemas.routing import ROUTING_ID_PATTERN

HEADER: Final = "ebbtide-internal"
CLOCK_VALUE: Final = b'{"type":"$clock"}'
CLOCK_HEADERS: Final[tuple[tuple[str, bytes], ...]] = ((HEADER, b"clock"),)
DEFINITIONS_HEADERS: Final[tuple[tuple[str, bytes], ...]] = ((HEADER, b"definitions"),)
LIST_HEADERS: Final[tuple[tuple[str, bytes], ...]] = ((HEADER, b"list"),)
ERASE_HEADERS: Final[tuple[tuple[str, bytes], ...]] = ((HEADER, b"erase"),)
SPLIT_HEADERS: Final[tuple[tuple[str, bytes], ...]] = ((HEADER, b"split"),)
LIST_VERSION_MAX: Final = 2**53 - 1

Phase = Literal["prepare", "activate"]


@dataclass(frozen=True, slots=True)
class ClockRecord:
    """``$clock``: nothing but its append time matters."""


@dataclass(frozen=True, slots=True)
class DefinitionsRecord:
    """``$definitions``: a version is about to come (prepare), or holds from here on (activate)."""

    version: int
    phase: Phase


@dataclass(frozen=True, slots=True)
class ListRecord:
    """``$list``: what a version of an uploaded list says of persons (routing id → whether it names them), in order."""

    id: str
    version: int
    named: dict[str, bool]


@dataclass(frozen=True, slots=True)
class EraseRecord:
    """``$erase``: the person known by the id goes, with all that is held of it."""

    id: str


class SplitRecord(msgspec.Struct, tag_field="type", tag="$split", frozen=True):
    """The person ``id`` of this ``incarnation`` (absolute ms) falls in two, as if the edges of ``cut`` had never been.

    ``sides``: its ids, the canonical one's side first, and then those of ``into``, if any. ``states``: what each of the two is by the
    log up to ``ends`` (offsets by partition, exclusive) under the definitions of ``version``, packed (see ``state_text``).
    ``clock_ms``: the clock of the person's lane there; ``marks``: collector's name (hex) → greatest number there.
    """

    id: str
    incarnation: int
    version: int
    cut: tuple[tuple[str, str], ...]
    sides: tuple[tuple[str, ...], tuple[str, ...]]
    into: str
    states: tuple[str, str]
    ends: tuple[int, ...]
    clock_ms: int
    marks: tuple[tuple[str, int], ...] = ()

    @property
    def is_recount(self) -> bool:
        """Nothing is taken away: the person is only worked out anew."""
        return not self.sides[1]


class _Definitions(msgspec.Struct, tag_field="type", tag="$definitions"):
    # A lane keeps it in its header, which holds 64 bits.
    version: Annotated[int, msgspec.Meta(lt=1 << 62)]
    phase: Phase


class _Clock(msgspec.Struct, tag_field="type", tag="$clock"):
    pass


_ListId = Annotated[str, msgspec.Meta(pattern=ID_PATTERN.replace("$", r"\Z"))]
_Version = Annotated[int, msgspec.Meta(ge=1, le=LIST_VERSION_MAX)]
_RoutingId = Annotated[str, msgspec.Meta(pattern=ROUTING_ID_PATTERN)]


class _List(msgspec.Struct, tag_field="type", tag="$list", omit_defaults=True):
    id: _ListId
    version: _Version
    add: list[_RoutingId] = []
    remove: list[_RoutingId] = []


class _Erase(msgspec.Struct, tag_field="type", tag="$erase"):
    id: _RoutingId


_decoder: Final = msgspec.json.Decoder(
    _Definitions
    | _Clock
    | _List
    | _Erase
    | SplitRecord
    | ForwardRecord
    | LinkRecord
    | TransferRecord
    | ListedRecord
    | ErasedRecord
    | FilledRecord
    | PartedRecord
    | ForgetRecord
)


def definitions_value(version: int, phase: Phase) -> bytes:
    """The value of a ``$definitions`` record."""
    return msgspec.json.encode(_Definitions(version, phase))


def list_value(list_id: str, version: int, person: str, *, named: bool) -> bytes:
    """The value of a ``$list`` record for one person."""
    return msgspec.json.encode(_List(list_id, version, add=[person]) if named else _List(list_id, version, remove=[person]))


def erase_value(person_id: str) -> bytes:
    """The value of an ``$erase`` record."""
    return msgspec.json.encode(_Erase(person_id))


def split_value(record: SplitRecord) -> bytes:
    """The value of a ``$split`` record."""
    return msgspec.json.encode(record)


def read_internal(value: bytes | None) -> ClockRecord | DefinitionsRecord | ListRecord | EraseRecord | SplitRecord | IdentityRecord:
    """Read an internal record.

    Raises:
        Rejected: ``unreadable-internal``, when this version does not know the record.
    """
    try:
        record = _decoder.decode(value or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected(rejection.UNREADABLE_INTERNAL, str(error)) from None
    if isinstance(record, _Clock):
        return ClockRecord()
    if isinstance(record, SplitRecord | IdentityRecord):
        return record
    if isinstance(record, _Erase):
        return EraseRecord(record.id)
    if isinstance(record, _List):
        named = dict.fromkeys(record.add, True)
        for person in record.remove:
            named.setdefault(person, False)
        return ListRecord(record.id, record.version, named)
    return DefinitionsRecord(record.version, record.phase)

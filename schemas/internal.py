"""Internal records on the events topic: written by Ebbtide alone, marked by a header, read by the lane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from schemas import rejection
from schemas.errors import Rejected
from schemas.identity_records import ForwardRecord, IdentityRecord, LinkRecord, TransferRecord

HEADER: Final = "ebbtide-internal"
CLOCK_VALUE: Final = b'{"type":"$clock"}'
CLOCK_HEADERS: Final[tuple[tuple[str, bytes], ...]] = ((HEADER, b"clock"),)
DEFINITIONS_HEADERS: Final[tuple[tuple[str, bytes], ...]] = ((HEADER, b"definitions"),)

Phase = Literal["prepare", "activate"]


@dataclass(frozen=True, slots=True)
class ClockRecord:
    """``$clock``: nothing but its append time matters."""


@dataclass(frozen=True, slots=True)
class DefinitionsRecord:
    """``$definitions``: a version is about to come (prepare), or holds from here on (activate)."""

    version: int
    phase: Phase


class _Definitions(msgspec.Struct, tag_field="type", tag="$definitions"):
    version: int
    phase: Phase


class _Clock(msgspec.Struct, tag_field="type", tag="$clock"):
    pass


_decoder: Final = msgspec.json.Decoder(_Definitions | _Clock | ForwardRecord | LinkRecord | TransferRecord)


def definitions_value(version: int, phase: Phase) -> bytes:
    """The value of a ``$definitions`` record."""
    return msgspec.json.encode(_Definitions(version, phase))


def read_internal(value: bytes | None) -> ClockRecord | DefinitionsRecord | IdentityRecord:
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
    if isinstance(record, ForwardRecord | LinkRecord | TransferRecord):
        return record
    return DefinitionsRecord(record.version, record.phase)

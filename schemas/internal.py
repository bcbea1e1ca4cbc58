"""Internal records on the events topic: written by Ebbtide alone, marked by a header, read by the lane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec

from schemas import rejection
from schemas.errors import Rejected

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
    # A lane keeps it in its header, which holds 64 bits.
    version: Annotated[int, msgspec.Meta(lt=1 << 62)]
    phase: Phase


class _Clock(msgspec.Struct, tag_field="type", tag="$clock"):
    pass


_decoder: Final = msgspec.json.Decoder(_Definitions | _Clock)


def definitions_value(version: int, phase: Phase) -> bytes:
    """The value of a ``$definitions`` record."""
    return msgspec.json.encode(_Definitions(version, phase))


def read_internal(value: bytes | None) -> ClockRecord | DefinitionsRecord:
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
    return DefinitionsRecord(record.version, record.phase)

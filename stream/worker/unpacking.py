"""The state of a person that a record carries."""

from __future__ import annotations

import msgspec

from schemas import rejection
from schemas.errors import Misconfigured, Rejected
from schemas.identity_records import FilledRecord, PartedRecord, TransferRecord
from tagging.codec import unpack
from tagging.state import PersonState


def unpacked(record: TransferRecord | FilledRecord | PartedRecord) -> PersonState | None:
    """The state, if the record carries any.

    Raises:
        Rejected: ``unreadable-internal``.
    """
    packed = record.packed()
    return None if packed is None else unpacked_state(packed)


def unpacked_state(packed: bytes) -> PersonState:
    """A state that came in a record.

    Raises:
        Rejected: ``unreadable-internal``.
    """
    try:
        return unpack(packed)
    except (Misconfigured, msgspec.MsgspecError, IndexError, ValueError) as error:
        raise Rejected(rejection.UNREADABLE_INTERNAL, f"state: {error}") from None

"""What is known of who a person is, while the person is at rest: without what stands elsewhere in the state.

Nearly everybody has one edge, from the canonical id to the anonymous id that an event said last, and that is often a UUID. In the
form that events look at, this edge is a third of the person.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import msgspec

from schemas.identity_records import Edge
from tagging.identities import SETTLED

_ANONYMOUS: Final = "anon:"
_UUID_CHARACTERS: Final = len(_ANONYMOUS) + 36
_FIELDS: Final = 5

Resting = bytes | list[Any]
"""The packed form, or of each edge both ids, the time after the person's ``base`` (ms), source and reason, one after the other.

An id is a text, ``True`` for the anonymous id that the person has, or the sixteen bytes of one that is a UUID.
"""


_Id = str | bytes | bool


class _Settled(msgspec.Struct, array_like=True):
    asked: dict[str, int]
    refused: dict[str, str]
    kept: dict[str, tuple[int, tuple[str, ...]]]
    edges: list[Edge]


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_Settled).decode


def laid_down(packed: bytes, base: int, anonymous_id: str | None) -> Resting:
    """The small form of packed identities; the packed form itself where something is open."""
    if not packed.startswith(SETTLED):
        return packed
    flat: list[Any] = []
    for edge in _decode(packed).edges:
        flat += (_small(edge.one, anonymous_id), _small(edge.other, anonymous_id), edge.at_ms - base, edge.source, edge.reason)
    return flat


def taken_up(held: Resting, base: int, anonymous_id: str | None) -> bytes:
    """The packed form again, byte for byte."""
    if isinstance(held, bytes):
        return held
    edges = []
    for at in range(0, len(held), _FIELDS):
        one, other, after_ms, source, reason = held[at : at + _FIELDS]
        edges.append(Edge(_plain(one, anonymous_id), _plain(other, anonymous_id), base + after_ms, source, reason))
    return _encode(_Settled({}, {}, {}, edges))


def _small(typed_id: str, anonymous_id: str | None) -> _Id:
    if not typed_id.startswith(_ANONYMOUS):
        return typed_id
    value = typed_id[len(_ANONYMOUS) :]
    if value == anonymous_id:
        return True
    if len(typed_id) != _UUID_CHARACTERS:
        return typed_id
    try:
        packed = UUID(value)
    except ValueError:
        return typed_id
    return packed.bytes if str(packed) == value else typed_id


def _plain(held: _Id, anonymous_id: str | None) -> str:
    if isinstance(held, str):
        return held
    return f"{_ANONYMOUS}{UUID(bytes=held) if isinstance(held, bytes) else anonymous_id}"

"""The packed form of a person: a version byte, then one flat msgpack array.

A person whom events still come to is packed field by field, which is quick. A person at rest, who has no recent ids, is
packed by columns, which is small: 20 bytes a tag instead of 26 and more, and the id of one event once for all tags that came from it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from schemas.errors import Misconfigured
from tagging.leaves import LeafState
from tagging.lists import Lists
from tagging.resting import Resting, laid_down, taken_up
from tagging.state import PersonState, TagState

FORMAT: Final = 5
REST_FORMAT: Final = 6
_BUSY_BEFORE: Final = (1, 3)
_REST_BEFORE: Final = (2, 4)
_UUID_CHARACTERS: Final = 36


class _AtRest(msgspec.Struct, array_like=True, gc=False):
    """One person by columns: the tags' ``keys`` and what each of them has, in the same order.

    ``weights`` None: equal to the counts. ``scores`` None: equal to the weights; bytes: doubles. ``lasts``, ``firsts``: bytes of
    32-bit numbers where they fit; ``firsts`` None: equal to the lasts. ``origins``: (source, event id), and ``origin_of`` their places.
    ``seldom``: (apart, lists), None where both are empty. ``identities``: see ``tagging.resting``.
    """

    id: str
    number: int
    base: int
    born: int
    definitions: int
    due: int | None
    keys: list[int | str]
    counts: list[int]
    weights: list[int | float] | None
    scores: bytes | list[int | float] | None
    lasts: bytes | list[int]
    firsts: bytes | list[int] | None
    rules: list[int]
    origin_of: list[int]
    origins: list[tuple[Any, Any]]
    leaves: dict[int, LeafState]
    members: dict[int, int]
    anonymous_id: Any
    traits: bytes
    floors: dict[int | str, int]
    seldom: tuple[dict[int, list[int]], Lists] | None = None
    identities: Resting = b""
    active: int | None = None


_encoder: Final = msgspec.msgpack.Encoder()
_decode: Final = msgspec.msgpack.Decoder(PersonState).decode
_decode_at_rest: Final = msgspec.msgpack.Decoder(_AtRest).decode
_PREFIX: Final = bytes([FORMAT])
_REST_PREFIX: Final = bytes([REST_FORMAT])


def pack(state: PersonState) -> bytes:
    """The packed form."""
    if state.recent:
        return _PREFIX + _encoder.encode(state)
    return _REST_PREFIX + _encoder.encode(_at_rest(state))


def unpack(packed: bytes) -> PersonState:
    """Read a packed person.

    Raises:
        Misconfigured: the state was written by another version of Ebbtide.
    """
    kind = packed[0]
    if kind == FORMAT or kind in _BUSY_BEFORE:
        return _decode(memoryview(packed)[1:])
    if kind == REST_FORMAT or kind in _REST_BEFORE:
        return _awake(_decode_at_rest(memoryview(packed)[1:]))
    raise Misconfigured(f"a person's state has format {kind}, this version reads 1 to {REST_FORMAT}; run the version that wrote it")


def _at_rest(state: PersonState) -> _AtRest:
    tags = list(state.tags.values())
    counts = [tag.count for tag in tags]
    weights = [tag.weight for tag in tags]
    scores = [tag.score for tag in tags]
    lasts = [tag.last for tag in tags]
    firsts = [tag.first for tag in tags]
    origins: dict[tuple[Any, Any], int] = {}
    origin_of = [origins.setdefault((tag.source, small_id(tag.event_id)), len(origins)) for tag in tags]
    return _AtRest(
        state.id,
        state.number,
        state.base,
        state.born,
        state.definitions,
        state.due,
        list(state.tags),
        counts,
        None if _identical(weights, counts) else weights,
        None if _identical(scores, weights) else _doubles(scores),
        _times(lasts),
        None if firsts == lasts else _times(firsts),
        [tag.rule for tag in tags],
        origin_of,
        list(origins),
        state.leaves,
        state.members,
        small_id(state.anonymous_id),
        state.traits,
        state.floors,
        (state.apart, state.lists) if state.apart or state.lists else None,
        laid_down(state.identities, state.base, state.anonymous_id),
        state.active,
    )


def _awake(held: _AtRest) -> PersonState:
    tags: dict[int | str, TagState] = {}
    weights = held.counts if held.weights is None else held.weights
    scores = weights if held.scores is None else _read("d", 8, held.scores)
    lasts = _read("i", 4, held.lasts)
    firsts = lasts if held.firsts is None else _read("i", 4, held.firsts)
    origins = [(source, plain_id(event_id)) for source, event_id in held.origins]
    for at, key in enumerate(held.keys):
        source, event_id = origins[held.origin_of[at]]
        tags[key] = TagState(held.counts[at], weights[at], scores[at], lasts[at], firsts[at], held.rules[at], source, event_id)
    apart, lists = ({}, []) if held.seldom is None else held.seldom
    anonymous_id = plain_id(held.anonymous_id)
    return PersonState(
        held.id,
        held.number,
        held.base,
        held.born,
        held.definitions,
        held.due,
        tags,
        held.leaves,
        held.members,
        anonymous_id,
        traits=held.traits,
        floors=held.floors,
        apart=apart,
        lists=lists,
        identities=taken_up(held.identities, held.base, anonymous_id),
        active=held.active,
    )


def _identical(one: Sequence[int | float], other: Sequence[int | float]) -> bool:
    """Equal in type too: 1 and 1.0 are packed differently."""
    return one == other and list(map(type, one)) == list(map(type, other))


def _doubles(values: list[int | float]) -> bytes | list[int | float]:
    return struct.pack(f"<{len(values)}d", *values) if all(type(value) is float for value in values) else values


def _times(values: list[int]) -> bytes | list[int]:
    try:
        return struct.pack(f"<{len(values)}i", *values)
    except struct.error:
        return values


def _read(kind: str, size: int, column: Any) -> Sequence[Any]:
    return struct.unpack(f"<{len(column) // size}{kind}", column) if type(column) is bytes else column


def small_id(text: str | None) -> str | bytes | None:
    """Sixteen bytes for a UUID in its usual form; anything else as it is."""
    if text is None or len(text) != _UUID_CHARACTERS:
        return text
    try:
        packed = UUID(text)
    except ValueError:
        return text
    return packed.bytes if str(packed) == text else text


def plain_id(held: str | bytes | None) -> str | None:
    """The text that ``small_id`` was given."""
    return str(UUID(bytes=held)) if isinstance(held, bytes) else held

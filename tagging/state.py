"""The state of one person.

Times in the state are milliseconds relative to ``base`` (the person's first append time until a rebase): four bytes
each instead of eight, and no arithmetic beyond one subtraction per event.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any, Final

import msgspec

from tagging.leaves import LeafState, shifted
from tagging.lists import Lists

REBASE_AFTER: Final = 0xFFFF_FFFF


class TagState(msgspec.Struct, array_like=True, gc=False):
    """One tag of a person: applications, sum of weights, score as of ``last``, and where it last came from.

    ``weight`` and ``score`` stay integers while they are whole and small (one byte instead of nine); the values are
    those of IEEE doubles. ``rule``, ``source`` and ``event_id`` tell where it last came from: dictionary numbers (a rule of 0:
    it was said), a source that has no number by its name.
    """

    count: int
    weight: int | float
    score: int | float
    last: int
    first: int
    rule: int
    source: Any
    event_id: str | None


class PersonState(msgspec.Struct, array_like=True):
    """Everything kept of one person.

    ``tags``: number, or ``number:value`` of a family, → state. ``floors``: the same keys → greatest untag time.
    ``leaves``: leaf number → state (see ``tagging.leaves``). ``members``: segment number → sequence (odd: in).
    ``traits``: JSON object key → [value, absolute time].
    ``recent``: packed recent event ids (see tagging.recent). ``due``: no segment can change before it without a record; None: never.
    ``apart``: segment number → how membership differs from the sequence, and when entries were published (see ``segments.publish``).
    ``lists``: what uploaded lists have said of the person (see ``tagging.lists``). ``identities``: packed (see ``tagging.identities``).
    ``active``: the lane's clock at the last applied event, or when the person began; None: not known, of a state that is older than this.
    """

    id: str
    number: int
    base: int
    born: int
    definitions: int
    due: int | None
    tags: dict[int | str, TagState]
    leaves: dict[int, LeafState]
    members: dict[int, int]
    anonymous_id: str | None = None
    recent_at: int = 0
    recent: bytes = b""
    traits: bytes = b""
    floors: dict[int | str, int] = {}
    apart: dict[int, list[int]] = {}
    lists: Lists = []
    identities: bytes = b""
    active: int | None = None

    @property
    def incarnation(self) -> int:
        """The lane's clock at the first applied record, absolute milliseconds."""
        return self.base + self.born


def new_person(person_id: str, number: int, clock: int, definitions: int) -> PersonState:
    """A person who begins at the lane's clock (absolute milliseconds)."""
    return PersonState(person_id, number, clock, 0, definitions, None, {}, {}, {}, active=0)


def rebuilt(held: PersonState, found: PersonState, leaves: Container[int]) -> PersonState:
    """A person under its name, lists and identities, with what is published of it, and with all else as another one has it.

    Neither is changed. ``leaves``: those that the definitions know; others are left out.
    """
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(found), type=PersonState)
    rebase(state, held.base)
    return msgspec.structs.replace(
        state,
        id=held.id,
        number=held.number,
        born=held.born,
        definitions=held.definitions,
        due=None,
        leaves={number: leaf for number, leaf in state.leaves.items() if number in leaves},
        members=dict(held.members),
        apart=dict(held.apart),
        lists=held.lists,
        identities=held.identities,
        active=held.active,
    )


def rebase(state: PersonState, base: int) -> None:
    """Move the origin of all relative times; called once in weeks, when they no longer fit four bytes."""
    shift = state.base - base
    state.base = base
    state.born += shift
    if state.due is not None:
        state.due += shift
    if state.active is not None:
        state.active += shift
    for tag in state.tags.values():
        tag.last += shift
        tag.first += shift
    for number, held in state.leaves.items():
        state.leaves[number] = shifted(held, shift)
    state.floors = {key: time + shift for key, time in state.floors.items()}
    state.apart = {number: [held[0], *(time + shift for time in held[1:])] for number, held in state.apart.items()}
    state.recent_at += shift

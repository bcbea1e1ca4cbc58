"""Which segments a person can be in, told by what the person's state holds: among a thousand segments that is a handful.

Most conditions are false for ever of a person of whom nothing is known. Such a segment is passed over where all segments are
evaluated (a person's first record, a due time, a barrier), unless the state holds something that it reads or says that the person is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from segments.nodes import CompiledNode
from tagging.decay import NEVER
from tagging.person import Person
from tagging.state import PersonState, new_person

_OUT_FOR_EVER: Final = (False, NEVER)


class Evaluated(Protocol):
    """What must be known of a compiled segment."""

    @property
    def number(self) -> int:
        """Its dictionary number."""
        ...

    @property
    def node(self) -> CompiledNode:
        """Its condition."""
        ...


@dataclass(frozen=True, slots=True)
class Needs:
    """The numbers of the tags and leaves that a segment reads; ``always``: it asks for more than the state can rule out."""

    tags: frozenset[int]
    leaves: frozenset[int]
    traits: bool
    lists: bool
    always: bool


@dataclass(frozen=True, slots=True)
class Relevance:
    """Places of segments in the order of evaluation, by what they read; ``numbers``: by dictionary number."""

    always: frozenset[int]
    traits: frozenset[int]
    lists: frozenset[int]
    tags: Mapping[int, tuple[int, ...]]
    leaves: Mapping[int, tuple[int, ...]]
    numbers: Mapping[int, int]

    def places(self, state: PersonState) -> list[int]:
        """The places of all segments that may be other than outside for a person, in order."""
        found = set(self.always)
        for number in state.leaves:
            found.update(self.leaves.get(number, ()))
        for key in state.tags:
            found.update(self.tags.get(key if isinstance(key, int) else int(key.partition(":")[0]), ()))
        if state.traits:
            found |= self.traits
        if state.lists:
            found |= self.lists
        found.update(self._known(number for number, sequence in state.members.items() if sequence & 1))
        found.update(self._known(state.apart))
        return sorted(found)

    def _known(self, numbers: Iterable[int]) -> Iterable[int]:
        return [self.numbers[number] for number in numbers if number in self.numbers]


def relevance_of(segments: Iterable[tuple[Evaluated, Needs]]) -> Relevance:
    """Of segments in their order of evaluation."""
    # Answers are kept, so that a condition that many refer to is asked once.
    blank = Person(new_person("", 0, 0, 0), outlooks={})
    held = list(enumerate(segments))
    always = frozenset(at for at, (segment, needs) in held if needs.always or segment.node.outlook(blank, 0) != _OUT_FOR_EVER)
    rest = [(at, needs) for at, (_, needs) in held if at not in always]
    return Relevance(
        always,
        frozenset(at for at, needs in rest if needs.traits),
        frozenset(at for at, needs in rest if needs.lists),
        _places((number, at) for at, needs in rest for number in needs.tags),
        _places((number, at) for at, needs in rest for number in needs.leaves),
        {segment.number: at for at, (segment, _) in held},
    )


def _places(pairs: Iterable[tuple[int, int]]) -> dict[int, tuple[int, ...]]:
    found: dict[int, list[int]] = {}
    for number, at in pairs:
        found.setdefault(number, []).append(at)
    return {number: tuple(places) for number, places in found.items()}

"""Leaves that ask who the person is: uploaded lists, fixed random parts of all people, consent that was given."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from math import ceil
from typing import Final

from segments.nodes import Outlook
from tagging.consent import TRAIT, gives
from tagging.decay import NEVER
from tagging.lists import is_named
from tagging.person import Person

_PARTS: Final = 1 << 64


def place(seed: str, person_id: str) -> int:
    """Where a person stands among 2⁶⁴ places, by a seed."""
    return int.from_bytes(sha256(f"{seed}\0{person_id}".encode()).digest()[:8], "big")


@dataclass(frozen=True, slots=True)
class SampleLeaf:
    """The first ``places`` of 2⁶⁴ places."""

    seed: str
    places: int

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:  # noqa: ARG002 - time does not matter here
        """See ``segments.nodes``."""
        return (place(self.seed, person.state.id) < self.places, NEVER)


def sample(percent: float, seed: str) -> SampleLeaf:
    """The leaf for a percentage; a larger one only adds people."""
    return SampleLeaf(seed, ceil(Fraction(percent) * _PARTS / 100))


@dataclass(frozen=True, slots=True)
class ListLeaf:
    """An uploaded list names the person; only a record changes it."""

    id: str

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:  # noqa: ARG002 - time does not matter here
        """See ``segments.nodes``."""
        return (is_named(person.state.lists, self.id), NEVER)


@dataclass(frozen=True, slots=True)
class ConsentLeaf:
    """The person has given consent to a purpose; only a record changes it."""

    purpose: str
    unless_said: bool

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:  # noqa: ARG002 - time does not matter here
        """See ``segments.nodes``."""
        return (gives(person.traits().get(TRAIT), self.purpose, unless_said=self.unless_said), NEVER)

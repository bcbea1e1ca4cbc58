"""What a person has said of consent: the trait ``consent``, a map of purpose and true or false.

A statement is one value of one trait, so the newest holds whole. Only ``true`` gives consent: whatever else stands at a purpose, or
in the place of the map, refuses. What is not said at all is as the definitions have it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Protocol

from schemas.definitions.model import EventMatch
from tagging.conditions import Predicate, Traits, compile_condition

TRAIT: Final = "consent"


class Need(Protocol):
    """A purpose, and whether consent counts as given while nothing is said of it."""

    @property
    def purpose(self) -> str:
        """The purpose."""
        ...

    @property
    def unless_said(self) -> bool:
        """What holds while nothing is said."""
        ...


def gives(said: Any, purpose: str, *, unless_said: bool) -> bool:
    """Whether a statement (None: there is none) gives consent to a purpose."""
    if said is None:
        return unless_said
    if type(said) is not dict:
        return False
    return said[purpose] is True if purpose in said else unless_said


def gives_all(said: Any, needs: Iterable[Need]) -> bool:
    """Whether a statement gives consent to all that is needed."""
    return all(gives(said, need.purpose, unless_said=need.unless_said) for need in needs)


def compile_match(match: EventMatch) -> Predicate | None:
    """The condition of a match together with what it needs, to be asked with the traits after the event; None if both always hold."""
    where, needs = compile_condition(match.where), match.needs
    if not needs:
        return where

    def test(root: Any, traits: Traits) -> bool:
        return gives_all(traits().get(TRAIT), needs) and (where is None or where(root, traits))

    return test

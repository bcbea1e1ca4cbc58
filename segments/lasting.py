"""Leaves of tags that have a ttl: from ``last + ttl`` on the tag counts as absent, whether its state is still held or not.

That end is one more time at which a leaf can change without a record. Tags without a ttl never come here.
"""

from __future__ import annotations

from dataclasses import dataclass

from segments.nodes import CompiledNode, FamilyLeaf, Outlook, PresenceLeaf, ScoreLeaf, TagLeaf, TagTest, some_one
from tagging.decay import NEVER
from tagging.person import Person
from tagging.state import TagState, new_person


@dataclass(frozen=True, slots=True)
class LastingLeaf:
    """A leaf that reads one tag, until the tag's end; from then on it is what it is for a person without the tag."""

    leaf: PresenceLeaf | ScoreLeaf | TagLeaf
    ttl: int
    absent: bool

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:
        """See ``segments.nodes``."""
        held = person.state.tags.get(self.leaf.key)
        if held is None:
            return (self.absent, NEVER)
        ends_at = held.last + self.ttl
        if ends_at <= at:
            return (self.absent, NEVER)
        value, bound = self.leaf.outlook(person, at, horizon)
        if bound < ends_at:
            return (value, bound)
        return (value, NEVER if value is self.absent else ends_at)


@dataclass(frozen=True, slots=True)
class LastingFamilyLeaf:
    """A test that some one value of a family meets while it lasts; of a person with no value left, zeros are asked."""

    prefix: str
    test: TagTest
    ttl: int

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:  # noqa: ARG002 - an exact bound is cheap
        """See ``segments.nodes``."""
        held = [tag for key, tag in person.state.tags.items() if type(key) is str and key.startswith(self.prefix)]
        current, bound = self._bound(held, at)
        while bound != NEVER:
            value, following = self._bound(held, bound)
            if value is not current:
                return (current, bound)
            bound = following
        return (current, NEVER)

    def _bound(self, held: list[TagState], at: int) -> Outlook:
        there = [tag for tag in held if tag.last + self.ttl > at]
        return some_one(self._until_its_end(tag, at) for tag in there) if there else self.test.outlook(None, at)

    def _until_its_end(self, tag: TagState, at: int) -> Outlook:
        value, bound = self.test.outlook(tag, at)
        return (value, min(bound, tag.last + self.ttl))


def lasting(leaf: PresenceLeaf | ScoreLeaf | TagLeaf | FamilyLeaf, ttl: int | None) -> CompiledNode:
    """The leaf itself for a tag without a ttl (ms), else one that knows the tag's end."""
    if ttl is None:
        return leaf
    if isinstance(leaf, FamilyLeaf):
        return LastingFamilyLeaf(leaf.prefix, leaf.test, ttl)
    absent, _ = leaf.outlook(Person(new_person("", 0, 0, 0)), 0)
    return LastingLeaf(leaf, ttl, absent)

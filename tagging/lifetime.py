"""Tags that go by themselves: with a ``ttl`` a tag is over from ``last + ttl`` on, and all starts from 0.

That is a change without a record. Whoever reads a tag counts it as absent from then on; the state itself goes when
the person is next touched, at the latest before the next record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tagging.families import family_prefix, values_held
from tagging.rules import CompiledTag
from tagging.state import TagState


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """The ttl (ms) of each tag that has one: plain tags by number, families by the prefix of their keys."""

    tags: tuple[tuple[int, int], ...]
    families: tuple[tuple[str, int], ...]

    def over(self, tags: Mapping[int | str, TagState], at: int) -> list[int | str]:
        """The keys of the tags whose time is over at ``at``."""
        gone: list[int | str] = [number for number, ttl in self.tags if number in tags and tags[number].last + ttl <= at]
        for prefix, ttl in self.families:
            gone += [key for key in values_held(tags, prefix) if tags[key].last + ttl <= at]
        return gone


def lifetimes_of(tags: Iterable[CompiledTag]) -> Lifetimes | None:
    """The lifetimes of a set of definitions; None if all tags stay for ever."""
    lasting = [(tag, tag.ttl) for tag in tags if tag.ttl is not None]
    if not lasting:
        return None
    return Lifetimes(
        tuple((tag.number, ttl) for tag, ttl in lasting if tag.value is None),
        tuple((family_prefix(tag.number), ttl) for tag, ttl in lasting if tag.value is not None),
    )

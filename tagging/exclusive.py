"""Of the tags that share an ``exclusive`` name, a person has one: the newest.

A plain tag is one contender; of a family each value is one by itself. Archived tags take no part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from schemas.definitions.model import Tag
from tagging.state import TagState

Key = int | str


@dataclass(frozen=True, slots=True)
class Group:
    """Who contends: the ``tag_ids``, the ``numbers`` of plain tags among them, and the key ``prefixes`` of families."""

    tag_ids: frozenset[str]
    numbers: tuple[int, ...]
    prefixes: tuple[str, ...]

    def held(self, tags: Mapping[Key, TagState]) -> list[Key]:
        """The keys of a person's tags that are of this group."""
        found: list[Key] = [number for number in self.numbers if number in tags]
        if self.prefixes:
            found += [key for key in tags if type(key) is str and key.startswith(self.prefixes)]
        return found

    def losers(self, tags: Mapping[Key, TagState], key: Key, at: int) -> list[Key] | None:
        """The keys that give way to an application at event time ``at``; None: one of them is newer, and the application is dropped.

        Of equal times the one applied later wins.
        """
        rivals = [rival for rival in self.held(tags) if rival != key]
        if any(tags[rival].last > at for rival in rivals):
            return None
        return rivals


def exclusive_groups(tags: Iterable[Tag], numbers: Mapping[str, int]) -> dict[str, Group]:
    """The groups by name; ``numbers`` by tag id."""
    members: dict[str, list[Tag]] = {}
    for tag in tags:
        if tag.exclusive is not None and not tag.archived:
            members.setdefault(tag.exclusive, []).append(tag)
    return {
        name: Group(
            frozenset(tag.id for tag in found),
            tuple(numbers[tag.id] for tag in found if tag.value is None),
            tuple(f"{numbers[tag.id]}:" for tag in found if tag.value is not None),
        )
        for name, found in members.items()
    }

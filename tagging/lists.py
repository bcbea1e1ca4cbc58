"""Which uploaded lists name a person: kept whatever the definitions ask for, because a later set may ask.

An entry is (key, stand). The key is the list's id where the list names, or named, the person's own id, and ``list:id`` where it is the
id of a person who was taken over; so a list that drops one id of a person still names the person by another. The stand is twice the
version that spoke last of that id, and one more if it names it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

Lists = list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Naming:
    """What a version of a list says of one id: it names it, or no longer does. ``of``: the id, if it is not the person's own."""

    list_id: str
    version: int
    named: bool
    of: str | None = None

    @property
    def key(self) -> str:
        """See the module."""
        return self.list_id if self.of is None else f"{self.list_id}:{self.of}"

    @property
    def stand(self) -> int:
        """See the module."""
        return self.version << 1 | self.named


def is_named(lists: Lists, list_id: str) -> bool:
    """Whether the list names any of the person's ids."""
    return any(stand & 1 and key.partition(":")[0] == list_id for key, stand in lists)


def naming(lists: Lists) -> list[str]:
    """The ids of the lists that name any of the person's ids, each once, in order."""
    return sorted({key.partition(":")[0] for key, stand in lists if stand & 1})


def version_of(lists: Lists, key: str) -> int:
    """The version of the list that last spoke of an id; 0 for none."""
    return next((stand >> 1 for held, stand in lists if held == key), 0)


def noted(lists: Lists, naming: Naming) -> Lists:
    """The entries after what a list says of an id of the person, in order of their keys."""
    return sorted({**dict(lists), naming.key: naming.stand}.items())


def parted(lists: Lists, ids: Collection[str], into: str) -> tuple[Lists, Lists]:
    """The entries of a person from whom ``ids`` are taken away, and those of ``into``, whose ids they are."""
    mine: Lists = []
    theirs: Lists = []
    for key, stand in lists:
        list_id, _, named = key.partition(":")
        if named not in ids:
            mine.append((key, stand))
        else:
            theirs.append((list_id if named == into else key, stand))
    return mine, sorted(theirs)


def united(mine: Lists, theirs: Lists, their_id: str) -> Lists:
    """The entries of two persons who are one; those of the other's own id under that id. Of one entry in both the newer stays."""
    found = dict(mine)
    for key, stand in theirs:
        under = key if ":" in key else f"{key}:{their_id}"
        found[under] = max(stand, found.get(under, stand))
    return sorted(found.items())

"""What definitions know of each other: what may be named, and which segments name which."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from schemas.definitions.fault import near_match
from schemas.definitions.model import Tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from schemas.definitions.model import Segment
    from schemas.definitions.view import View

# The id of a segment, and where it is named.
Mention = tuple[str, "View"]
_MOST_NAMES_SHOWN: Final = 10
CHAIN_MAX: Final = 64
"""Segments that name each other in a row. An explanation goes down the whole chain."""
LEVELS_MAX: Final = 256
"""Nodes within each other, all segments of such a chain together: each level is a call or more, and Python has a thousand."""


@dataclass(frozen=True, slots=True)
class Known:
    """What other definitions may be named. Not ``complete``: a file could not be read, so nothing unknown is a fault.

    ``purposes``: those that consent is asked for, and whether it counts as given while nothing is said.
    """

    tags: dict[str, Tag] = field(default_factory=dict)
    segments: frozenset[str] = frozenset()
    complete: bool = True
    purposes: dict[str, bool] = field(default_factory=dict)


class References:
    """Which segments name which others."""

    def __init__(self) -> None:
        self._views: dict[str, dict[str, View]] = {}
        self._levels: dict[str, int] = {}

    def add(self, segment: str, mentions: Sequence[Mention], levels: int) -> None:
        """Note what one segment's condition names, and how many of its nodes stand within each other."""
        self._levels[segment] = levels
        views = self._views.setdefault(segment, {})
        for named, view in mentions:
            views.setdefault(named, view)

    def check(self, segments: Sequence[Segment], *, complete: bool) -> None:
        """Tell of what is named and unknown, of what is archived and named by what is not, and of circles."""
        by_id = {segment.id: segment for segment in reversed(segments)}
        for owner, views in self._views.items():
            for named, view in views.items():
                if named not in by_id:
                    if complete:
                        view.fault("the id of a segment", near=near_match(named, by_id))
                elif by_id[named].archived and not by_id[owner].archived:
                    view.fault("the id of a segment that is not archived")
        mentions = {owner: list(views) for owner, views in self._views.items()}
        found = list(circles(mentions))
        for circle in found:
            self._views[circle[-1]][circle[0]].fault(f"no circle of segments: {_shown((*circle, circle[0]))}")
        if not found:
            self._check_chains(mentions)

    def _check_chains(self, mentions: Mapping[str, Sequence[str]]) -> None:
        long = list(too_long(mentions, dict.fromkeys(self._levels, 1), CHAIN_MAX))
        for owner, deepest in long:
            self._views[owner][deepest].fault(f"at most {CHAIN_MAX} segments that name each other in a row")
        if not long:
            for owner, deepest in too_long(mentions, self._levels, LEVELS_MAX):
                self._views[owner][deepest].fault(f"at most {LEVELS_MAX} nodes within each other in segments that name each other")


def circles(named: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """One circle for each name that leads back: from the segment it names, in order, to the one that names it."""
    done: set[str] = set()
    for start in named:
        trail = {} if start in done else {start: iter(named[start])}
        while trail:
            last = next(reversed(trail))
            following = next(trail[last], None)
            if following is None:
                del trail[last]
                done.add(last)
            elif following in trail:
                names = list(trail)
                yield tuple(names[names.index(following) :])
            elif following not in done:
                trail[following] = iter(named.get(following, ()))


def too_long(named: Mapping[str, Sequence[str]], own: Mapping[str, int], most: int) -> Iterator[tuple[str, str]]:
    """Each segment with which a chain gets longer than ``most``, and the name by which it does. There are no circles.

    ``own``: how much a segment adds to the length.
    """
    lengths: dict[str, int] = {}
    waiting = list(named)
    while waiting:
        names = named.get(waiting[-1], ())
        unknown = [name for name in names if name not in lengths]
        waiting += unknown
        if unknown:
            continue
        owner = waiting.pop()
        if owner in lengths:
            continue
        deepest = max(names, key=lengths.__getitem__, default=None)
        lengths[owner] = own.get(owner, 1) + (0 if deepest is None else lengths[deepest])
        if deepest is not None and lengths[owner] > most >= lengths[deepest]:
            yield owner, deepest


def _shown(names: Sequence[str]) -> str:
    """A way from name to name; the middle of a long one is left out."""
    half = _MOST_NAMES_SHOWN // 2
    shown = names if len(names) <= _MOST_NAMES_SHOWN else (*names[:half], "…", *names[-half:])
    return " → ".join(shown)

"""The nodes of a condition. Each tells its value at a time and when that value can change without a record.

``outlook(person, at)`` gives (value, bound): the value at ``at``, and a time > ``at`` before which it cannot differ
(NEVER: no time will change it). For leaves the bound is the exact millisecond of the next change; for inner nodes it may
be early, never late. Times are relative to the person's base.

With a ``horizon`` the caller does not care what happens from there on: a node that cannot change before it may answer with
any bound that is not before it. On the event path that spares most crossings from being worked out, because the person
has an earlier due time already.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp2, log2
from typing import Final, Protocol

from schemas.definitions.model import Comparison
from tagging.conditions import Predicate
from tagging.decay import NEVER, Cut, flip_time, holds, score_at
from tagging.person import Person
from tagging.state import TagState

Outlook = tuple[bool, int]
_TRUE: Final[Outlook] = (True, NEVER)
_FALSE: Final[Outlook] = (False, NEVER)


class CompiledNode(Protocol):
    """What every node offers."""

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:
        """Value at ``at``, and a time before which it cannot change by itself."""
        ...


@dataclass(frozen=True, slots=True)
class All:
    """True while all items are. While it is false it stays so at least until every false item has changed."""

    items: Sequence[CompiledNode]

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:
        """See the module."""
        soonest = NEVER
        latest = at
        for item in self.items:
            value, bound = item.outlook(person, at, horizon)
            if not value:
                if bound >= horizon:
                    return (False, bound)
                if bound > latest:
                    latest = bound
            elif bound < soonest:
                soonest = bound
        return (False, latest) if latest > at else (True, soonest)


@dataclass(frozen=True, slots=True)
class Any:
    """True while one item is. While it is true it stays so at least until every true item has changed."""

    items: Sequence[CompiledNode]

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:
        """See the module."""
        soonest = NEVER
        latest = at
        for item in self.items:
            value, bound = item.outlook(person, at, horizon)
            if value:
                if bound >= horizon:
                    return (True, bound)
                if bound > latest:
                    latest = bound
            elif bound < soonest:
                soonest = bound
        return (True, latest) if latest > at else (False, soonest)


@dataclass(frozen=True, slots=True)
class Not:
    """True while the item is false."""

    item: CompiledNode

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:
        """See the module."""
        value, bound = self.item.outlook(person, at, horizon)
        return (not value, bound)


@dataclass(frozen=True, slots=True)
class TraitLeaf:
    """A condition on traits; only a record changes it."""

    predicate: Predicate | None

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:  # noqa: ARG002 - time does not matter here
        """See the module."""
        if self.predicate is None or self.predicate(person.traits(), person.traits):
            return _TRUE
        return _FALSE


@dataclass(frozen=True, slots=True)
class TagTest:
    """The comparisons asked of one tag's state. ``equalities``: those of weight and of a score that does not fade.

    ``last_within``: the newest time of the tag lies in (at − last_within, at].
    """

    half_life: int | None
    count: tuple[Comparison, ...]
    weight: tuple[Cut, ...]
    score: tuple[Cut, ...]
    equalities: tuple[tuple[str, Comparison], ...]
    last_within: int | None = None

    @property
    def presence_only(self) -> bool:
        """Nothing is compared: having the tag is enough."""
        return not (self.count or self.weight or self.score or self.equalities or self.last_within)

    def value(self, held: TagState | None, at: int) -> bool:
        """Whether all comparisons hold at a time; an absent tag has count, weight and score 0."""
        if self.last_within is not None and (held is None or at >= held.last + self.last_within):
            return False
        count, weight, score = (held.count, held.weight, held.score) if held is not None else (0, 0, 0)
        if held is not None and self.score:
            score = score_at(score, held.last, self.half_life, at)
        for cut in self.weight:
            if (weight >= cut.level) is not cut.above:
                return False
        for cut in self.score:
            if (score >= cut.level) is not cut.above:
                return False
        for field, wanted in self.equalities:
            if not holds(wanted.operator, weight if field == "weight" else score, wanted.value):
                return False
        return count_holds(self.count, count)

    def outlook(self, held: TagState | None, at: int) -> Outlook:
        """The value and the exact time of its next change."""
        if held is None:
            return (False, NEVER) if self.presence_only else (self.value(None, at), NEVER)
        current = self.value(held, at)
        for flip in self._flips(held, at):
            if flip == NEVER or self.value(held, flip) is not current:
                return (current, flip)
        return (current, NEVER)

    def _flips(self, held: TagState, at: int) -> list[int]:
        """The times at which one of the comparisons changes, in order; NEVER for those that do not."""
        half_life = self.half_life
        flips = [] if half_life is None else [flip_time(held.score, held.last, half_life, cut, at) for cut in self.score]
        if self.last_within is not None and held.last + self.last_within > at:
            flips.append(held.last + self.last_within)
        flips.sort()
        return flips


@dataclass(frozen=True, slots=True)
class TagLeaf:
    """A test of one tag, or of one value of a family."""

    key: int | str
    test: TagTest

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:  # noqa: ARG002 - an exact bound is cheap
        """See the module."""
        return self.test.outlook(person.state.tags.get(self.key), at)


@dataclass(frozen=True, slots=True)
class PresenceLeaf:
    """Having a tag, or one value of a family; only a record changes it."""

    key: int | str

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:  # noqa: ARG002 - time does not matter here
        """See the module."""
        return _TRUE if self.key in person.state.tags else _FALSE


@dataclass(frozen=True, slots=True)
class ScoreLeaf:
    """The common test, ``score: {gte: θ}`` or ``{gt: θ}`` of a tag that fades, with θ > 0: nothing but arithmetic."""

    key: int | str
    level: float
    half_life: int

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:
        """See the module."""
        held = person.state.tags.get(self.key)
        if held is None:
            return _FALSE
        score, last, half_life, level = held.score, held.last, self.half_life, self.level
        if score * exp2((last - at) / half_life) < level:
            return _FALSE
        if horizon != NEVER and score * exp2((last - horizon) / half_life) >= level:
            return (True, horizon)
        leaves_at = last + int(half_life * log2(score / level))
        while score * exp2((last - leaves_at) / half_life) < level:
            leaves_at -= 1
        leaves_at += 1
        while score * exp2((last - leaves_at) / half_life) >= level:
            leaves_at += 1
        return (True, leaves_at)


def some_one(outlooks: Iterable[Outlook]) -> Outlook:
    """Whether one of some is true, and a time before which that can not change: as long as the last of those that are true stays so.

    The first change of any would do as well, but it comes once for each of them.
    """
    true_until: int | None = None
    false_until = NEVER
    for value, bound in outlooks:
        if value:
            true_until = bound if true_until is None else max(true_until, bound)
        else:
            false_until = min(false_until, bound)
    return (False, false_until) if true_until is None else (True, true_until)


@dataclass(frozen=True, slots=True)
class FamilyLeaf:
    """A test that some one value of a family meets; of a person without any value, zeros are asked."""

    prefix: str
    test: TagTest

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:  # noqa: ARG002 - an exact bound is cheap
        """See the module."""
        held = [tag for key, tag in person.state.tags.items() if type(key) is str and key.startswith(self.prefix)]
        if not held:
            return self.test.outlook(None, at)
        current, bound = self._bound(held, at)
        while bound != NEVER:
            value, following = self._bound(held, bound)
            if value is not current:
                return (current, bound)
            bound = following
        return (current, NEVER)

    def _bound(self, held: list[TagState], at: int) -> Outlook:
        return some_one(self.test.outlook(tag, at) for tag in held)


@dataclass(frozen=True, slots=True)
class CounterLeaf:
    """How many matching events there ever were."""

    number: int
    count: tuple[Comparison, ...]

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:  # noqa: ARG002 - time does not matter here
        """See the module."""
        held = person.state.leaves.get(self.number, 0)
        return (count_holds(self.count, held if isinstance(held, int) else 0), NEVER)


@dataclass(frozen=True, slots=True)
class WindowLeaf:
    """How many matching events lie in (at − within, at]: an event at e leaves exactly at e + within."""

    number: int
    within: int
    count: tuple[Comparison, ...]
    at_least: int | None

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:  # noqa: ARG002 - an exact bound is cheap
        """See the module."""
        times = person.state.leaves.get(self.number)
        if not isinstance(times, list):
            return (count_holds(self.count, 0), NEVER)
        inside = len(times) - bisect_right(times, at - self.within)
        wanted = self.at_least
        if wanted is not None:
            return (True, times[-wanted] + self.within) if inside >= wanted else _FALSE
        current = count_holds(self.count, inside)
        while inside > 0:
            leaves_at = times[-inside] + self.within
            inside = len(times) - bisect_right(times, leaves_at - self.within)
            if count_holds(self.count, inside) is not current:
                return (current, leaves_at)
        return (current, NEVER)


def count_holds(comparisons: tuple[Comparison, ...], count: float) -> bool:
    """Comparisons of a number: exact, without tolerance."""
    for comparison in comparisons:
        wanted = comparison.value
        match comparison.operator:
            case "gte":
                good = count >= wanted
            case "gt":
                good = count > wanted
            case "lt":
                good = count < wanted
            case "lte":
                good = count <= wanted
            case "eq":
                good = count == wanted
            case "ne":
                good = count != wanted
            case _:
                upper = wanted if comparison.upper is None else comparison.upper
                good = wanted <= count <= upper
        if not good:
            return False
    return True


def next_change(node: CompiledNode, person: Person, at: int) -> int:
    """The least whole millisecond > ``at`` at which the node's value differs if no record comes; NEVER if none."""
    current, bound = node.outlook(person, at)
    while bound != NEVER:
        value, following = node.outlook(person, bound)
        if value is not current:
            return bound
        bound = following
    return NEVER

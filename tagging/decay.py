"""Exponential decay of a score, comparisons of doubles, and when a comparison of a fading score flips.

``exp2`` of C's math library is the one pinned exponential: every score in Ebbtide, live or replayed, comes from here.
Times are whole milliseconds; the origin does not matter, only differences do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp2, log2, nextafter, ulp
from sys import float_info
from typing import Final

from schemas.definitions.model import Comparison

TOLERANCE: Final = 2.0**-40
VANISHED: Final = 1e-12
NEVER: Final = 1 << 62


def score_at(score: float, last: int, half_life: int | None, at: int) -> float:
    """The score at a time not before ``last``: s·2^(−(t−last)/h); below 1e-12 in magnitude it is 0."""
    if half_life is None:
        return score
    faded = score * exp2((last - at) / half_life)
    return faded if faded >= VANISHED or faded <= -VANISHED else 0.0


def equal(a: float, b: float) -> bool:
    """Equality within a relative 2⁻⁴⁰, so that three weights of 1 at one instant are 3."""
    if a == b:
        return True
    size = max(abs(a), abs(b))
    return abs(a - b) <= TOLERANCE * size


def holds(operator: str, found: float, wanted: float) -> bool:
    """One comparison of doubles; exactly one of lt, eq, gt holds."""
    same = equal(found, wanted)
    match operator:
        case "eq":
            return same
        case "ne":
            return not same
        case "gt":
            return found > wanted and not same
        case "gte":
            return found > wanted or same
        case "lt":
            return found < wanted and not same
        case _:
            return found < wanted or same


@dataclass(frozen=True, slots=True)
class Cut:
    """One comparison of a double as one bare comparison: it holds where ``(found >= level) is above``.

    ``level`` is the least double at which the comparison, tolerance included, changes its value; so the event path pays
    one comparison, and a fading score crosses it at most once.
    """

    level: float
    above: bool

    def holds(self, found: float) -> bool:
        """The comparison."""
        return (found >= self.level) is self.above


def cuts(comparisons: tuple[Comparison, ...]) -> tuple[Cut, ...]:
    """Comparisons as cuts that must all hold; ``eq`` and ``ne`` have no cut (see ``holds``)."""
    found: list[Cut] = []
    for comparison in comparisons:
        wanted = float(comparison.value)
        match comparison.operator:
            case "gte":
                found.append(Cut(_least("gte", wanted), above=True))
            case "lt":
                found.append(Cut(_least("gte", wanted), above=False))
            case "gt":
                found.append(Cut(_least("gt", wanted), above=True))
            case "lte":
                found.append(Cut(_least("gt", wanted), above=False))
            case "between":
                upper = comparison.value if comparison.upper is None else comparison.upper
                found += [Cut(_least("gte", wanted), above=True), Cut(_least("gt", float(upper)), above=False)]
            case _:
                continue
    return tuple(found)


def _least(operator: str, wanted: float) -> float:
    """The least double that is ``gte`` (or ``gt``) the wanted one within the tolerance: doubles are in order, so bisect."""
    if wanted == 0.0:
        return 0.0 if operator == "gte" else nextafter(0.0, 1.0)
    margin = max(abs(wanted) * TOLERANCE * 4, ulp(0.0))
    low, high = max(wanted - margin, -float_info.max), min(wanted + margin, float_info.max)
    while (middle := low + (high - low) / 2) not in (low, high):
        if holds(operator, middle, wanted):
            high = middle
        else:
            low = middle
    return low if holds(operator, low, wanted) else high


def flip_time(score: float, last: int, half_life: int, cut: Cut, after: int) -> int:
    """The least whole millisecond > ``after`` at which the cut differs from its value at ``after``; NEVER if none.

    A fading score moves monotonically towards 0, so it flips at most once and its final value is the one at 0. The closed
    form t* = last + h·log2(|s|/|θ|) lands within a step of the answer; evaluating settles the exact millisecond.
    """
    level = cut.level
    final = level <= 0.0
    if (score_at(score, last, half_life, after) >= level) is final:
        return NEVER
    threshold = max(VANISHED, abs(level))
    estimate = last + int(half_life * (log2(abs(score)) - log2(threshold)))

    def settled(at: int) -> bool:
        return (score_at(score, last, half_life, at) >= level) is final

    return _first_true(settled, after, max(estimate, after + 1))


def _first_true(settled: Callable[[int], bool], after: int, guess: int) -> int:
    """The least time > after at which the monotone predicate is true, galloping from a good guess."""
    step = 1
    if settled(guess):
        high = guess
        low = max(after, guess - step)
        while low > after and settled(low):
            high = low
            step *= 2
            low = max(after, high - step)
    else:
        low = guess
        high = guess + step
        while not settled(high):
            low = high
            step *= 2
            high += step
    while high - low > 1:
        middle = (low + high) // 2
        if settled(middle):
            high = middle
        else:
            low = middle
    return high

"""How a score is folded, how it fades, what comparing means, and when a comparison changes by itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from schemas.definitions.model import Comparison

NOTHING = 1e-12
TOLERANCE = 2.0**-40


@dataclass(frozen=True)
class Score:
    """A score held as of ``last_at``; ``half_life_ms`` None: it does not fade."""

    held: float
    last_at: int
    half_life_ms: int | None

    def at(self, t: int) -> float:
        """The score at ``t``, which is never before ``last_at``."""
        if self.half_life_ms is None or not math.isfinite(self.held):
            return self.held
        faded = self.held * math.exp2(-(t - self.last_at) / self.half_life_ms)
        return 0.0 if abs(faded) < NOTHING else faded

    def gone_by(self, t: int) -> int:
        """Some time from which on a fading score is 0, at or after ``t``."""
        step = 1
        while self.at(t + step) != 0:
            step *= 2
        return t + step


def fold(before: Score, weight: float, at: int, cap: float | None) -> Score:
    """The score after applying ``weight`` at event time ``at``."""
    h = before.half_life_ms
    if at >= before.last_at:
        kept = before.held if h is None else before.held * math.exp2(-(at - before.last_at) / h)
        held, last_at = kept + weight, at
    else:
        added = weight if h is None else weight * math.exp2(-(before.last_at - at) / h)
        held, last_at = before.held + added, before.last_at
    return Score(capped(held, cap), last_at, h)


def capped(score: float, cap: float | None) -> float:
    """Clamped from above; there is no floor."""
    return score if cap is None else min(score, cap)


def near(a: float, b: float) -> int:
    """-1, 0 or 1 as a is less than, equal to (within the tolerance) or greater than b."""
    if a == b or (math.isfinite(a) and math.isfinite(b) and abs(a - b) <= TOLERANCE * max(abs(a), abs(b))):
        return 0
    return -1 if a < b else 1


def exact(a: float, b: float) -> int:
    """-1, 0 or 1 without tolerance."""
    return (a > b) - (a < b)


def compared(comparison: Comparison, value: float, order: Callable[[float, float], int]) -> bool:
    """Whether the comparison holds for ``value``."""
    sign = order(value, comparison.value)
    match comparison.operator:
        case "eq":
            return sign == 0
        case "ne":
            return sign != 0
        case "gt":
            return sign > 0
        case "gte":
            return sign >= 0
        case "lt":
            return sign < 0
        case "lte":
            return sign <= 0
        case "between":
            return sign >= 0 and comparison.upper is not None and order(value, comparison.upper) <= 0


def bounds(comparisons: tuple[Comparison, ...]) -> Iterator[float]:
    """Every number that one of the comparisons compares with."""
    for comparison in comparisons:
        yield comparison.value
        if comparison.upper is not None:
            yield comparison.upper


def crossings(score: Score, bound: float, after: int, before: int | None) -> list[int]:
    """The milliseconds in (after, before) at which a fading score stands otherwise to ``bound`` than just before."""
    if score.half_life_ms is None or not math.isfinite(score.held):
        return []
    last = score.gone_by(after) if before is None else before - 1
    if last <= after:
        return []

    def side(t: int) -> int:
        return near(score.at(t), bound)

    return list(_changes(side, (after, side(after)), (last, side(last))))


def _changes(side: Callable[[int], int], low: tuple[int, int], high: tuple[int, int]) -> Iterator[int]:
    """Where a function that only rises or only falls changes between two of its points, the second included."""
    if low[1] == high[1]:
        return
    if high[0] - low[0] == 1:
        yield high[0]
        return
    t = (low[0] + high[0]) // 2
    middle = (t, side(t))
    yield from _changes(side, low, middle)
    yield from _changes(side, middle, high)

"""When a comparison of a fading score ends, by the closed form to sixty digits.

With s > 0 and θ > 0: ``gte θ`` within 2⁻⁴⁰ holds while s(t) ≥ θ·(1 − 2⁻⁴⁰), ``gt θ`` while s(t) > θ / (1 − 2⁻⁴⁰); a score below
10⁻¹² is 0. Below zero ``lte`` and ``lt`` do the same upside down.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from math import log
from random import Random

from schemas.definitions.model import Comparison, NumberOperator
from segments.nodes import ScoreLeaf
from tagging.decay import TOLERANCE, VANISHED, cuts, flip_time
from tagging.person import Person
from tagging.state import TagState, new_person
from tests.unit.tagging.lives import END, HALF_LIVES

_DIGITS = Context(prec=60)
_LN_2 = _DIGITS.ln(Decimal(2))
_MIRRORED: dict[NumberOperator, NumberOperator] = {"gte": "lte", "gt": "lt"}


@dataclass(frozen=True)
class Crossing:
    """A score as of ``last``, above zero, and a level that it falls to; ``below_zero``: all of it upside down."""

    score: float
    last: int
    half_life: int
    operator: NumberOperator
    level: float
    below_zero: bool

    def found(self) -> int:
        """What the engine says: the least millisecond at which the comparison is false."""
        sign = -1 if self.below_zero else 1
        operator = _MIRRORED[self.operator] if self.below_zero else self.operator
        (cut,) = cuts((Comparison(operator, sign * self.level),))
        flip = flip_time(sign * self.score, self.last, self.half_life, cut, self.last)
        if not self.below_zero and cut.level > VANISHED:
            assert self._found_by_leaf(cut.level) == flip
        return flip

    def _found_by_leaf(self, level: float) -> int:
        person = Person(new_person("user:u1", 0, 0, 1))
        person.state.tags[1] = TagState(1, self.score, self.score, self.last, self.last, 1, None, None)
        value, bound = ScoreLeaf(1, level, self.half_life).outlook(person, self.last)
        assert value
        return bound

    def exact(self) -> tuple[int, bool]:
        """The same to sixty digits; and whether that time is so near to a whole millisecond that doubles may take it for its neighbour."""
        nearly = 1 - Decimal(TOLERANCE)
        level = Decimal(self.level) * nearly if self.operator == "gte" else _DIGITS.divide(Decimal(self.level), nearly)
        strict = self.operator == "gt"
        if level < Decimal(VANISHED):
            level, strict = Decimal(VANISHED), False
        halvings = _DIGITS.divide(_DIGITS.ln(_DIGITS.divide(Decimal(self.score), level)), _LN_2)
        at = _DIGITS.add(Decimal(self.last), _DIGITS.multiply(halvings, Decimal(self.half_life)))
        whole = at.to_integral_value(ROUND_CEILING) if strict else at.to_integral_value(ROUND_FLOOR) + 1
        # One rounding of the exponent, one of the power, one of the product, one of the level.
        slack = self.half_life * (float(halvings) + 4) * 2.0**-52 / log(2)
        return int(whole), abs(float(at - at.to_integral_value())) <= slack


def drawn(lots: Random) -> Crossing:
    half_life = lots.choice((*HALF_LIVES, lots.randrange(1_000, 3_650 * 86_400_000)))
    level = lots.choice((float(lots.randrange(1, 10)), 10 ** lots.uniform(-14, 12), lots.uniform(0, 10)))
    halvings = lots.choice((lots.uniform(0.001, 13), lots.uniform(0.001, 0.01), float(lots.randrange(1, 13))))
    score = max(level, VANISHED) * 2.0**halvings
    return Crossing(score, lots.randrange(-END, END), half_life, lots.choice(("gte", "gt")), level, lots.choice((True, False)))


def check(crossing: Crossing) -> bool:
    """Whether the time is a tie between two milliseconds, either of which is right; AssertionError where it is wrong."""
    found, (exact, tie) = crossing.found(), crossing.exact()
    assert abs(found - exact) <= tie, (crossing, found, exact)
    return tie

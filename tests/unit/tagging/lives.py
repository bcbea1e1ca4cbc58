"""Lives of people whose score fades for 130 years, applied to every day as a worker does it, and the exact sum beside the score.

A worker unpacks a person, moves the origin of their times once in weeks, applies, and packs them again, in one of two formats.
The exact sum is a whole number of units of 2⁻⁴⁰⁰, and so is what is left of it after any time. A sum of magnitudes below 10⁻¹²
counts as that, because such a score is read as 0: of a weight of 10²⁸⁰ that has halved a thousand times, doubles keep few digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Context, Decimal
from itertools import islice
from math import exp2, frexp, isfinite
from random import Random

from tagging.apply import Application
from tagging.codec import FORMAT, REST_FORMAT, pack, unpack
from tagging.decay import VANISHED, score_at
from tagging.person import Person
from tagging.rules import CompiledRule, normal_weight
from tagging.state import REBASE_AFTER, PersonState, new_person, rebase
from tests.unit.tagging.made import DAY, event, tag

YEAR = 365 * DAY
START, END = 0, 4_102_444_800_000
DAYS = (END - START) // DAY
HALF_LIVES = (1_000, 60_000, 3_600_000, DAY, 7 * DAY, 90 * DAY, YEAR, 10 * YEAR)
NEAR = 1e-9

SHIFT = 400
_TABLE_BITS = 256
_EVENT = event()


def scaled(value: float) -> int:
    """A double, exactly, in units of 2⁻⁴⁰⁰; what lies beyond is cut off."""
    mantissa, exponent = frexp(value)
    whole, move = int(mantissa * 2**53), exponent - 53 + SHIFT
    return whole << move if move >= 0 else whole >> -move


class Fading:
    """Fading by one half-life in whole numbers: 2⁻ˣ is the product of 2^(−2ᵏ/h) over the bits of what is left of x."""

    def __init__(self, half_life: int) -> None:
        digits = Context(prec=100)
        self.half_life = half_life
        self._table = [
            int(digits.multiply(digits.power(2, digits.divide(Decimal(-(1 << bit)), Decimal(half_life))), Decimal(1 << _TABLE_BITS)))
            for bit in range(half_life.bit_length())
        ]

    def faded(self, value: int, age: int) -> int:
        """A scaled number after ``age`` ms."""
        halvings, rest = divmod(age, self.half_life)
        value >>= min(halvings, 4 * SHIFT)
        for factor in self._table:
            if not rest:
                break
            if rest & 1:
                value = value * factor >> _TABLE_BITS
            rest >>= 1
        return value


@dataclass
class Exact:
    """The sum of all weights as of the newest time, scaled, and the sum of their magnitudes."""

    fading: Fading
    last: int
    total: int = 0
    size: float = 0.0

    def add(self, at: int, weight: float) -> None:
        half_life = self.fading.half_life
        if at >= self.last:
            self.total = self.fading.faded(self.total, at - self.last) + scaled(weight)
            self.size = self.size * exp2((self.last - at) / half_life) + abs(weight)
            self.last = at
        else:
            self.total += self.fading.faded(scaled(weight), self.last - at)
            self.size += abs(weight) * exp2((at - self.last) / half_life)


@dataclass
class Drift:
    """How far scores were from the exact sums at worst, as a part of the sum of magnitudes; and what was gone through."""

    worst: float = 0.0
    worst_read: float = 0.0
    days: int = 0
    applications: int = 0
    late: int = 0
    rebases: int = 0
    packed: dict[int, int] = field(default_factory=lambda: {FORMAT: 0, REST_FORMAT: 0})

    def add(self, other: Drift) -> None:
        self.worst = max(self.worst, other.worst)
        self.worst_read = max(self.worst_read, other.worst_read)
        for name in ("days", "applications", "late", "rebases"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for form, count in other.packed.items():
            self.packed[form] += count


def life(lots: Random, half_life: int) -> Iterator[tuple[int, list[tuple[int, float]]]]:
    """Day by day the clock and what is applied then: new, at the newest time once more, late by some half-lives or by decades."""
    scale = lots.choice((1.0, 1.0, 1.0, 1e-9, 1e12, 1e280))
    newest = START
    for day in range(DAYS):
        clock = START + day * DAY + lots.randrange(DAY)
        applied = []
        for kind in ["new", *lots.choices(("late", "equal", "older"), k=lots.randrange(2))]:
            if kind == "new":
                at = newest = clock - lots.randrange(clock - newest + 1) if day else clock
            else:
                at = {"equal": newest, "late": max(START, newest - lots.randrange(20 * half_life)), "older": lots.randrange(newest + 1)}[
                    kind
                ]
            weight = lots.choice((lots.uniform(-50, 50), float(lots.randrange(-5, 6)), lots.uniform(0, 1)))
            applied.append((at, weight * scale))
        yield clock, applied


def lived(half_life: int, seed: int, days: int = DAYS) -> Drift:
    """One person's days. Raises AssertionError where the score leaves the exact sum or is none."""
    to = tag(1, half_life)
    packed = pack(new_person("user:u1", 0, START, 1))
    exact = Exact(Fading(half_life), START)
    drift = Drift()
    for clock, applied in islice(life(Random(seed), half_life), days):
        state = unpack(packed)
        if clock - state.base > REBASE_AFTER:
            rebase(state, clock)
            drift.rebases += 1
        for at, weight in applied:
            rule = CompiledRule(to, 1, None, normal_weight(weight))
            Application(state, _EVENT, None, at - state.base, clock - state.base).run_rules([rule], Person(state))
            drift.late += at < exact.last
            exact.add(at, weight)
        drift.days += 1
        drift.applications += len(applied)
        _compare(state, exact, clock, drift)
        # A person with recent ids is packed in one format, one without in the other.
        state.recent = b"" if drift.days % 2 else bytes(12)
        packed = pack(state)
        drift.packed[packed[0]] += 1
    return drift


def _compare(state: PersonState, exact: Exact, clock: int, drift: Drift) -> None:
    held = state.tags[1]
    assert (state.base + held.last, held.count) == (exact.last, drift.applications)
    assert isfinite(held.score)
    assert isfinite(held.weight)
    off = _apart(held.score, exact.total) / max(exact.size, VANISHED)
    drift.worst = max(drift.worst, off)
    assert off <= NEAR, (exact.fading.half_life, clock, held.score, exact.total / (1 << SHIFT))
    if drift.days % 8 == 0:
        _compare_reading(held.score, exact, clock + drift.days * 1_000, drift)


def _compare_reading(score: float, exact: Exact, at: int, drift: Drift) -> None:
    """The score as it is read later on; below a millionth of a millionth it is 0."""
    half_life = exact.fading.half_life
    found = score_at(score, exact.last, half_life, at)
    size = exact.size * exp2((exact.last - at) / half_life)
    expected = exact.fading.faded(exact.total, at - exact.last)
    assert isfinite(found)
    if found:
        off = _apart(found, expected) / size
        drift.worst_read = max(drift.worst_read, off)
        assert off <= NEAR
    else:
        assert _apart(0.0, expected) <= VANISHED + NEAR * size


def _apart(found: float, exact: int) -> float:
    return abs(scaled(found) - exact) / (1 << SHIFT)

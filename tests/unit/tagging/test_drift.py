"""Ten million person-days of decay: the fold of a score stays the sum of its contributions, each faded by itself.

A person-day is one day of one person's life between the first and the last application to the tag, during which the score
is carried on and fades. Each half-life from a second to ten years is lived by PERSONS people from 1970 to 2100 (47 482 days
each): 8 × 27 × 47 482 = 10.2 million person-days and 1.3 million applications, more than half of them late. At
the end of each of 13 decades the score is compared with an exact sum of all contributions so far, and, for one person of
each half-life, with a sum to sixty digits.
"""

from __future__ import annotations

import random
from decimal import Decimal, localcontext
from fractions import Fraction
from math import fsum, isfinite

import numpy as np
import pytest

from tagging.apply import Application
from tagging.decay import score_at
from tagging.person import Person
from tagging.rules import CompiledRule
from tagging.state import TagState
from tests.unit.tagging.made import DAY, empty_state, event, tag

YEAR = 365 * DAY
START, END = 0, 4_102_444_800_000
DECADES = 13
PERSONS = 27
HALF_LIVES = [1_000, 60_000, 3_600_000, DAY, 7 * DAY, 90 * DAY, YEAR, 10 * YEAR]
DAYS = (END - START) // DAY
EVENT = event()

Log = list[tuple[int, float]]


def life(lots: random.Random, half_life: int) -> Log:
    """Applications in order of application: now and then a burst, some of them late by up to twenty half-lives."""
    log: Log = [(START, lots.uniform(-5, 50))]
    at = START
    while at < END:
        log.append((at, lots.uniform(-5, 50)))
        for _ in range(lots.randrange(3)):
            log.append((max(START, at - lots.randrange(20 * half_life)), lots.uniform(-5, 50)))
            log.append((min(END, at + lots.randrange(half_life)), lots.uniform(-5, 50)))
        at += lots.randrange(1, 48 * DAY)
    log.append((END, 1.0))
    return log


def check(held: TagState, log: Log, half_life: int, *, to_sixty_digits: bool) -> None:
    """A contribution too small for a double adds nothing to either side."""
    times = np.array([at for at, _ in log], dtype=np.int64)
    weights = np.array([weight for _, weight in log])
    with np.errstate(under="ignore"):
        contributions = weights * np.exp2((times - held.last) / half_life)
    size = fsum(np.abs(contributions))

    assert held.last == times.max()
    assert isfinite(held.score)
    assert abs(held.score - fsum(contributions)) <= 1e-9 * size
    assert isfinite(score_at(held.score, held.last, half_life, 2 * END))
    if to_sixty_digits:
        assert abs(held.score - exact(log, half_life, held.last)) <= 1e-9 * size


def exact(log: Log, half_life: int, at: int) -> float:
    """The sum to sixty digits; what is below 2⁻³⁰⁰ of its weight is left out."""
    with localcontext() as context:
        context.prec = 60
        total = Decimal(0)
        for time, weight in log:
            halvings = Fraction(at - time, half_life)
            if halvings < 300:
                total += Decimal(weight) * Decimal(2) ** (Decimal(-halvings.numerator) / Decimal(halvings.denominator))
        return float(total)


def test_it_is_ten_million_person_days() -> None:
    assert len(HALF_LIVES) * PERSONS * DAYS > 10_000_000
    assert (HALF_LIVES[0], HALF_LIVES[-1]) == (1_000, 3_650 * DAY)


@pytest.mark.parametrize("half_life", HALF_LIVES)
def test_over_a_century_a_score_does_not_drift(half_life: int) -> None:
    fading = tag(1, half_life)
    for number in range(PERSONS):
        log = life(random.Random(half_life + number), half_life)
        state = empty_state(START)
        person = Person(state)
        applied = 0
        for decade in range(1, DECADES + 1):
            until = len(log) * decade // DECADES
            for at, weight in log[applied:until]:
                Application(state, EVENT, None, at, at).run_rules([CompiledRule(fading, 1, None, weight)], person)
            applied = until
            check(state.tags[1], log[:until], half_life, to_sixty_digits=number == 0 and decade in (1, 4, DECADES))
        assert (state.tags[1].first, state.tags[1].last) == (START, max(at for at, _ in log))
        assert state.tags[1].count == len(log)

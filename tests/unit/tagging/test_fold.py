"""The fold of a score: weights in order of application, early and late ones."""

from __future__ import annotations

import random
from decimal import Decimal, localcontext
from fractions import Fraction
from math import exp2, fsum, isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagging.decay import score_at
from tests.unit.tagging.made import DAY, fold

applications = st.lists(st.tuples(st.integers(-(10**11), 10**11), st.floats(-1e6, 1e6)), min_size=1, max_size=12)
half_lives = st.integers(1_000, 3_650 * DAY)


def exact_score(log: list[tuple[int, float]], half_life: int, at: int) -> float:
    """The sum of all weights, each faded by itself, to sixty digits."""
    with localcontext() as context:
        context.prec = 60
        total = Decimal(0)
        for time, weight in log:
            halvings = Fraction(at - time, half_life)
            total += Decimal(weight) * Decimal(2) ** (Decimal(-halvings.numerator) / Decimal(halvings.denominator))
        return float(total)


def test_a_newer_weight_fades_what_was_there_to_its_time() -> None:
    held = fold([(0, 4), (10, 1)], half_life=10)

    assert (held.score, held.last, held.first, held.count, held.weight) == (3, 10, 0, 2, 5)


def test_a_late_weight_is_itself_faded_to_the_newest_time() -> None:
    held = fold([(10, 1), (0, 4)], half_life=10)

    assert (held.score, held.last, held.first, held.count, held.weight) == (3, 10, 0, 2, 5)


def test_at_one_instant_nothing_fades() -> None:
    assert fold([(5, 1), (5, 1), (5, 1)], half_life=3).score == 3


def test_without_a_half_life_weights_add_up() -> None:
    held = fold([(0, 1), (10**12, 2), (-(10**12), 0.5)])

    assert (held.score, held.last, held.first) == (3.5, 10**12, -(10**12))


def test_the_cap_clamps_from_above_at_each_application() -> None:
    assert fold([(0, 5), (10, 1)], half_life=10, cap=4).score == 3
    assert fold([(0, 5), (0, -1), (0, 0.5)], cap=4).score == 3.5
    assert fold([(0, 3), (0, 3)], cap=4).score == 4
    assert fold([(10, 3), (0, 4)], half_life=10, cap=4).score == 4


def test_there_is_no_floor() -> None:
    assert fold([(0, -50), (0, -50)], cap=4).score == -100


def test_the_cap_leaves_the_weight_alone() -> None:
    assert fold([(0, 5), (0, 5)], cap=4).weight == 10


@settings(deadline=None)
@given(applications, half_lives, st.randoms(use_true_random=False))
def test_without_a_cap_the_order_of_application_does_not_matter(log: list[tuple[int, float]], half_life: int, lots: random.Random) -> None:
    shuffled = log.copy()
    lots.shuffle(shuffled)
    one, other = fold(log, half_life), fold(shuffled, half_life)

    size = sum(abs(weight) for _, weight in log)
    assert (one.last, one.first, one.count) == (other.last, other.first, other.count)
    assert one.score == pytest.approx(other.score, rel=0, abs=1e-9 * size)
    assert one.weight == pytest.approx(other.weight, rel=0, abs=1e-9 * size)


@settings(deadline=None)
@given(applications, half_lives)
def test_the_fold_is_the_sum_of_weights_that_each_faded_alone(log: list[tuple[int, float]], half_life: int) -> None:
    held = fold(log, half_life)

    assert held.score == pytest.approx(exact_score(log, half_life, held.last), rel=0, abs=1e-12 * sum(abs(weight) for _, weight in log))


@pytest.mark.parametrize("half_life", [1_000, 60_000, 3_600_000, DAY, 7 * DAY, 90 * DAY, 365 * DAY, 3_650 * DAY])
def test_ten_million_days_of_persons_do_not_drift(half_life: int) -> None:
    """Over all half-lives: 8 × 100 persons × 13 000 days or more, between 1970 and 2100."""
    lots = random.Random(half_life)
    century = 130 * 365 * DAY
    for number in range(100):
        start = lots.randrange(century - 13_000 * DAY)
        span = lots.randrange(13_000 * DAY, century - start + 1)
        log = [(start + lots.randrange(span), lots.uniform(-5, 50)) for _ in range(40)]
        newest = max(at for at, _ in log)
        log += [(newest - lots.randrange(20 * half_life), lots.uniform(-5, 50)) for _ in range(20)]

        held = fold(log, half_life)

        size = fsum(abs(weight) * exp2((at - held.last) / half_life) for at, weight in log)
        summed = fsum(weight * exp2((at - held.last) / half_life) for at, weight in log)
        assert isfinite(held.score)
        assert abs(held.score - summed) <= 1e-12 * size
        if number % 20 == 0:
            assert abs(held.score - exact_score(log, half_life, held.last)) <= 1e-12 * size
        assert isfinite(score_at(held.score, held.last, half_life, century))

"""Ten million person-days of decay in short; ``scripts/soak --what decay`` lives them all."""

from __future__ import annotations

from decimal import Context, Decimal

import pytest

from tagging.codec import FORMAT, REST_FORMAT
from tests.unit.tagging.lives import HALF_LIVES, SHIFT, Fading, lived, scaled

DAYS = 4_000


@pytest.mark.parametrize("half_life", HALF_LIVES)
def test_day_by_day_through_both_packed_forms_a_score_stays_the_exact_sum(half_life: int) -> None:
    """The score is compared every day: a billionth of the sum of magnitudes is far more than is ever needed."""
    drift = lived(half_life, seed=half_life + 1, days=DAYS)

    assert drift.worst < 1e-12
    assert (drift.days, drift.packed) == (DAYS, {FORMAT: DAYS // 2, REST_FORMAT: DAYS // 2})
    assert drift.late > DAYS // 10
    assert drift.rebases > DAYS // 60


@pytest.mark.parametrize("half_life", HALF_LIVES)
def test_the_exact_sum_fades_as_it_would_to_fifty_digits(half_life: int) -> None:
    digits = Context(prec=50)
    for age in (0, 1, half_life - 1, half_life, 3 * half_life + 7, 100 * half_life + 1):
        expected = digits.multiply(Decimal(3), digits.power(2, digits.divide(Decimal(-age), Decimal(half_life))))
        found = digits.divide(Decimal(Fading(half_life).faded(scaled(3.0), age)), Decimal(1 << SHIFT))
        assert abs(found - expected) <= expected * Decimal("1e-45")
    assert Fading(half_life).faded(scaled(1e290), 3_000 * half_life) == 0


def test_a_double_is_scaled_exactly() -> None:
    assert scaled(0.1) * 2**55 == int(0.1 * 2**55) << SHIFT
    assert scaled(-1e290) == -int(1e290) << SHIFT
    assert (scaled(5e-324), scaled(0.0)) == (0, 0)

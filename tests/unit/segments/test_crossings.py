from __future__ import annotations

from random import Random

import pytest

from tests.unit.segments.crossings import Crossing, check, drawn


def test_a_comparison_ends_at_the_millisecond_that_sixty_digits_say() -> None:
    lots = Random(1)
    ties = sum(check(drawn(lots)) for _ in range(3_000))

    assert ties < 100


@pytest.mark.parametrize(("operator", "ends"), [("gte", 1_001), ("gt", 1_000)])
@pytest.mark.parametrize("below_zero", [False, True])
def test_by_hand(operator: str, ends: int, below_zero: bool) -> None:
    """Two halves to one in a second: then it is still one, and no more than one."""
    crossing = Crossing(2.0, 0, 1_000, "gte" if operator == "gte" else "gt", 1.0, below_zero)

    assert crossing.found() == ends
    assert crossing.exact() == (ends, False)


def test_the_tolerance_moves_the_end_by_its_part_of_a_half_life() -> None:
    """In ten years 2⁻⁴⁰ is 0.4 ms: with a level that is reached 0.1 ms before a whole millisecond the comparison holds at it."""
    ten_years = 315_360_000_000
    level = 2.0 ** (-(1_000_000 - 0.1) / ten_years)
    crossing = Crossing(1.0, 0, ten_years, "gte", level, below_zero=False)

    assert crossing.found() == crossing.exact()[0] == 1_000_001

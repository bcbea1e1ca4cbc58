from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definitions.model import Comparison, NumberOperator
from tagging.windows import add_time, times_needed


@pytest.mark.parametrize(
    ("operator", "value", "upper", "needed"),
    [
        ("gte", 3, None, 3),
        ("gte", 2.5, None, 3),
        ("gt", 3, None, 4),
        ("gt", 2.5, None, 4),
        ("eq", 3, None, 4),
        ("ne", 3, None, 4),
        ("lte", 3, None, 4),
        ("lt", 3, None, 4),
        ("between", 1, 5, 6),
        ("gte", 0, None, 1),
        ("gte", -7, None, 1),
        ("lt", -7, None, 1),
    ],
)
def test_as_many_times_are_kept_as_decide_the_comparison(operator: NumberOperator, value: float, upper: float | None, needed: int) -> None:
    assert times_needed((Comparison(operator, value, upper),)) == needed


def test_several_comparisons_keep_what_the_most_demanding_needs() -> None:
    assert times_needed((Comparison("gte", 2), Comparison("lt", 9), Comparison("ne", 3))) == 10
    assert times_needed(()) == 1


def test_times_stay_in_order_and_the_newest_are_kept() -> None:
    times = [10, 20, 30]
    add_time(times, 25, 4, 0)
    assert times == [10, 20, 25, 30]
    add_time(times, 5, 4, 0)
    assert times == [10, 20, 25, 30]
    add_time(times, 30, 4, 0)
    assert times == [20, 25, 30, 30]


def test_what_left_the_longest_window_goes() -> None:
    times = [10, 20, 30]
    add_time(times, 40, 9, 20)
    assert times == [30, 40]


@settings(deadline=None)
@given(st.lists(st.integers(-50, 50), max_size=20), st.integers(1, 5), st.integers(-60, 20))
def test_the_list_is_always_the_newest_of_those_in_the_window(arrivals: list[int], kept: int, oldest: int) -> None:
    times: list[int] = []
    for at in arrivals:
        add_time(times, at, kept, oldest)

    assert times == sorted(at for at in arrivals if at > oldest)[-kept:]

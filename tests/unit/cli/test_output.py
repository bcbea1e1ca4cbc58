from __future__ import annotations

import pytest

from stream.cli.output import distance, number, plain, when


def test_control_characters_of_strangers_never_reach_the_terminal() -> None:
    assert plain("a\x1b[31m\n李") == "a\\x1b[31m\\x0a李"


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (8400, "in 8.4 s"),
        (-900, "0.9 s ago"),
        (-600_000, "10 min ago"),
        (7_200_000, "in 2 h"),
        (5 * 86_400_000, "in 5 d"),
        (0, "0.0 s ago"),
    ],
)
def test_distances_have_a_unit_that_fits(milliseconds: int, words: str) -> None:
    assert distance(milliseconds) == words


def test_numbers_are_short_and_thousands_stand_apart() -> None:
    assert [number(each) for each in (1234567, 3.0, 2.71828, 0)] == ["1 234 567", "3", "2.718", "0"]


def test_a_time_is_utc_with_milliseconds() -> None:
    assert when(1_764_000_000_123) == "2025-11-24 16:00:00.123"
    assert when(1_764_000_000_123, 1_764_000_000_000) == "2025-11-24 16:00:00.123 (in 0.1 s)"
    assert when(None) == "–"

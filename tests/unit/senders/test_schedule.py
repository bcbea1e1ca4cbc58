from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.runtime.settings_sender import SenderSettings
from stream.senders.schedule import Backoff, RetrySchedule, retry_after_seconds

BACKOFF = Backoff(first_seconds=2, factor=3, longest_seconds=14_400)


class Always:
    """Jitter that always draws the upper bound, or the lower."""

    def __init__(self, *, upper: bool) -> None:
        self._upper = upper

    def uniform(self, a: float, b: float) -> float:
        return b if self._upper else a


def test_the_bound_of_a_wait_grows_by_the_factor_up_to_the_longest() -> None:
    assert [BACKOFF.bound_seconds(n) for n in (1, 2, 3, 4, 9, 10, 1000)] == [2, 6, 18, 54, 13_122, 14_400, 14_400]


@given(st.integers(1, 100_000), st.integers())
def test_a_wait_is_drawn_between_nought_and_its_bound(failures: int, seed: int) -> None:
    assert 0 <= BACKOFF.draw_seconds(failures, random.Random(seed)) <= BACKOFF.bound_seconds(failures)


def test_the_draw_fills_the_whole_interval_evenly() -> None:
    chance = random.Random(7)
    draws = [BACKOFF.draw_seconds(1, chance) for _ in range(4000)]
    assert all(800 < sum(low <= draw < low + 0.5 for draw in draws) < 1200 for low in (0, 0.5, 1, 1.5))


def attempts_of(schedule: RetrySchedule, chance: random.Random | Always) -> list[float]:
    """The times of all attempts, in seconds since the first, when each fails at once."""
    times = [0.0]
    while (wait := schedule.wait_seconds(len(times), times[-1], chance)) is not None:
        times.append(times[-1] + wait)
    return times


@given(st.integers())
def test_by_default_the_last_attempt_comes_after_72_hours_at_least(seed: int) -> None:
    settings = SenderSettings()
    backoff = Backoff(settings.retry_first_seconds, settings.retry_factor, settings.retry_longest_seconds)
    schedule = RetrySchedule(backoff, settings.retry_horizon_seconds, settings.retry_after_longest_seconds)

    times = attempts_of(schedule, random.Random(seed))

    assert times[-1] >= 72 * 3600
    assert times[-1] == pytest.approx(settings.retry_horizon_seconds)
    assert times[1] <= 2
    assert 20 < len(times) < 120


def test_without_luck_the_waits_are_the_bounds() -> None:
    schedule = RetrySchedule(Backoff(1, 2, 8), horizon_seconds=20, retry_after_longest_seconds=0)

    assert attempts_of(schedule, Always(upper=True)) == [0, 1, 3, 7, 15, 20]


def test_a_horizon_of_nought_means_a_single_attempt() -> None:
    assert attempts_of(RetrySchedule(BACKOFF, 0, 0), Always(upper=True)) == [0]


@pytest.mark.parametrize(("asked", "held"), [(None, 0), (5.0, 5), (1e9, 3600)])
def test_retry_after_is_obeyed_up_to_the_cap(asked: float | None, held: float) -> None:
    assert RetrySchedule(BACKOFF, 270_000, 3600).hold_seconds(asked) == held


NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        (format_datetime(datetime(2026, 11, 22, 8, 1, tzinfo=UTC), usegmt=True), 60),
        (format_datetime(datetime(2026, 11, 22, 7, 0, tzinfo=UTC), usegmt=True), 0),
        ("-1", None),
        ("soon", None),
        ("1e3", None),
        ("", None),
        ("²", None),
        (None, None),
        ("Fri, 99 Nov 2026 08:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_else_nothing(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW.timestamp()) == seconds

"""Where units of a calendar begin. All times are written down from the zones' published rules."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from schemas.definitions.model import CalendarWindow
from tests.oracle.calendars import leaving_time, midnight, read_date, window_start
from tests.unit.oracle.scenario import T, after_t


def ms(text: str) -> int:
    return after_t(text) + T


@pytest.mark.parametrize(
    ("unit", "begins", "ends"),
    [
        ("hour", "2025-11-25T14:00:00+08:00", "2025-11-25T15:00:00+08:00"),
        ("day", "2025-11-25T00:00:00+08:00", "2025-11-26T00:00:00+08:00"),
        ("week", "2025-11-24T00:00:00+08:00", "2025-12-01T00:00:00+08:00"),
        ("month", "2025-11-01T00:00:00+08:00", "2025-12-01T00:00:00+08:00"),
        ("quarter", "2025-10-01T00:00:00+08:00", "2026-01-01T00:00:00+08:00"),
        ("year", "2025-01-01T00:00:00+08:00", "2026-01-01T00:00:00+08:00"),
    ],
)
def test_each_unit_begins_and_ends_by_the_zones_clocks(unit: Any, begins: str, ends: str) -> None:
    window, at = CalendarWindow(unit, "Asia/Shanghai"), ms("2025-11-25T14:20:00+08:00")
    assert window_start(window, at) == ms(begins)
    assert leaving_time(window, at) == leaving_time(window, ms(begins)) == ms(ends)


@pytest.mark.parametrize(
    ("unit", "last", "begins"),
    [
        ("hour", 24, "2026-02-28T15:00:00+00:00"),
        ("day", 3, "2026-02-27T00:00:00+00:00"),
        ("week", 2, "2026-02-16T00:00:00+00:00"),
        ("month", 3, "2026-01-01T00:00:00+00:00"),
        ("quarter", 2, "2025-10-01T00:00:00+00:00"),
        ("year", 3, "2024-01-01T00:00:00+00:00"),
    ],
)
def test_the_last_n_are_the_current_unit_and_those_before_it(unit: Any, last: int, begins: str) -> None:
    assert window_start(CalendarWindow(unit, "UTC", last), ms("2026-03-01T14:20:00+00:00")) == ms(begins)


def test_a_week_that_spans_two_years_is_one_week() -> None:
    """2026 begins on a Thursday."""
    window = CalendarWindow("week")
    assert window_start(window, ms("2026-01-01T12:00:00+00:00")) == ms("2025-12-29T00:00:00+00:00")
    assert window_start(window, ms("2026-01-04T23:59:59.999+00:00")) == ms("2025-12-29T00:00:00+00:00")
    assert window_start(window, ms("2026-01-05T00:00:00+00:00")) == ms("2026-01-05T00:00:00+00:00")


def test_a_day_on_which_the_clocks_go_forward_has_23_hours_and_back_25() -> None:
    window = CalendarWindow("day", "America/New_York")
    spring, autumn = ms("2026-03-08T00:00:00-05:00"), ms("2026-11-01T00:00:00-04:00")
    assert leaving_time(window, spring) == ms("2026-03-09T00:00:00-04:00") == spring + 23 * 3_600_000
    assert leaving_time(window, autumn) == ms("2026-11-02T00:00:00-05:00") == autumn + 25 * 3_600_000


def test_an_hour_is_60_elapsed_minutes_when_the_clocks_show_it_twice() -> None:
    """In New York the hour from 1:00 comes twice on 2026-11-01; each is an hour of its own."""
    window = CalendarWindow("hour", "America/New_York")
    assert window_start(window, ms("2026-11-01T01:59:00-04:00")) == ms("2026-11-01T01:00:00-04:00")
    assert window_start(window, ms("2026-11-01T01:59:00-05:00")) == ms("2026-11-01T01:00:00-05:00")
    assert window_start(CalendarWindow("hour", "America/New_York", 2), ms("2026-11-01T01:59:00-05:00")) == ms("2026-11-01T01:00:00-04:00")


def test_an_hour_begins_where_the_local_clock_shows_a_full_hour() -> None:
    assert window_start(CalendarWindow("hour", "Asia/Kolkata"), ms("2026-01-01T14:20:00+05:30")) == ms("2026-01-01T14:00:00+05:30")


def test_a_midnight_that_the_clocks_skip_is_the_first_instant_after_it() -> None:
    """On 2018-11-04 the clocks of São Paulo went from 24:00 to 1:00. On 2011-12-30 those of Samoa skipped the whole day."""
    assert midnight(date(2018, 11, 4), "America/Sao_Paulo") == ms("2018-11-04T01:00:00-02:00")
    assert midnight(date(2011, 12, 30), "Pacific/Apia") == midnight(date(2011, 12, 31), "Pacific/Apia") == ms("2011-12-31T00:00:00+14:00")


def test_a_gap_around_midnight_ends_the_day_at_the_first_instant_after_it() -> None:
    """On 1919-03-30 the clocks of Toronto went from 23:30 to 0:30 of the next day."""
    assert midnight(date(1919, 3, 31), "America/Toronto") == ms("1919-03-31T00:30:00-04:00")


def test_of_a_repeated_midnight_the_first_begins_the_day() -> None:
    """In Havana the clocks went from 1:00 back to 0:00 on 2025-11-02."""
    assert midnight(date(2025, 11, 2), "America/Havana") == ms("2025-11-02T00:00:00-04:00")
    window = CalendarWindow("day", "America/Havana")
    assert window_start(window, ms("2025-11-02T00:30:00-05:00")) == ms("2025-11-02T00:00:00-04:00")


def test_a_day_that_has_begun_goes_on_when_the_clocks_fall_back_into_the_day_before() -> None:
    """In St. John's the clocks went from 0:01 back to 23:01 of the day before on 2010-11-07."""
    window = CalendarWindow("day", "America/St_Johns")
    begins = ms("2010-11-07T00:00:00-02:30")
    assert window_start(window, begins - 1) == ms("2010-11-06T00:00:00-02:30")
    assert window_start(window, ms("2010-11-06T23:30:00-03:30")) == begins
    assert leaving_time(window, ms("2010-11-06T12:00:00-02:30")) == begins


@pytest.mark.parametrize(
    ("value", "at"),
    [
        ("2026-05-01", "2026-05-01T00:00:00+08:00"),
        ("2026-05-01T10:30:00.123999+02:00", "2026-05-01T10:30:00.123+02:00"),
        ("2026-05-01T10:30", "2026-05-01T10:30:00+08:00"),
        ("2026-05-01T10:30:05.5", "2026-05-01T10:30:05.500+08:00"),
        ("2026-02-29", None),
        ("20260501", None),
        ("2026-05", None),
        ("", None),
        (1_764_000_000_000, None),
        (None, None),
    ],
)
def test_a_date_is_iso_text_and_local_unless_it_has_an_offset(value: Any, at: str | None) -> None:
    assert read_date(value, "Asia/Shanghai") == (None if at is None else ms(at))

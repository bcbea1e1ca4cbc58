from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definitions.model import CalendarUnit
from segments.calendar import Calendar, local_day, midnight_ms, wall_ms

UNITS: tuple[CalendarUnit, ...] = ("hour", "day", "week", "month", "quarter", "year")
ZONES = (
    "UTC",
    "Asia/Shanghai",
    "Asia/Kolkata",
    "America/Sao_Paulo",
    "America/Havana",
    "Europe/London",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Monrovia",
)


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("day", "zone", "begins"),
    [
        ("2026-07-01", "UTC", "2026-07-01T00:00:00+00:00"),
        ("2026-07-01", "Asia/Shanghai", "2026-06-30T16:00:00+00:00"),
        # The midnight is skipped: clocks go from 00:00 to 01:00.
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00+00:00"),
        # The midnight is repeated: clocks go from 01:00 back to 00:00.
        ("2026-11-01", "America/Havana", "2026-11-01T04:00:00+00:00"),
        # The whole day is skipped.
        ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00+00:00"),
        ("2011-12-31", "Pacific/Apia", "2011-12-30T10:00:00+00:00"),
    ],
)
def test_a_day_begins_at_the_first_instant_of_its_midnight_or_after_it(day: str, zone: str, begins: str) -> None:
    assert midnight_ms(date.fromisoformat(day), zone) == ms(begins)


def test_a_time_that_a_gap_skips_is_the_end_of_the_gap() -> None:
    """Also in the middle of the gap, to the millisecond."""
    ends = ms("2026-03-29T01:00:00+00:00")
    for wall in ("2026-03-29T01:00:00", "2026-03-29T01:30:00", "2026-03-29T01:59:59.999"):
        assert wall_ms(datetime.fromisoformat(wall), "Europe/London") == ends
    assert wall_ms(datetime.fromisoformat("2026-03-29T02:00"), "Europe/London") == ends


def test_of_a_repeated_time_the_first_counts() -> None:
    assert wall_ms(datetime.fromisoformat("2026-10-25T01:30"), "Europe/London") == ms("2026-10-25T00:30:00+00:00")


def test_at_the_ends_of_what_can_be_written_a_zone_does_not_matter() -> None:
    assert wall_ms(datetime.fromisoformat("0001-01-01"), "Asia/Shanghai") == ms("0001-01-01T00:00:00+00:00")
    assert wall_ms(datetime.fromisoformat("9999-12-31"), "America/Havana") == ms("9999-12-31T00:00:00+00:00")


def test_a_repeated_hour_before_midnight_belongs_to_the_day_that_had_begun() -> None:
    """In São Paulo the clocks went from midnight back to 23:00: the new day had not begun then."""
    assert local_day(ms("2018-02-18T01:59:59.999+00:00"), "America/Sao_Paulo") == date(2018, 2, 17)
    assert local_day(ms("2018-02-18T02:30:00+00:00"), "America/Sao_Paulo") == date(2018, 2, 17)
    assert local_day(ms("2018-02-18T03:00:00+00:00"), "America/Sao_Paulo") == date(2018, 2, 18)
    # In Havana from 01:00 back to 00:00: the day had begun before.
    assert local_day(ms("2026-11-01T04:30:00+00:00"), "America/Havana") == date(2026, 11, 1)
    assert local_day(ms("2026-11-01T05:30:00+00:00"), "America/Havana") == date(2026, 11, 1)


def test_after_a_repeated_midnight_the_day_that_had_begun_goes_on() -> None:
    """In St. John's the clocks went from 00:01 back to 23:01 of the day before."""
    zone = "America/St_Johns"
    begins = midnight_ms(date(2010, 11, 7), zone)
    assert begins == ms("2010-11-07T02:30:00+00:00")
    assert local_day(begins - 1, zone) == date(2010, 11, 6)
    for minutes in range(0, 120, 10):
        assert local_day(begins + minutes * 60_000, zone) == date(2010, 11, 7)


def test_weeks_begin_on_monday() -> None:
    weeks = Calendar("week", "UTC")
    assert weeks.start_ms(weeks.period(ms("2026-01-01T12:00:00+00:00"))) == ms("2025-12-29T00:00:00+00:00")
    assert weeks.period(ms("2025-12-28T23:59:59+00:00")) == weeks.period(ms("2025-12-29T00:00:00+00:00")) - 1


@pytest.mark.parametrize(
    ("unit", "begins"),
    [("hour", "2026-08-15T10:00:00"), ("day", "2026-08-15"), ("month", "2026-08-01"), ("quarter", "2026-07-01"), ("year", "2026-01-01")],
)
def test_periods_begin_where_people_expect_them_to(unit: CalendarUnit, begins: str) -> None:
    calendar = Calendar(unit, "Europe/London")
    wall = datetime.fromisoformat(begins).replace(tzinfo=ZoneInfo("Europe/London"))
    assert calendar.start_ms(calendar.period(ms("2026-08-15T10:20:00+01:00"))) == wall.timestamp() * 1000


def test_an_hour_has_sixty_minutes_whatever_the_clock_does() -> None:
    hours = Calendar("hour", "Europe/London")
    one = hours.period(ms("2026-10-25T00:30:00+00:00"))
    assert hours.period(ms("2026-10-25T01:30:00+00:00")) == one + 1
    assert hours.start_ms(one + 1) - hours.start_ms(one) == 3_600_000
    half = Calendar("hour", "Asia/Kolkata")
    assert half.start_ms(half.period(ms("2026-01-01T10:40:00+05:30"))) == ms("2026-01-01T10:00:00+05:30")


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(UNITS), st.sampled_from(ZONES), st.integers(ms("1971-01-01T00:00:00+00:00"), ms("2037-01-01T00:00:00+00:00")))
def test_every_time_lies_in_its_period_and_periods_follow_each_other(unit: CalendarUnit, zone: str, at: int) -> None:
    calendar = Calendar(unit, zone)
    period = calendar.period(at)

    assert calendar.start_ms(period) <= at < calendar.start_ms(period + 1)
    assert calendar.period(calendar.start_ms(period)) == period
    assert calendar.period(calendar.start_ms(period + 1) - 1) == period

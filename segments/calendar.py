"""Periods of a zone's calendar: which one a time lies in, and when each begins. Times are absolute milliseconds.

A day begins at the first instant at which the zone's clock shows its midnight or later: of a midnight that is repeated the
first counts, and one that is skipped gives the instant after the gap. So days follow each other without gap or overlap,
whatever the clock does, and weeks, months, quarters and years are made of days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

from schemas.definitions.model import CalendarUnit
from schemas.definitions.zones import zone_named

HOUR_MS: Final = 3_600_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Next to the ends of what Python can write there is no room for an offset.
_FIRST_YEAR: Final = 2
_LAST_YEAR: Final = 9_998
_END_MS: Final = 253_402_128_000_000  # two days before the year 10000
_SECOND: Final = timedelta(seconds=1)
_MILLISECOND: Final = timedelta(milliseconds=1)
_MONDAY: Final = date(1970, 1, 5).toordinal()
_MONTHS: Final[dict[str, int]] = {"month": 1, "quarter": 3, "year": 12}


@lru_cache(maxsize=4_096)
def midnight_ms(day: date, zone: str) -> int:
    """When a day of the zone's calendar begins."""
    return wall_ms(datetime.combine(day, time()), zone)


def wall_ms(wall: datetime, zone: str) -> int:
    """The first instant at which the zone's clock shows ``wall`` (naive) or later."""
    tz = zone_named(zone)
    if not _FIRST_YEAR <= wall.year <= _LAST_YEAR:
        return (wall.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND
    moment = wall.replace(tzinfo=tz).astimezone(UTC)
    if moment.astimezone(tz).replace(tzinfo=None, fold=0) == wall:
        return (moment - _EPOCH) // _MILLISECOND
    # In a gap: clocks are moved at whole seconds, so the end of the gap is found among those.
    whole = wall.replace(tzinfo=tz, microsecond=0)
    before, after = whole.replace(fold=1).astimezone(UTC), whole.astimezone(UTC)
    while after - before > _SECOND:
        middle = before + (after - before) // 2 // _SECOND * _SECOND
        if middle.astimezone(tz).replace(tzinfo=None) >= wall:
            after = middle
        else:
            before = middle
    return (after - _EPOCH) // _MILLISECOND


def local_day(at_ms: int, zone: str) -> date:
    """The day of the zone's calendar that a time lies in. The last one goes on for ever: what fades slowly is asked about later times."""
    at_ms = min(at_ms, _END_MS)
    day = (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(zone_named(zone)).date()
    # After a repeated midnight the clock shows the day before once more.
    while midnight_ms(day + timedelta(days=1), zone) <= at_ms:
        day += timedelta(days=1)
    return day


@dataclass(frozen=True, slots=True)
class Calendar:
    """Periods of one unit, numbered without gaps."""

    unit: CalendarUnit
    zone: str

    def period(self, at_ms: int) -> int:
        """The number of the period that a time lies in."""
        if self.unit == "hour":
            return (at_ms - _hour_shift_ms(self.zone)) // HOUR_MS
        return _number(local_day(at_ms, self.zone), self.unit)

    def start_ms(self, period: int) -> int:
        """When a period begins."""
        if self.unit == "hour":
            return period * HOUR_MS + _hour_shift_ms(self.zone)
        return midnight_ms(_first_day(period, self.unit), self.zone)


def _number(day: date, unit: str) -> int:
    if unit == "day":
        return day.toordinal()
    if unit == "week":
        return (day.toordinal() - _MONDAY) // 7
    return (day.year * 12 + day.month - 1) // _MONTHS[unit]


def _first_day(period: int, unit: str) -> date:
    if unit == "day":
        return date.fromordinal(period)
    if unit == "week":
        return date.fromordinal(period * 7 + _MONDAY)
    months = period * _MONTHS[unit]
    return date(months // 12, months % 12 + 1, 1)


@lru_cache(maxsize=64)
def _hour_shift_ms(zone: str) -> int:
    """Full hours of a zone whose clock is not whole hours from UTC: all hours have 60 minutes, so one shift must do for all times."""
    offset = datetime(2026, 1, 1, tzinfo=zone_named(zone)).utcoffset()
    assert offset is not None
    return -(offset // _MILLISECOND) % HOUR_MS

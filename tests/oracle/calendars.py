"""Local time: midnights, the units of a calendar, dates of traits. Times are whole milliseconds since 1970 UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tests.oracle.times import read_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.definitions.model import AnniversaryNode, CalendarUnit, CalendarWindow

HOUR_MS = 3_600_000
JANUARY_2026_MS = 1_767_225_600_000
FIRST_MS = -62_104_060_800_000
"""0002-01-01: before it no calendar is asked."""
LAST_MS = 253_370_764_800_000
"""9999-01-01: after it no calendar is asked."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LOCAL = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?")


@cache
def _zone(name: str) -> ZoneInfo:
    """From the pinned package, which decides what a zone is; the system may know an older one, or none."""
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as rules:
        return ZoneInfo.from_file(rules, key=name)


def local(t: int, zone: str) -> datetime:
    """The local time at ``t``."""
    return (_EPOCH + min(max(t, FIRST_MS), LAST_MS) * _MS).astimezone(_zone(zone))


def instant(wall: datetime, zone: str) -> int:
    """When the clocks of the zone show ``wall``: of two times the first; if they skip it, the first time after the gap."""
    before = _utc(wall, zone, 0)
    if not FIRST_MS < before < LAST_MS or local(before, zone).replace(tzinfo=None, fold=0) == wall:
        return before
    low, high = _utc(wall, zone, 1), before
    ahead = local(low, zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if local(middle, zone).utcoffset() == ahead:
            low = middle
        else:
            high = middle
    return high


def _utc(wall: datetime, zone: str, fold: int) -> int:
    return (wall.replace(tzinfo=_zone(zone), fold=fold) - _EPOCH) // _MS


@cache
def midnight(day: date, zone: str) -> int:
    """When the day begins."""
    return instant(datetime(day.year, day.month, day.day), zone)  # noqa: DTZ001 - a wall clock has no zone


def first_day(unit: CalendarUnit, day: date) -> date:
    """The first day of the unit (not an hour) that the day lies in."""
    match unit:
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "year":
            return day.replace(month=1, day=1)
    return day


def earlier(unit: CalendarUnit, first: date, units: int) -> date:
    """The first day of the unit that lies some units before the one that begins on ``first``; never before the year 2."""
    if unit in ("day", "week"):
        days = units * (7 if unit == "week" else 1)
        return first - timedelta(days=min(days, (first - date(2, 1, 1)).days))
    months = first.year * 12 + first.month - 1 - units * {"month": 1, "quarter": 3}.get(unit, 12)
    return date(max(months // 12, 2), months % 12 + 1, 1)


@lru_cache(100_000)
def window_start(window: CalendarWindow, t: int) -> int:
    """Since when events count at ``t``."""
    if window.unit == "hour":
        # All hours last 60 minutes, so they are cut by one offset, whatever a zone's clock does in the course of time.
        offset = local(JANUARY_2026_MS, window.zone).utcoffset()
        passed = (t + (offset or timedelta()) // _MS) % HOUR_MS
        return t - passed - (window.last - 1) * HOUR_MS
    today = local(t, window.zone).date()
    near = [first_day(window.unit, today + timedelta(days=days)) for days in (-1, 0, 1)]
    current = max(day for day in near if midnight(day, window.zone) <= t)
    return midnight(earlier(window.unit, current, window.last - 1), window.zone)


@cache
def leaving_time(window: CalendarWindow, at: int) -> int | None:
    """The first time at which an event of ``at`` no longer counts; None: never before the year 9999."""
    step = HOUR_MS
    while window_start(window, at + step) <= at:
        step *= 2
        if at + step > LAST_MS:
            return None
    low, high = at, at + step
    while high - low > 1:
        middle = (low + high) // 2
        if window_start(window, middle) > at:
            high = middle
        else:
            low = middle
    return high


def read_date(value: Any, zone: str) -> int | None:
    """The time of a trait that is a date (its midnight) or a time, local unless it has an offset; None: neither."""
    if not isinstance(value, str):
        return None
    at = read_time(value)
    if at is not None:
        return at
    wall = _read_local(value)
    return None if wall is None else instant(wall, zone)


def _read_local(text: str) -> datetime | None:
    try:
        if _DATE.fullmatch(text):
            return datetime.strptime(text, "%Y-%m-%d")  # noqa: DTZ007 - a wall clock has no zone
        found = _LOCAL.fullmatch(text)
        if found is None:
            return None
        day, hour, minute, second, fraction = found.groups()
        whole = datetime.strptime(f"{day} {hour}:{minute}:{second or '00'}", "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - same
    except ValueError:
        return None
    return whole + int((fraction or "")[:3].ljust(3, "0")) * _MS


def anniversaries(node: AnniversaryNode, value: Any, low: int, high: int) -> Iterator[tuple[int, int]]:
    """Every [begin, end) in which the node is true for this date, as far as it may touch [low, high]."""
    if read_date(value, node.zone) is None:
        return
    # The day is the one that is written: a value with an offset means its local day, and what the zone does then does not matter.
    born = date.fromisoformat(value[:10])
    years = range(max(local(low, node.zone).year - 1, 2), min(local(high + node.within_ms, node.zone).year + 1, 9_998) + 1)
    for year in years:
        day = _day_in(year, born)
        begin = midnight(day, node.zone) - node.within_ms
        yield begin, midnight(day + timedelta(days=1), node.zone)


def _day_in(year: int, born: date) -> date:
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 2, 28)

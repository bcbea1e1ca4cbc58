"""Traits that are dates: coming, past, and coming back every year."""

from __future__ import annotations

import re
from calendar import isleap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, Literal

from segments.calendar import local_day, midnight_ms, wall_ms
from segments.intervals import covered
from segments.nodes import Outlook
from tagging.decay import NEVER
from tagging.paths import Getter
from tagging.person import Person
from tagging.values import elements

DAY_MS: Final = 86_400_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_ISO: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ]([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?([Zz]|[+-][0-9]{2}(:?[0-5][0-9])?)?)?"
)
_DATE_CHARACTERS: Final = 10
_LAST_YEAR: Final = 9_998
_LONGEST_YEAR_MS: Final = 367 * DAY_MS


@lru_cache(maxsize=1_024)
def read_date(text: str) -> date | datetime | None:
    """A date, or a time with or without an offset, of an ISO 8601 text; None if it is neither."""
    if _ISO.fullmatch(text) is None:
        return None
    try:
        return date.fromisoformat(text) if len(text) == _DATE_CHARACTERS else datetime.fromisoformat(text.upper())
    except ValueError:
        return None


def instant_ms(moment: date | datetime, zone: str) -> int:
    """The absolute time that is meant: a date is its midnight in the zone, and a time without an offset is the zone's."""
    if not isinstance(moment, datetime):
        return midnight_ms(moment, zone)
    return wall_ms(moment, zone) if moment.tzinfo is None else (moment - _EPOCH) // _MILLISECOND


def dates_in(found: Any) -> Iterator[date | datetime]:
    """The dates among what a path found."""
    for value in elements(found):
        moment = read_date(value) if type(value) is str else None
        if moment is not None:
            yield moment


@dataclass(frozen=True, slots=True)
class DateLeaf:
    """``next``: in [d − within, d); ``last``: in [d, d + within)."""

    read: Getter
    direction: Literal["next", "last"]
    within: int
    zone: str

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:  # noqa: ARG002 - an exact bound is cheap
        """See ``segments.nodes``."""
        base = person.state.base
        starts = [instant_ms(moment, self.zone) - base for moment in dates_in(self.read(person.traits()))]
        if self.direction == "next":
            return covered(((start - self.within, start) for start in starts), at)
        return covered(((start, start + self.within) for start in starts), at)


@dataclass(frozen=True, slots=True)
class AnniversaryLeaf:
    """From ``within`` before the day of the year begins until it ends, every year.

    A value with an offset means the day that is written in it.
    """

    read: Getter
    within: int
    zone: str

    def days(self, moment: date, year: int, years: int) -> Iterator[date]:
        """The day in a year and in those after it; Feb 29 is Feb 28 in other years."""
        for each in range(max(year, 1), min(year + years, _LAST_YEAR)):
            leaps = (moment.month, moment.day) != (2, 29) or isleap(each)
            yield date(each, moment.month, moment.day if leaps else 28)

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:  # noqa: ARG002 - an exact bound is cheap
        """See ``segments.nodes``."""
        moments = list(dates_in(self.read(person.traits())))
        if self.within >= _LONGEST_YEAR_MS:
            return (bool(moments), NEVER)
        base = person.state.base
        year = local_day(base + at, self.zone).year
        days = {day for moment in moments for day in self.days(moment, year - 1, 4)}
        return covered(((self._start(day) - self.within - base, self._start(day + timedelta(days=1)) - base) for day in days), at)

    def _start(self, day: date) -> int:
        return midnight_ms(day, self.zone)

"""Reads the window of an event node: at most one kind of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, cast

from schemas.definitions.model import CalendarUnit, CalendarWindow, FixedWindow
from schemas.definitions.node_shapes import CALENDAR, LATEST_MS, MOST_UNITS, UNITS
from schemas.definitions.values import read_duration, read_whole
from schemas.definitions.view import View, fields
from schemas.definitions.zones import read_zone
from schemas.errors import Rejected
from schemas.event import iso_ms

if TYPE_CHECKING:
    from schemas.definitions.view import Fields

_KINDS: Final = {"within": "within", "since": "fixed", "until": "fixed", "calendar": "calendar"}


class Windows(NamedTuple):
    """The window of an event node by kind; all None: ever."""

    within_ms: int | None
    fixed: FixedWindow | None
    calendar: CalendarWindow | None


def read_windows(found: Fields) -> Windows:
    """The window among the keys of an event node; tells of a second kind."""
    said = [(key, view) for key in _KINDS if (view := found.get(key)) is not None]
    for key, view in said[1:]:
        if _KINDS[key] != _KINDS[said[0][0]]:
            view.fault(f"one kind of window: '{said[0][0]}' is there already", f"'{key}'")
    return Windows(found.read("within", read_duration, None), _fixed(found), found.read("calendar", _calendar, None))


def _fixed(found: Fields) -> FixedWindow | None:
    since_ms, until_ms = found.read("since", _time, None), found.read("until", _time, None)
    until = found.get("until")
    if since_ms is not None and until_ms is not None and until is not None and since_ms >= until_ms:
        until.fault("a time after 'since'")
    return None if since_ms is None and until_ms is None else FixedWindow(since_ms, until_ms)


def _time(view: View) -> int | None:
    value = view.scalar()
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LATEST_MS:
        return value
    if isinstance(value, str):
        try:
            return iso_ms(value)
        except Rejected:
            pass
    if not view.unreadable:
        view.fault("a time: ISO 8601 with an offset, such as 2026-01-01T00:00:00+08:00, or whole milliseconds since 1970")
    return None


def _calendar(view: View) -> CalendarWindow:
    found = fields(view, CALENDAR)
    return CalendarWindow(
        unit=cast("CalendarUnit", found.read("unit", lambda unit: unit.one_of(UNITS), "")),
        zone=found.read("zone", read_zone, "UTC"),
        last=found.read("last", lambda last: read_whole(last, 1, MOST_UNITS), 1),
    )

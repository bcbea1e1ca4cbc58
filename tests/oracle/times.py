"""Times of the wire: whole milliseconds, or ISO 8601 with an offset."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?"
    r"(?:[Zz]|([+-])([0-9]{2})(?::?([0-9]{2}))?)"
)


def read_time(value: Any) -> int | None:
    """Milliseconds since 1970 UTC, what is finer cut off; None when the value is no time."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        return _read_iso(value)
    return None


def _read_iso(text: str) -> int | None:
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, offset_hours, offset_minutes = found.groups()
    try:
        local = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0), tzinfo=UTC)
    except ValueError:
        return None
    ahead_minutes = int(offset_hours or 0) * 60 + int(offset_minutes or 0)
    if int(offset_hours or 0) > 23 or int(offset_minutes or 0) > 59:
        return None
    whole = (local - _EPOCH) // timedelta(milliseconds=1)
    milliseconds = int((fraction or "")[:3].ljust(3, "0"))
    return whole + milliseconds - ahead_minutes * 60_000 * (-1 if sign == "-" else 1)


def write_time(milliseconds: int) -> str | None:
    """ISO 8601 in UTC with milliseconds; None past the year 9999, which it cannot write."""
    try:
        whole = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None
    text = whole.isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"

"""Tells a worker that stands still from one that has nothing to do."""

from __future__ import annotations

from collections.abc import Mapping


class Watchdog:
    """Bites when for so many seconds there were records to read and no cursor moved. Times are of one monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._cursors: dict[int, int] = {}
        self._moved_at: float | None = None

    def stuck(self, now: float, cursors: Mapping[int, int], ends: Mapping[int, int]) -> bool:
        """Note where each partition's cursor and the log's end are; True if it is time to give up."""
        idle = not any(ends.get(partition, 0) > cursor for partition, cursor in cursors.items())
        if idle or self._moved_at is None or dict(cursors) != self._cursors:
            self._moved_at = now
            self._cursors = dict(cursors)
            return False
        return now - self._moved_at > self._seconds

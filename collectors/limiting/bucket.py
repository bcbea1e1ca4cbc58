"""So many a second: token buckets, and many of them by name."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

BURST_SECONDS: Final = 10
NAMES_MAX: Final = 65_536


class Bucket:
    """So many a second, with bursts of ten seconds' worth.

    What is taken at once is taken whole, as a batch of events is: while anything is left it is granted, and what it is more than was left
    is owed. Times are seconds of one clock that never goes back.
    """

    __slots__ = ("_at", "_left", "per_second")

    def __init__(self, per_second: float, now: float) -> None:
        self.per_second = per_second
        self._left = per_second * BURST_SECONDS
        self._at = now

    def wait_seconds(self, now: float) -> float:
        """How long until something is granted again; 0 if it is now."""
        self._left = min(self.per_second * BURST_SECONDS, self._left + (now - self._at) * self.per_second)
        self._at = now
        return 0.0 if self._left >= 1 else (1 - self._left) / self.per_second

    def spend(self, amount: int) -> None:
        """Take so much, granted or not."""
        self._left -= amount


class Buckets:
    """A bucket for each name, at most so many: the one that was made first is forgotten for a new one, and so full again."""

    __slots__ = ("_by_name", "_most")

    def __init__(self, most: int = NAMES_MAX) -> None:
        self._by_name: dict[Hashable, Bucket] = {}
        self._most = most

    def of(self, name: Hashable, per_second: float, now: float) -> Bucket:
        """The bucket of a name. Of a rate that has changed what is left stays."""
        bucket = self._by_name.get(name)
        if bucket is None:
            if len(self._by_name) >= self._most:
                del self._by_name[next(iter(self._by_name))]
            bucket = self._by_name[name] = Bucket(per_second, now)
        elif bucket.per_second != per_second:
            bucket.per_second = per_second
        return bucket

    def __len__(self) -> int:
        return len(self._by_name)

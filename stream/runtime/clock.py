"""The wall clock as a collaborator, so that tests hold the hands."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time of day."""

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC; may step back when the machine's clock is set."""
        return time.time_ns() // 1_000_000


class SettableClock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self, now_ms: int = 0) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """The time that was set last."""
        return self._now_ms

    def set(self, now_ms: int) -> None:
        """Jump to a time, forwards or backwards."""
        self._now_ms = now_ms

    def advance(self, milliseconds: int) -> None:
        """Move on by so many milliseconds."""
        self._now_ms += milliseconds

"""When to try again: exponential backoff with full jitter, over days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Protocol


class Chance(Protocol):
    """Where jitter comes from; ``random.Random`` is one."""

    def uniform(self, a: float, b: float) -> float:
        """A number between ``a`` and ``b``."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that grow by ``factor`` from ``first_seconds`` to ``longest_seconds``, each drawn evenly from nought to its bound."""

    first_seconds: float
    factor: float
    longest_seconds: float

    def bound_seconds(self, failures: int) -> float:
        """The longest that may be waited after the given number of failures (from 1)."""
        bound = self.first_seconds
        for _ in range(failures - 1):
            bound *= self.factor
            if bound >= self.longest_seconds:
                break
        return min(bound, self.longest_seconds)

    def draw_seconds(self, failures: int, chance: Chance) -> float:
        """One wait."""
        return chance.uniform(0.0, self.bound_seconds(failures))


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """The waits of one transition.

    It is given up at its first failure ``horizon_seconds`` or more after its first attempt, so the last attempt is
    never earlier than the horizon. A receiver's Retry-After is obeyed up to ``retry_after_longest_seconds``.
    """

    backoff: Backoff
    horizon_seconds: float
    retry_after_longest_seconds: float

    def hold_seconds(self, retry_after_seconds: float | None) -> float:
        """How long the receiver's own Retry-After holds back the next attempt."""
        return min(retry_after_seconds or 0.0, self.retry_after_longest_seconds)

    def wait_seconds(self, failures: int, since_first_seconds: float, chance: Chance) -> float | None:
        """The wait before the next attempt; None: given up."""
        left = self.horizon_seconds - since_first_seconds
        if left <= 0:
            return None
        return min(self.backoff.draw_seconds(failures, chance), left)


def retry_after_seconds(header: str | None, now_seconds: float) -> float | None:
    """A Retry-After header (whole seconds, or an HTTP date against ``now_seconds`` since 1970); None: absent or unreadable."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        date = parsedate_to_datetime(text)
        if date.tzinfo is None:
            date = date.replace(tzinfo=UTC)
        return max(0.0, date.timestamp() - now_seconds)
    except (ValueError, OverflowError):
        return None

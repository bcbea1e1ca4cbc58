"""Being inside one of several intervals of time, and when that changes."""

from __future__ import annotations

from collections.abc import Iterable

from segments.nodes import Outlook
from tagging.decay import NEVER


def covered(intervals: Iterable[tuple[int, int]], at: int) -> Outlook:
    """Whether a time lies in some [start, end), and the exact time at which that changes; NEVER if it does not."""
    end = at
    for start, until in sorted(intervals):
        if until <= end:
            continue
        if start <= end:
            end = until
        elif end == at:
            return (False, start)
    return (end > at, end if end > at else NEVER)

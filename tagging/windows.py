"""The times, or rows, kept for a leaf: as many of the newest as any comparison asks for, within its longest window."""

from __future__ import annotations

from bisect import bisect_right, insort
from math import ceil
from operator import itemgetter
from typing import Final

from schemas.definitions.model import Comparison
from tagging.leaves import Row


def times_needed(comparisons: tuple[Comparison, ...]) -> int:
    """How many of the newest times decide the comparisons exactly: N for ``gte N``, else N + 1 (the upper end of between)."""
    needed = 1
    for comparison in comparisons:
        number = comparison.value if comparison.upper is None else comparison.upper
        needed = max(needed, ceil(number) + (0 if comparison.operator == "gte" else 1))
    return needed


def add_time(times: list[int], at: int, kept: int, oldest: int) -> None:
    """Add one event time to an ascending list; keep the newest ``kept`` of those > ``oldest``."""
    if not times or times[-1] <= at:
        times.append(at)
    else:
        insort(times, at)
    expired = bisect_right(times, oldest) if times[0] <= oldest else 0
    surplus = max(expired, len(times) - kept)
    if surplus > 0:
        del times[:surplus]


ROW_TIME: Final = itemgetter(0)


def add_row(rows: list[Row], row: Row, kept: int, oldest: int) -> int:
    """Add one row to rows in ascending order of time, behind those of its time; keep the newest ``kept`` of those > ``oldest``.

    How many are lost although they are not too old.
    """
    insort(rows, row, key=ROW_TIME)
    expired = bisect_right(rows, oldest, key=ROW_TIME)
    lost = max(0, len(rows) - expired - kept)
    del rows[: expired + lost]
    return lost


def merge_times(mine: list[int], theirs: list[int], kept: int) -> list[int]:
    """The newest ``kept`` times of two ascending lists, ascending."""
    return sorted([*mine, *theirs])[-kept:]


def merge_rows(mine: list[Row], theirs: list[Row]) -> list[Row]:
    """The rows of two lists in ascending order of time; of equal times the first list's come first."""
    return sorted([*mine, *theirs], key=ROW_TIME)

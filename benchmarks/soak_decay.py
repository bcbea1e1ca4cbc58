"""Ten million person-days of decay: every day applied to, unpacked and packed as by a worker, and compared with an exact sum."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from tests.unit.segments.crossings import check, drawn
from tests.unit.tagging.lives import DAYS, HALF_LIVES, Drift, lived


def decay(person_days: int, crossings: int, seed: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Whole lives from 1970 to 2100, as many of each half-life, and times at which comparisons end. Stops at the first that is wrong."""
    total = Drift()
    rounds = -(-person_days // (DAYS * len(HALF_LIVES)))
    try:
        for number in range(rounds):
            for half_life in HALF_LIVES:
                total.add(lived(half_life, seed + number * len(HALF_LIVES) + HALF_LIVES.index(half_life)))
            say(f"  decay: round {number + 1} of {rounds}, {total.days:,} person-days, worst {total.worst:.1e}")
        lots = Random(seed)
        ties = sum(check(drawn(lots)) for _ in range(crossings))
    except AssertionError as wrong:
        return {"clean": False, "wrong": str(wrong), "person_days": total.days}
    return {
        "clean": True,
        "person_days": total.days,
        "applications": total.applications,
        "late": total.late,
        "rebases": total.rebases,
        "packed_by_format": total.packed,
        "worst_relative_to_magnitudes": total.worst,
        "worst_when_read_later": total.worst_read,
        "crossings": crossings,
        "crossings_between_two_milliseconds": ties,
    }

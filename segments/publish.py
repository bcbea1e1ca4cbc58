"""Membership and what is published of it: the same, unless ``at_most`` or ``paused`` hold a transition back.

A person's sequence of a segment counts what was published, and its parity is the published membership. Only where the two
differ, or where entries are counted, the person has a record of it: how they differ, then the times of published entries.
"""

from __future__ import annotations

from typing import Final

from schemas.definitions.model import AtMost
from tagging.state import PersonState

ALIKE: Final = 0
SUPPRESSED: Final = 1
WITHHELD: Final = 2


def is_member(state: PersonState, number: int) -> bool:
    """Whether the segment's condition was true for the person at the last evaluation, whatever was published."""
    published = bool(state.members.get(number, 0) & 1)
    return published is not (number in state.apart and state.apart[number][0] != ALIKE)


def publishes(state: PersonState, number: int, at_most: AtMost | None, *, value: bool, paused: bool, at: int) -> bool:
    """Note what a segment was evaluated to at a time; whether that is to be published."""
    published = bool(state.members.get(number, 0) & 1)
    held = state.apart.get(number)
    how = ALIKE if held is None else held[0]
    if value is published:
        _differ(state, number, ALIKE)
        return False
    if how == SUPPRESSED or (paused and how == WITHHELD):
        return False
    if paused:
        _differ(state, number, WITHHELD)
        return False
    if value and at_most is not None and not _enters(state, number, at_most, at):
        _differ(state, number, SUPPRESSED)
        return False
    _differ(state, number, ALIKE)
    return True


def forget_entries(state: PersonState, number: int, *, gone: bool) -> None:
    """Nobody counts the entries of a segment any more; of one that is gone membership is what was published."""
    how = ALIKE if gone else state.apart[number][0]
    if how == ALIKE:
        del state.apart[number]
    else:
        state.apart[number] = [how]


def _enters(state: PersonState, number: int, at_most: AtMost, at: int) -> bool:
    how, *entries = state.apart.get(number, [ALIKE])
    recent = [time for time in entries if time > at - at_most.per_ms]
    full = len(recent) >= at_most.times
    state.apart[number] = [how, *recent] if full else [how, *recent, at]
    return not full


def _differ(state: PersonState, number: int, how: int) -> None:
    held = state.apart.get(number)
    if held is None:
        if how != ALIKE:
            state.apart[number] = [how]
    elif how == ALIKE and len(held) == 1:
        del state.apart[number]
    else:
        held[0] = how

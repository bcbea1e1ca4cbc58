"""The shapes in which a leaf's state stands in a person, and moving their times.

A counter is a number; times are a list of numbers; what is kept of events is a list of rows that each begin with a time;
counters of calendar periods are a table by period, which is no time of the person's. So a shape tells what to move.
"""

from __future__ import annotations

from typing import Any

Row = list[Any]
LeafState = Any


def shifted(held: LeafState, shift: int) -> LeafState:
    """The same state for a person whose base lies ``shift`` earlier."""
    if type(held) is not list:
        return held
    return [[item[0] + shift, *item[1:]] if type(item) is list else item + shift for item in held]


def rows_of(held: LeafState) -> list[Row]:
    """The rows of a state; none of a state that holds no rows."""
    return held if type(held) is list and held and type(held[0]) is list else []

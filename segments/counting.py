"""Counting an event: the leaves that keep a number or the newest times."""

from __future__ import annotations

from segments.leaves import CompiledLeaf
from tagging.state import PersonState
from tagging.windows import add_time


def count(state: PersonState, leaf: CompiledLeaf, at: int, now: int) -> None:
    """One more event at a time of its own; ``now``: the lane's clock, both relative."""
    held = state.leaves.get(leaf.number)
    if leaf.within is None:
        state.leaves[leaf.number] = (held if isinstance(held, int) else 0) + 1
        return
    oldest = now - leaf.within
    if at <= oldest:
        return
    if isinstance(held, list):
        add_time(held, at, leaf.kept, oldest)
    else:
        state.leaves[leaf.number] = [at]

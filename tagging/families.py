"""How many values of a family a person may have, and which one makes room for another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from tagging.decay import equal, score_at
from tagging.state import TagState

FAMILY_VALUES_MAX: Final = 1_000


def family_prefix(number: int) -> str:
    """What the keys of all values of a family begin with."""
    return f"{number}:"


def values_held(tags: Iterable[int | str], prefix: str) -> list[str]:
    """The keys of a family's values."""
    return [key for key in tags if type(key) is str and key.startswith(prefix)]


def weakest(tags: Mapping[int | str, TagState], values: Iterable[str], half_life: int | None, now: int) -> str:
    """Of some keys of one family, at least one, the first to go: the least score now, then the least last time, then the least bytes.

    A score ties if it is equal to the least one within the tolerance.
    """
    scores = {key: score_at(tags[key].score, tags[key].last, half_life, now) for key in values}
    least = min(scores.values())
    tied = [key for key, score in scores.items() if equal(score, least)]
    return min(tied, key=lambda key: (tags[key].last, key.encode()))


def shrink(tags: dict[int | str, TagState], prefix: str, most: int, half_life: int | None, now: int) -> int:
    """Delete the weakest values of a family until at most ``most`` are left; how many went."""
    values = values_held(tags, prefix)
    surplus = max(0, len(values) - most)
    for _ in range(surplus):
        gone = weakest(tags, values, half_life, now)
        values.remove(gone)
        del tags[gone]
    return surplus


def newest_floors(floors: dict[int | str, int]) -> tuple[dict[int | str, int], int]:
    """The floors without the oldest (of equal ones the least) of more than ``FAMILY_VALUES_MAX`` of values, and how many are left out.

    What they held back may count again; a client that untags value after value must not make the state grow.
    """
    of_values = [(floor, key) for key, floor in floors.items() if type(key) is str]
    too_many = len(of_values) - FAMILY_VALUES_MAX
    if too_many <= 0:
        return floors, 0
    oldest = {key for _, key in sorted(of_values)[:too_many]}
    return {key: floor for key, floor in floors.items() if key not in oldest}, too_many

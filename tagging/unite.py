"""Uniting two persons who turned out to be one: what the survivor holds after taking over the absorbed person.

Counts, weights and what leaves keep unite; scores are brought to the later time and added, then clamped; floors are the
greatest; traits go by event time; recent ids move. Ties go to the survivor. Where order of application does not matter
(no cap, ttl, exclusive, max_values, untag, no bound that bites) the result is that of one person who got all events;
elsewhere this union is the definition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import exp2

import msgspec

from schemas.json_text import to_json
from tagging.exclusive import Group
from tagging.families import FAMILY_VALUES_MAX, family_prefix, newest_floors, shrink
from tagging.leaves import LeafState, shifted
from tagging.lifetime import lifetimes_of
from tagging.lists import united
from tagging.person import TRAITS_BYTES_MAX, Person
from tagging.recent import merged as merged_ids
from tagging.rules import CompiledTag
from tagging.state import PersonState, TagState, rebase

Key = int | str


UniteLeaf = Callable[[LeafState, LeafState], tuple[LeafState, int]]
"""The state of a leaf that both persons have, the survivor's first, united; and how much a bound left out."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Under what two persons are united: the compiled ``tags``; the ``leaves`` by number, None for one of which the survivor keeps its own;
    the lane's clock (absolute ms) and the window in which an event id counts once.
    """

    tags: Iterable[CompiledTag]
    leaves: Mapping[int, UniteLeaf | None]
    clock_ms: int
    dedupe_ms: int


@dataclass(frozen=True, slots=True)
class United:
    """The survivor afterwards. ``bound_bites``: what was left out because the person would hold too much."""

    state: PersonState
    bound_bites: int


def unite(survivor: PersonState, absorbed: PersonState, terms: Terms) -> United:
    """The union of two persons under the same definitions, both brought to the clock; neither is changed.

    Name, incarnation, memberships and published entries are the survivor's; so is the due time, which the evaluation of all
    segments that must follow sets anew. A leaf that ``terms`` does not know is left out.
    """
    mine, theirs = _copy(survivor), _copy(absorbed)
    rebase(theirs, mine.base)
    mine.floors, bites = newest_floors(_greatest(mine.floors, theirs.floors))
    bites += _unite_tags(mine, theirs, tuple(terms.tags), terms.clock_ms - mine.base)
    bites += _unite_leaves(mine, theirs, terms.leaves)
    mine.lists = united(mine.lists, theirs.lists, theirs.id)
    if mine.anonymous_id is None:
        mine.anonymous_id = theirs.anonymous_id
    mine.active = _later(mine.active, theirs.active)
    mine.recent, newest_ms = merged_ids(
        (mine.recent, mine.base + mine.recent_at), (theirs.recent, mine.base + theirs.recent_at), terms.clock_ms, terms.dedupe_ms
    )
    mine.recent_at = newest_ms - mine.base if mine.recent else 0
    return United(mine, bites + _unite_traits(mine, theirs))


def _later(mine: int | None, theirs: int | None) -> int | None:
    """The later of two times, of which either may be unknown."""
    return mine if theirs is None else theirs if mine is None else max(mine, theirs)


def _copy(state: PersonState) -> PersonState:
    return msgspec.structs.replace(
        state,
        tags={key: msgspec.structs.replace(held) for key, held in state.tags.items()},
        leaves={number: dict(held) if isinstance(held, dict) else shifted(held, 0) for number, held in state.leaves.items()},
        members=dict(state.members),
        floors=dict(state.floors),
        apart={number: list(held) for number, held in state.apart.items()},
    )


def _greatest(mine: dict[Key, int], theirs: dict[Key, int]) -> dict[Key, int]:
    return mine | {key: max(floor, mine.get(key, floor)) for key, floor in theirs.items()}


def _unite_tags(mine: PersonState, theirs: PersonState, tags: tuple[CompiledTag, ...], now: int) -> int:
    """Unite the tags in ``mine``; how many values were left out or gave way."""
    lifetimes = lifetimes_of(tags)
    for state in (mine, theirs):
        for key in [] if lifetimes is None else lifetimes.over(state.tags, now):
            del state.tags[key]
        state.tags = {key: held for key, held in state.tags.items() if not _under_a_floor(mine.floors, key, held)}
    own = set(mine.tags)
    by_number = {tag.number: tag for tag in tags}
    for key, held in theirs.tags.items():
        mine.tags[key] = _united_tag(mine.tags[key], held, by_number.get(_number(key))) if key in own else held
    for group in {tag.limits.group: None for tag in tags if tag.limits is not None and tag.limits.group is not None}:
        _keep_newest(mine.tags, group, own)
    bites = sum(
        shrink(mine.tags, family_prefix(tag.number), tag.limits.max_values, tag.half_life, now)
        for tag in tags
        if tag.limits is not None and tag.limits.max_values is not None
    )
    return bites + _leave_out(mine.tags, own, by_number)


def _number(key: Key) -> int:
    return int(key.partition(":")[0]) if isinstance(key, str) else key


def _under_a_floor(floors: Mapping[Key, int], key: Key, held: TagState) -> bool:
    """All of the tag's applications are such as the untag drops."""
    return bool(floors) and any(held.last <= floors[each] for each in (key, _number(key)) if each in floors)


def _united_tag(mine: TagState, theirs: TagState, tag: CompiledTag | None) -> TagState:
    """A tag that no definition knows any more does not fade."""
    half_life, cap = (None, None) if tag is None else (tag.half_life, tag.cap)
    newer, older = (mine, theirs) if mine.last >= theirs.last else (theirs, mine)
    faded = older.score
    if half_life is not None and older.last != newer.last:
        faded *= exp2((older.last - newer.last) / half_life)
    score = newer.score + faded
    return TagState(
        mine.count + theirs.count,
        mine.weight + theirs.weight,
        score if cap is None or score <= cap else cap,
        newer.last,
        min(mine.first, theirs.first),
        newer.rule,
        newer.source,
        newer.event_id,
    )


def _keep_newest(tags: dict[Key, TagState], group: Group, own: set[Key]) -> None:
    """Of one group the newest stays; of equally new ones the survivor's."""
    held = group.held(tags)
    newest = max(held, key=lambda key: (tags[key].last, key in own), default=None)
    for key in held:
        if key != newest:
            del tags[key]


def _leave_out(tags: dict[Key, TagState], own: set[Key], by_number: Mapping[int, CompiledTag]) -> int:
    """Delete values that only the absorbed person had, the last ones first, while there are too many tags."""

    def bounded(key: Key) -> bool:
        tag = by_number.get(_number(key))
        return tag is None or tag.limits is None or tag.limits.max_values is None

    newcomers = [key for key in tags if isinstance(key, str) and key not in own and bounded(key)]
    surplus = min(len(newcomers), max(0, len(tags) - FAMILY_VALUES_MAX))
    for key in newcomers[len(newcomers) - surplus :]:
        del tags[key]
    return surplus


def _unite_leaves(mine: PersonState, theirs: PersonState, leaves: Mapping[int, UniteLeaf | None]) -> int:
    """Unite the leaves in ``mine``, without those that are not known; how much was left out because of a bound."""
    bites = 0
    united: dict[int, LeafState] = {}
    for number, both in leaves.items():
        if number in mine.leaves and number in theirs.leaves and both is not None:
            united[number], lost = both(mine.leaves[number], theirs.leaves[number])
            bites += lost
        elif number in mine.leaves:
            united[number] = mine.leaves[number]
        elif number in theirs.leaves and both is not None:
            united[number] = theirs.leaves[number]
    mine.leaves = united
    return bites


def _unite_traits(mine: PersonState, theirs: PersonState) -> int:
    """Traits by event time; the oldest of the absorbed person's are left out while there are too many bytes. How many were."""
    person = Person(mine)
    held = person.held_traits()
    newer = [(key, found) for key, found in Person(theirs).held_traits().items() if key not in held or found[1] > held[key][1]]
    newer.sort(key=lambda one: (-one[1][1], one[0]))
    taken = len(newer)
    while taken and len(to_json(held | dict(newer[:taken]))) > TRAITS_BYTES_MAX:
        taken -= 1
    if taken:
        person.set_traits(held | dict(newer[:taken]))
    return len(newer) - taken

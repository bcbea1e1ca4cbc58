"""Two persons who turned out to be one: what the survivor holds afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.oracle.scores import Score, capped
from tests.oracle.tags import TagKey, TagState, drop_gone, make_room, visible_tags

if TYPE_CHECKING:
    from schemas.definitions.model import Bundle
    from tests.oracle.person import Applied, Person


def unite(survivor: Person, absorbed: Person, bundle: Bundle, clock_ms: int, window_ms: int) -> None:
    """Let the survivor take over all that was known of the absorbed person; both have been brought to their lanes' clocks."""
    _unite_tags(survivor, absorbed, bundle, clock_ms)
    survivor.events = _in_order(survivor.events, absorbed.events)
    for key, (at, value) in absorbed.assignments.items():
        if key not in survivor.assignments or at > survivor.assignments[key][0]:
            survivor.assignments[key] = (at, value)
    latest: dict[str, int] = {}
    for event_id, at in (*survivor.ids, *absorbed.ids):
        if clock_ms - at < window_ms:
            latest[event_id] = max(at, latest.get(event_id, at))
    survivor.ids = sorted(latest.items(), key=lambda one: one[1])
    survivor.anonymous_id = survivor.anonymous_id or absorbed.anonymous_id
    survivor.known.take_over(absorbed.known)
    survivor.active_at = max(survivor.active_at, absorbed.active_at)
    survivor.is_united = True


def _in_order(mine: list[Applied], theirs: list[Applied]) -> list[Applied]:
    """Both persons' events as if applied by event time, the survivor's first, and before all that is to come."""
    events = sorted(mine, key=lambda one: (one.at, one.number)) + sorted(theirs, key=lambda one: (one.at, one.number))
    events.sort(key=lambda one: one.at)
    return [replace(event, number=number - len(events)) for number, event in enumerate(events)]


def _unite_tags(survivor: Person, absorbed: Person, bundle: Bundle, clock_ms: int) -> None:
    for key, at in absorbed.untagged.items():
        survivor.untagged[key] = max(at, survivor.untagged.get(key, at))
    for person in (survivor, absorbed):
        drop_gone(person, bundle, clock_ms)
        for tag_id, value in list(person.tags):
            floors = [survivor.untagged[key] for key in ((tag_id, None), (tag_id, value)) if key in survivor.untagged]
            if floors and person.tags[tag_id, value].score.last_at <= max(floors):
                del person.tags[tag_id, value]
    own = set(survivor.tags)
    tags = {tag.id: tag for tag in bundle.tags}
    for key, state in absorbed.tags.items():
        if key in own:
            tag = tags.get(key[0])
            half_life, cap = (None, None) if tag is None else (tag.half_life_ms, tag.cap)
            survivor.tags[key] = _united(survivor.tags[key], state, half_life, cap)
        else:
            survivor.tags[key] = state
    _keep_newest(survivor, bundle, own, clock_ms)
    for tag in bundle.tags:
        if tag.max_values is not None and tag.value is not None:
            make_room(survivor, tag, tag.max_values, clock_ms)


def _united(mine: TagState, theirs: TagState, half_life: int | None, cap: float | None) -> TagState:
    newer, older = (theirs, mine) if theirs.score.last_at > mine.score.last_at else (mine, theirs)
    last_at = newer.score.last_at
    # As of the later time, whatever is left of it: not cut off at what counts as nothing.
    faded = older.score.held
    if half_life is not None:
        faded *= 2.0 ** (-(last_at - older.score.last_at) / half_life)
    return replace(
        newer,
        count=mine.count + theirs.count,
        weight=mine.weight + theirs.weight,
        magnitude=mine.magnitude + theirs.magnitude,
        score=Score(capped(newer.score.held + faded, cap), last_at, half_life),
        first_at=min(mine.first_at, theirs.first_at),
    )


def _keep_newest(survivor: Person, bundle: Bundle, own: set[TagKey], clock_ms: int) -> None:
    """Of each exclusive group the newest stays; of equally new ones the survivor's own."""
    groups: dict[str, list[TagKey]] = {}
    for key, tag in visible_tags(survivor, bundle, clock_ms).items():
        if tag.exclusive is not None:
            groups.setdefault(tag.exclusive, []).append(key)
    for rivals in groups.values():
        best = max(rivals, key=lambda key: (survivor.tags[key].score.last_at, key in own))
        for key in rivals:
            if key != best:
                del survivor.tags[key]

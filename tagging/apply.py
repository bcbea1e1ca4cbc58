"""Applying an event to a person's tags: rules, said tags, and taking tags away.

The fold of the contract: a weight w at event time e moves the score to e if e is the newest time, and is itself faded
to the newest time if it is late. Times here are relative to the person's base.
"""

from __future__ import annotations

from math import exp2
from typing import Any, Final

import msgspec

from schemas.event import Event
from tagging.consent import TRAIT, gives_all
from tagging.exclusive import Group
from tagging.families import FAMILY_VALUES_MAX, family_prefix, newest_floors, shrink, values_held
from tagging.person import Held, Person
from tagging.rules import CompiledRule, CompiledTag, Limits, Weight, family_values, number_or_none
from tagging.state import PersonState, TagState

SAID: Final = 0


ORIGIN_CHARACTERS_MAX: Final = 128


def shortened(text: str | None) -> str | None:
    """As much of a text as is kept to tell where a tag comes from: a client chooses how long it is, and each tag has one."""
    return text if text is None or len(text) <= ORIGIN_CHARACTERS_MAX else text[:ORIGIN_CHARACTERS_MAX]


class Application(msgspec.Struct):
    """One event being applied to one person's tags; ``at`` is its event time, ``now`` the lane's clock.

    ``bound_bites`` counts values of families that were left out, or gave way, because the person holds too many. ``merged``: what the
    traits will be after the event, None where it changes none: rules see those before it, but consent holds from the event that says it.
    """

    state: PersonState
    event: Event
    source: int | str | None
    at: int
    now: int
    bound_bites: int = 0
    merged: Held | None = None

    def run_rules(self, rules: list[CompiledRule], person: Person) -> None:
        """Apply each rule that matches, in order."""
        wire = self.event.wire
        for rule in rules:
            if rule.needs and not gives_all(person.said(TRAIT, self.merged), rule.needs):
                continue
            where = rule.where
            if where is not None and not where(wire, person.traits):
                continue
            weight = rule.weight
            if rule.read_weight is not None:
                read = rule.read_weight(wire)
                if read is None:
                    continue
                weight = read
            tag = rule.tag
            if tag.value is None:
                self._add(tag, tag.number, weight, rule.number)
            else:
                for value in family_values(tag.value(wire)):
                    self._add(tag, f"{tag.number}:{value}", weight, rule.number)

    def say(self, tags: dict[str, CompiledTag]) -> None:
        """Apply the tags that a ``tag`` record names, in order of definition; what names no tag is ignored."""
        said = self.event.wire.tags
        if type(said) is not dict:
            return
        found = [(tag, key, detail) for name, detail in said.items() for tag, key in (resolve(tags, name),) if tag and key is not None]
        for tag, key, detail in sorted(found, key=lambda one: one[0].place):
            self._add(tag, key, _said_weight(detail), SAID)

    def unsay(self, tags: dict[str, CompiledTag]) -> None:
        """Delete the tags that an ``untag`` record names, and drop what is not newer from then on."""
        said = self.event.wire.tags
        if type(said) is not dict:
            return
        state = self.state
        floors = dict(state.floors)
        for name in said:
            tag = tags.get(name)
            if tag is not None and tag.value is not None and not tag.archived:
                key: int | str = tag.number
                for held in values_held(state.tags, family_prefix(tag.number)):
                    del state.tags[held]
            elif (named := resolve(tags, name)[1]) is not None:
                key = named
                state.tags.pop(key, None)
            else:
                continue
            floors[key] = max(self.at, floors.get(key, self.at))
        state.floors, left_out = newest_floors(floors)
        self.bound_bites += left_out

    def _add(self, tag: CompiledTag, key: int | str, weight: Weight, rule: int) -> None:
        state = self.state
        if state.floors and self._dropped(tag, key):
            return
        limits = tag.limits
        if limits is not None and not self._admitted(tag, limits, key):
            return
        at = self.at
        half_life = tag.half_life
        held = state.tags.get(key)
        if held is None:
            if type(key) is str and len(state.tags) >= FAMILY_VALUES_MAX and (limits is None or limits.max_values is None):
                self.bound_bites += 1
                return
            score = weight if tag.cap is None or weight <= tag.cap else tag.cap
            state.tags[key] = TagState(1, weight, score, at, at, rule, self.source, shortened(self.event.id))
            return
        held.count += 1
        held.weight += weight
        if at >= held.last:
            score = held.score if half_life is None or at == held.last else held.score * exp2((held.last - at) / half_life)
            score += weight
            held.last = at
        else:
            score = held.score + (weight if half_life is None else weight * exp2((at - held.last) / half_life))
            held.first = min(held.first, at)
        held.rule = rule
        held.source = self.source
        held.event_id = shortened(self.event.id)
        held.score = score if tag.cap is None or score <= tag.cap else tag.cap

    def _admitted(self, tag: CompiledTag, limits: Limits, key: int | str) -> bool:
        """Whether the limits let an application through; what must give way to it is gone then."""
        tags = self.state.tags
        if limits.ttl is not None and self.at + limits.ttl <= self.now:
            return False
        if limits.group is not None and not self._wins(limits.group, key, bounded=limits.max_values is None):
            return False
        if limits.max_values is not None and key not in tags:
            self.bound_bites += shrink(tags, family_prefix(tag.number), limits.max_values - 1, tag.half_life, self.now)
        return True

    def _wins(self, group: Group, key: int | str, *, bounded: bool) -> bool:
        """Nobody gives way to a newcomer for whom there is no room then."""
        tags = self.state.tags
        losers = group.losers(tags, key, self.at)
        if losers is None:
            return False
        if bounded and type(key) is str and key not in tags and len(tags) - len(losers) >= FAMILY_VALUES_MAX:
            self.bound_bites += 1
            return False
        for loser in losers:
            del tags[loser]
        return True

    def _dropped(self, tag: CompiledTag, key: int | str) -> bool:
        floors = self.state.floors
        floor = floors.get(key)
        if floor is not None and self.at <= floor:
            return True
        if tag.value is None:
            return False
        whole = floors.get(tag.number)
        return whole is not None and self.at <= whole


def resolve(tags: dict[str, CompiledTag], name: str) -> tuple[CompiledTag | None, int | str | None]:
    """The tag that ``id`` or ``id:value`` names, and its key in a state; (None, None) where it names none, or an archived one."""
    tag_id, colon, value = name.partition(":")
    tag = tags.get(tag_id)
    if tag is None or tag.archived or bool(colon) is not (tag.value is not None):
        return None, None
    if not colon:
        return tag, tag.number
    values = family_values(value)
    return (tag, f"{tag.number}:{values[0]}") if values else (None, None)


def _said_weight(detail: Any) -> Weight:
    weight = number_or_none(detail.get("weight")) if type(detail) is dict else None
    return 1 if weight is None else weight

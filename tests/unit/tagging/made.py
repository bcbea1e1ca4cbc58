"""Events, tags and persons, made in one line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from schemas.event import Event, read_event
from tagging.apply import Application
from tagging.paths import Getter
from tagging.person import Person
from tagging.rules import CompiledRule, CompiledTag, normal_weight
from tagging.state import PersonState, TagState, new_person

T = 1_764_000_000_000
DAY = 86_400_000


def event(**fields: Any) -> Event:
    return read_event(json.dumps({"type": "track", "event": "viewed", "userId": "u1"} | fields).encode())


def empty_state(base: int = T) -> PersonState:
    return new_person("user:u1", 0, base, 1)


def person_with(**traits: Any) -> Person:
    person = Person(empty_state())
    if traits:
        person.set_traits({key: (value, T) for key, value in traits.items()})
    return person


def tag(number: int = 1, half_life: int | None = None, cap: float | None = None, value: Getter | None = None) -> CompiledTag:
    return CompiledTag(number, f"t{number}", half_life, cap, value)


def add(
    state: PersonState, to: CompiledTag, at: int, weight: float = 1, fields: dict[str, Any] | None = None, *, now: int | None = None
) -> Application:
    """One matching rule, at a time relative to the person's base; the clock stands at that time unless said."""
    application = Application(state, event(**(fields or {})), None, at, at if now is None else now)
    application.run_rules([CompiledRule(to, 7, None, normal_weight(weight))], Person(state))
    return application


def fold(applications: Iterable[tuple[int, float]], half_life: int | None = None, cap: float | None = None) -> TagState:
    """The state of one tag after (event time, weight), in order of application."""
    state = empty_state()
    to = tag(1, half_life, cap)
    for at, weight in applications:
        add(state, to, at, weight)
    return state.tags[1]

"""An archived tag: nothing is applied to it any more, and what a person has of it stays."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.definitions.bundle import next_bundle
from schemas.definitions.model import AllOf, Bundle, EventMatch, Rule, Tag
from schemas.definitions.parse import Definitions
from tagging.apply import Application, resolve
from tagging.rules import compile_rules
from tagging.state import PersonState, TagState
from tests.unit.tagging.made import empty_state, event, person_with

RULES = (Rule("r", EventMatch(("viewed",), AllOf(()))),)
BUNDLE = next_bundle(
    Bundle(),
    Definitions(
        tags=(
            Tag("plain", "plain", RULES, archived=True),
            Tag("family", "family", RULES, value="properties.x", archived=True),
            Tag("alive", "alive", RULES),
        )
    ),
)
TAGS, BY_NAME = compile_rules(BUNDLE)
PLAIN, FAMILY, ALIVE = (TAGS[name].number for name in ("plain", "family", "alive"))


def holder() -> PersonState:
    state = empty_state()
    for key in (PLAIN, f"{FAMILY}:a"):
        state.tags[key] = TagState(2, 2, 2, 0, 0, 0, None, None)
    return state


def record(state: PersonState, kind: str, tags: Any) -> None:
    application = Application(state, event(type=kind, tags=tags), None, 10, 10)
    (application.say if kind == "tag" else application.unsay)(TAGS)


def test_its_rules_are_not_run() -> None:
    state = holder()
    Application(state, event(properties={"x": "a"}), None, 10, 10).run_rules(BY_NAME["viewed"], person_with())

    assert {key: held.count for key, held in state.tags.items()} == {PLAIN: 2, f"{FAMILY}:a": 2, ALIVE: 1}


@pytest.mark.parametrize("kind", ["tag", "untag"])
@pytest.mark.parametrize("name", ["plain", "family:a", "family:b", "family"])
def test_said_tags_are_ignored_and_its_state_stays(kind: str, name: str) -> None:
    state = holder()
    record(state, kind, {name: {}})

    assert {key: held.count for key, held in state.tags.items()} == {PLAIN: 2, f"{FAMILY}:a": 2}
    assert state.floors == {}
    assert resolve(TAGS, name) == (None, None)


def test_other_tags_of_the_same_record_are_not_held_up() -> None:
    state = holder()
    record(state, "tag", {"plain": {}, "alive": {}})
    assert state.tags[ALIVE].count == 1

    record(state, "untag", {"plain": {}, "family": {}, "alive": {}})
    assert set(state.tags) == {PLAIN, f"{FAMILY}:a"}
    assert state.floors == {ALIVE: 10}

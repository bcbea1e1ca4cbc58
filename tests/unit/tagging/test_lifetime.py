"""Tags with a ttl: an application that is too old, and which tags are over."""

from __future__ import annotations

import pytest

from tagging.apply import Application
from tagging.lifetime import Lifetimes, lifetimes_of
from tagging.paths import event_getter
from tagging.rules import CompiledTag, Limits
from tests.unit.tagging.made import add, empty_state, event, tag

BRIEF = CompiledTag(1, "brief", None, None, None, Limits(ttl=100))
SEEN = CompiledTag(2, "seen", None, None, event_getter("properties.x"), Limits(ttl=50))
TAGS = {"brief": BRIEF, "seen": SEEN}


@pytest.mark.parametrize(("at", "now", "counts"), [(0, 99, True), (0, 100, False), (0, 101, False), (1, 100, True), (-1, 99, False)])
def test_an_application_as_old_as_the_ttl_by_the_clock_changes_nothing(at: int, now: int, counts: bool) -> None:
    state = empty_state()
    add(state, BRIEF, at, now=now)

    assert (1 in state.tags) is counts


@pytest.mark.parametrize(("at", "count"), [(100, 1), (101, 2)])
def test_it_changes_nothing_either_where_the_tag_is_there(at: int, count: int) -> None:
    state = empty_state()
    add(state, BRIEF, 150)
    add(state, BRIEF, at, now=200)

    assert (state.tags[1].count, state.tags[1].last) == (count, 150)


@pytest.mark.parametrize(("at", "counts"), [(50, False), (51, True)])
def test_a_said_tag_is_bound_by_the_ttl_too(at: int, counts: bool) -> None:
    state = empty_state()
    Application(state, event(type="tag", tags={"seen:a": {}}), None, at, 100).say(TAGS)

    assert ("2:a" in state.tags) is counts


def test_untag_works_at_any_age() -> None:
    state = empty_state()
    add(state, BRIEF, 150)
    Application(state, event(type="untag", tags={"brief": {}}), None, -500, 150).unsay(TAGS)

    assert (state.tags, state.floors) == ({}, {1: -500})


def test_a_tag_is_over_at_its_newest_event_time_plus_the_ttl_and_not_before() -> None:
    lifetimes = lifetimes_of([BRIEF, SEEN, tag(3)])
    assert lifetimes == Lifetimes(((1, 100),), (("2:", 50),))

    state = empty_state()
    add(state, BRIEF, 10)
    add(state, BRIEF, 5)
    add(state, tag(3), -(10**9))
    for value, at in (("a", 60), ("b", 61)):
        add(state, SEEN, at, fields={"properties": {"x": value}})

    assert lifetimes.over(state.tags, 109) == []
    assert lifetimes.over(state.tags, 110) == [1, "2:a"]
    assert lifetimes.over(state.tags, 111) == [1, "2:a", "2:b"]
    assert lifetimes.over({}, 10**9) == []


def test_where_no_tag_has_a_ttl_there_is_nothing_to_ask() -> None:
    exclusive_only = CompiledTag(1, "t", None, None, None, Limits(max_values=3))

    assert lifetimes_of([]) is None
    assert lifetimes_of([tag(1), exclusive_only]) is None

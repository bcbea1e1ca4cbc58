"""Conditions and events at the ends of their ranges: nothing hangs, grows or tells what it should not."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from schemas.definitions.known import LEVELS_MAX
from schemas.event import Event, read_event
from segments.engine import Engine
from segments.explain import explain
from segments.nodes import FamilyLeaf, Outlook
from tagging.decay import NEVER
from tagging.person import Person
from tagging.state import TagState, new_person
from tests.unit.segments.scene import HOUR, Story, T, bundle_of, story

VALUES = 1_000
HASHED = """
identity: {namespaces: [{id: user, hashed: true}, {id: anon, hashed: true}]}
segments: [{id: seen, when: {event: viewed}}]
"""


@dataclass
class Counting:
    """A test of one tag that holds until the tag's ``last``, and counts how often it is asked."""

    asked: int = 0

    def outlook(self, tag: TagState | None, at: int) -> Outlook:
        self.asked += 1
        assert tag is not None
        return (True, tag.last) if at < tag.last else (False, NEVER)


def test_a_family_is_asked_a_few_times_for_each_value_however_many_times_they_end_at() -> None:
    person, test = Person(new_person("user:u1", 0, T, 1)), Counting()
    person.state.tags = {f"1:{number}": TagState(1, 1, 1, 10 + number, 0, 1, None, None) for number in range(VALUES)}

    leaf = FamilyLeaf("1:", test)  # type: ignore[arg-type]
    assert leaf.outlook(person, 0) == (True, 10 + VALUES - 1)
    assert test.asked <= 3 * VALUES


@pytest.mark.parametrize("level", ["-1.7976931348623157e308", "1.7976931348623157e308"])
def test_a_level_at_the_end_of_all_numbers_is_a_level(level: str) -> None:
    shop = story(
        f"tags: [{{id: t, half_life: 1d, rules: [{{event: viewed}}]}}]\nsegments: [{{id: a, when: {{tag: t, score: {{gte: {level}}}}}}}]"
    )
    shop.event(0)
    assert bool(shop.rows()) is level.startswith("-")


def test_what_a_client_calls_an_event_makes_no_tag_large() -> None:
    shop = story("tags: [{id: t, value: properties.c, rules: [{event: viewed}]}]")
    for number in range(100):
        shop.event(number, id="x" * 30_000 + str(number), source="s" * 30_000, properties={"c": str(number)})
    assert len(shop.packed()) < 50_000
    assert {len(tag.event_id or "") for tag in shop.person.state.tags.values()} == {128}


def spoken(engine: Engine, **fields: str) -> Event:
    body = {"type": "track", "event": "viewed", "id": "m"} | fields
    return read_event(json.dumps(body).encode(), engine.policy.ids_of)


def test_an_anonymous_id_that_is_to_be_hashed_is_nowhere_in_plain() -> None:
    shop = Story(Engine(bundle_of(HASHED), secret=b"k" * 32))
    event = spoken(shop.engine, userId="u1", anonymousId="secret-anon-7")
    shop.engine.apply(shop.person, event, T, T, shop.out)

    (entered,) = shop.out
    assert f"anon:{entered.anonymous_id}" == event.ids[1]
    assert b"secret-anon-7" not in shop.packed()


@pytest.mark.parametrize("nobody", ["undefined", "0000", "x" * 300])
def test_an_anonymous_id_that_names_nobody_is_not_kept(nobody: str) -> None:
    shop = story("segments: [{id: seen, when: {event: viewed}}]")
    shop.engine.apply(shop.person, spoken(shop.engine, userId="u1", anonymousId="a-1"), T, T, shop.out)
    shop.engine.apply(shop.person, spoken(shop.engine, userId="u1", anonymousId=nobody, id="n"), T + 1, T + 1, shop.out)
    assert shop.person.state.anonymous_id == "a-1"


def test_an_event_that_an_absorbed_person_sent_counts_once_though_its_lane_was_ahead() -> None:
    shop = story("tags: [{id: t, rules: [{event: viewed}]}]\nsegments: [{id: twice, when: {tag: t, count: {gte: 2}}}]")
    visitor = Story(shop.engine, Person(new_person("anon:a", 0, T, 1), is_new=True))
    shop.event(0, "other")
    visitor.event(2 * HOUR // 3, id="m1")
    shop.engine.take_over(shop.person, visitor.person.state, T + 10_000, shop.out)
    shop.event(11_000, "other", id="m2")

    assert not shop.event(12_000, id="m1")
    assert shop.rows() == []


def test_the_deepest_chain_of_segments_that_may_be_is_evaluated_and_explained() -> None:
    first, last = "{id: s00, when: {event: viewed, within: 1h}}", "{id: z, when: {all: [{segment: s62}, {event: other}]}}"
    steps = [
        f"{{id: s{step:02}, when: {{not: {{any: [{{all: [{{segment: s{step - 1:02}}}]}}]}}}}}}" for step in range(1, LEVELS_MAX // 4 - 1)
    ]
    shop = story("segments:\n" + "\n".join(f"  - {one}" for one in (first, *steps, last)))
    shop.event(0)
    shop.event(1, "other")
    assert explain(shop.engine.program, "z", shop.person, shop.person.state.base + 1).value
    shop.advance(2 * HOUR)
    assert ("z", "in", 1, "event") in shop.rows()


def test_a_calendar_is_asked_about_times_after_its_end_as_a_slow_score_has_them() -> None:
    shop = story("""
tags: [{id: t, half_life: 36500d, rules: [{event: viewed, weight: 1.0e+200}]}]
segments: [{id: a, when: {any: [{tag: t, score: {gte: 1}}, {event: viewed, calendar: {unit: month}}]}}]
""")
    shop.event(0)
    assert shop.rows() == [("a", "in", 0, "event")]
    assert shop.out[0].leaves_at is None

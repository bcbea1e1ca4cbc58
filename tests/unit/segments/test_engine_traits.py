"""Traits: which an event brings, who sees them, and what they move."""

from __future__ import annotations

import pytest

from schemas.errors import Rejected
from tagging.person import TRAITS_BYTES_MAX
from tests.unit.segments.scene import story

HOT = """
tags: [{id: heat, half_life: 1h, rules: [{event: viewed}]}]
segments: [{id: hot, when: {tag: heat, score: {gt: 1}}}]
"""


def test_traits_that_are_too_large_are_refused_and_nothing_changed() -> None:
    shop = story(HOT)
    shop.event(0, traits={"city": "Oslo"})
    before = shop.packed()

    with pytest.raises(Rejected) as refused:
        shop.event(1, traits={"note": "x" * TRAITS_BYTES_MAX}, id="m-1", anonymousId="a")

    assert refused.value.reason.code == "state-too-large"
    assert shop.packed() == before
    assert shop.event(2, id="m-1")


TRAITS = """
segments:
  - {id: local, include: [city, home.zip], when: {trait: city, eq: Oslo}}
  - {id: known, when: {trait: city}}
  - {id: bought_here, when: {event: bought, where: {properties.city: {trait: city}}}}
"""


def test_traits_change_segments_and_travel_with_the_entry() -> None:
    shop = story(TRAITS)
    shop.event(0)
    shop.event(1, "$identify", type="identify", traits={"city": "Oslo"})
    shop.event(2, traits={"city": "Rome", "home": {"zip": 1}})
    shop.event(3, traits={"city": None})

    assert shop.rows() == [
        ("known", "in", 1, "event"),
        ("local", "in", 1, "event"),
        ("local", "out", 2, "event"),
        ("known", "out", 3, "event"),
    ]
    assert [one.traits for one in shop.out if one.segment == "local"] == [{"city": "Oslo"}, {"city": "Rome", "home.zip": 1}]
    assert [one.traits for one in shop.out if one.segment == "known"] == [None, None]


def test_traits_of_a_group_are_not_the_persons() -> None:
    shop = story(TRAITS)
    shop.event(0, type="group", traits={"city": "Oslo"})

    assert shop.rows() == []


@pytest.mark.parametrize("traits", [None, [], "city", 7, {}])
def test_traits_that_are_no_object_change_nothing(traits: object) -> None:
    shop = story(TRAITS)
    shop.event(0, traits=traits)

    assert shop.person.state.traits == b""


def test_late_traits_lose_to_newer_ones() -> None:
    shop = story(TRAITS)
    shop.event(10, traits={"city": "Oslo"})
    shop.event(20, event_at=5, traits={"city": "Rome"})

    assert shop.rows() == [("known", "in", 10, "event"), ("local", "in", 10, "event")]


def test_rules_see_the_traits_before_the_record_and_leaves_those_after() -> None:
    shop = story(
        """
tags: [{id: home, rules: [{event: bought, where: {properties.city: {trait: city}}}]}]
segments: [{id: by_leaf, when: {event: bought, where: {properties.city: {trait: city}}}}, {id: by_tag, when: {tag: home}}]
"""
    )
    shop.event(0, "bought", properties={"city": "Oslo"}, traits={"city": "Oslo"})
    assert shop.rows() == [("by_leaf", "in", 0, "event")]

    shop.event(1, "bought", properties={"city": "Oslo"})
    assert shop.rows()[1:] == [("by_tag", "in", 1, "event")]

"""Repeats, and what is left of a person at rest."""

from __future__ import annotations

from tagging.codec import FORMAT, REST_FORMAT
from tests.unit.segments.scene import HOUR, MINUTE, story

HOT = """
tags: [{id: heat, half_life: 1h, rules: [{event: viewed}]}]
segments: [{id: hot, when: {tag: heat, score: {gt: 1}}}]
"""
RECENT = "segments: [{id: recent, when: {event: viewed, within: 10m}}]"


def test_a_redelivered_event_changes_nothing() -> None:
    shop = story(HOT)
    assert shop.event(0, id="m-1")
    before = shop.packed()

    assert not shop.event(30 * MINUTE, id="m-1")
    assert shop.packed() == before


def test_a_repeat_fires_nothing_that_is_due() -> None:
    shop = story(RECENT)
    shop.event(0, id="m-1")

    assert not shop.event(20 * MINUTE, id="m-1")
    assert len(shop.out) == 1


def test_an_id_counts_again_after_the_window_and_a_repeat_does_not_extend_it() -> None:
    shop = story("settings: {dedupe: 1h}\n" + HOT)
    assert shop.event(0, id="m-1")
    assert not shop.event(HOUR - 1, id="m-1")

    assert shop.event(HOUR, id="m-1")
    assert shop.person.state.tags[1].count == 2


def test_events_without_an_id_all_count() -> None:
    shop = story(HOT)
    for _ in range(3):
        assert shop.event(0)

    assert shop.person.state.tags[1].count == 3
    assert shop.person.state.recent == b""


def test_ids_of_a_person_at_rest_are_forgotten_after_the_window() -> None:
    shop = story("settings: {dedupe: 1h}\n" + HOT)
    shop.event(0, "other", id="m-1")
    assert shop.due() == HOUR
    shop.advance(HOUR + 1)

    assert (shop.person.state.recent, shop.due()) == (b"", None)


def test_ids_outlive_a_change_that_comes_before_they_expire() -> None:
    shop = story("settings: {dedupe: 1h}\n" + RECENT)
    shop.event(0, id="m-1")
    shop.advance(11 * MINUTE)
    assert shop.due() == HOUR
    assert not shop.event(12 * MINUTE, id="m-1")

    shop.advance(HOUR + 1)
    assert shop.due() is None


def test_a_person_is_at_rest_once_nothing_recent_is_left() -> None:
    shop = story("tags: [{id: a, rules: [{event: viewed}]}]\n" + RECENT)
    shop.event(0, id="0f8fad5b-d9cb-469f-a165-70867728950e")
    assert shop.packed()[0] == FORMAT

    shop.advance(HOUR + 1)
    assert shop.packed()[0] == REST_FORMAT
    (held,) = shop.person.state.tags.values()
    assert held.event_id == "0f8fad5b-d9cb-469f-a165-70867728950e"

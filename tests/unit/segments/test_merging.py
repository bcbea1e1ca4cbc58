"""What merging two persons does to segments: the absorbed one leaves all, the survivor is evaluated once."""

from __future__ import annotations

import pytest

from tagging.person import Person
from tagging.state import REBASE_AFTER, new_person
from tests.unit.segments.scene import HOUR, MINUTE, Story, T, story

SHOP = """
tags: [{id: heat, half_life: 1h, ttl: 10h, rules: [{event: viewed}]}]
segments:
  - {id: hot, when: {tag: heat, score: {gte: 3}}}
  - {id: recent, include: [city], when: {event: viewed, within: 10m}}
  - {id: calm, when: {not: {event: viewed, count: {gte: 3}}}}
"""


def two(mine: list[int], theirs: list[int]) -> tuple[Story, Person]:
    """A shopper who has viewed at some times, and another."""
    shop, other = story(SHOP), story(SHOP)
    for at in mine:
        shop.event(at)
    for at in theirs:
        other.event(at)
    return shop, other.person


def test_the_absorbed_person_leaves_each_of_its_segments_in_their_order() -> None:
    shop, _ = two([0, 1], [])
    shop.engine.give_up(shop.person, T + 2, shop.out)

    assert shop.rows()[-2:] == [("calm", "out", 2, "merge"), ("recent", "out", 2, "merge")]
    assert shop.person.state.due is None


def test_who_is_erased_leaves_for_that_cause() -> None:
    shop, _ = two([0, 1], [])
    shop.engine.give_up(shop.person, T + 2, shop.out, "erasure")

    assert shop.rows()[-2:] == [("calm", "out", 2, "erasure"), ("recent", "out", 2, "erasure")]


def test_what_was_due_before_happens_before_the_person_is_given_up() -> None:
    shop, _ = two([0], [])
    shop.engine.give_up(shop.person, T + HOUR, shop.out)

    assert shop.rows()[-2:] == [("recent", "out", 10 * MINUTE, "time"), ("calm", "out", HOUR, "merge")]


def test_event_ids_of_the_absorbed_person_count_by_its_own_window_only() -> None:
    """Whether a sweep has dropped them before must not change what is passed on."""
    shop = story(SHOP)
    shop.event(0, id="m-1")
    assert shop.person.state.recent
    shop.engine.give_up(shop.person, T + HOUR, shop.out)

    assert (shop.person.state.recent, shop.person.state.due) == (b"", None)


def test_the_survivor_is_evaluated_once_with_what_both_did() -> None:
    shop, other = two([0, 1], [2])
    before = len(shop.out)
    shop.engine.take_over(shop.person, other.state, T + 3, shop.out)

    assert shop.rows()[before:] == [("calm", "out", 3, "merge")]
    assert shop.person.state.tags[1].count == 3
    shop.advance(HOUR)
    assert shop.rows()[before + 1 :] == [("recent", "out", 10 * MINUTE + 2, "time")]


def test_what_was_due_to_the_survivor_happens_before_they_unite() -> None:
    shop, other = two([0], [])
    before = len(shop.out)
    shop.engine.take_over(shop.person, other.state, T + HOUR, shop.out)

    assert shop.rows()[before:] == [("recent", "out", 10 * MINUTE, "time")]


def test_a_person_of_whom_nothing_is_known_begins_with_an_evaluation_of_all_segments() -> None:
    shop = story(SHOP)
    person = Person(new_person("user:u1", 0, T, 1), is_new=True)
    shop.engine.take_over(person, None, T, shop.out)

    assert [(one.segment, one.cause) for one in shop.out] == [("calm", "merge")]
    assert not person.is_new


@pytest.mark.parametrize("longer", [0, 1])
def test_long_after_the_last_record_times_move_to_a_new_origin(longer: int) -> None:
    shop, other = two([0], [1])
    shop.engine.take_over(shop.person, other.state, T + REBASE_AFTER + longer, shop.out)

    assert shop.person.state.base == T + (REBASE_AFTER + longer if longer else 0)
    assert shop.person.state.tags == {}

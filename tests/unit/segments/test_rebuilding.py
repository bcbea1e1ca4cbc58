"""What splitting does to segments: the person holds what its own events have made, and is evaluated once."""

from __future__ import annotations

from tagging.person import Person
from tagging.state import new_person
from tests.unit.segments.scene import HOUR, MINUTE, Story, T, story

SHOP = """
tags: [{id: heat, half_life: 1h, rules: [{event: viewed}]}]
segments:
  - {id: keen, when: {event: viewed, count: {gte: 2}}}
  - {id: recent, when: {event: viewed, within: 10m}}
"""


def viewed(*times: int) -> Story:
    shop = story(SHOP)
    for at in times:
        shop.event(at)
    return shop


def test_the_person_leaves_and_enters_by_what_its_own_events_say() -> None:
    shop, alone = viewed(0, 1), viewed(1)
    shop.engine.rebuild(shop.person, alone.person.state, T + 5, shop.out)

    assert shop.rows()[-1:] == [("keen", "out", 5, "split")]
    assert [tag.count for tag in shop.person.state.tags.values()] == [1]
    assert shop.person.state.due is not None


def test_what_was_due_before_happens_first() -> None:
    shop, alone = viewed(0, 1), viewed(1)
    shop.engine.rebuild(shop.person, alone.person.state, T + HOUR, shop.out)

    assert shop.rows()[-2:] == [("recent", "out", 1 + 10 * MINUTE, "time"), ("keen", "out", HOUR, "split")]


def test_a_person_who_begins_by_a_split_enters_with_that_cause() -> None:
    shop, alone = story(SHOP), viewed(0, 1)
    person = Person(new_person("anon:a", 3, T + 7, shop.engine.version), is_new=True)
    shop.engine.rebuild(person, alone.person.state, T + 7, shop.out)

    assert shop.rows() == [("keen", "in", 7, "split"), ("recent", "in", 7, "split")]
    assert (person.state.id, person.state.number, person.state.incarnation, person.is_new) == ("anon:a", 3, T + 7, False)
    assert person.state.base + min(tag.first for tag in person.state.tags.values()) == T


def test_names_lists_and_what_is_published_stay() -> None:
    shop, alone = viewed(0, 1), viewed(1)
    shop.person.state.lists, shop.person.state.identities = [("vip", 3)], b"known"
    before = dict(shop.person.state.members)
    found = shop.engine.quiet()
    found.reach(alone.person, T + 2)
    shop.engine.rebuild(shop.person, alone.person.state, T + 2, shop.out)

    state = shop.person.state
    assert (state.lists, state.identities, state.id) == ([("vip", 3)], b"known", alone.person.state.id)
    keen = shop.engine.program.bundle.numbers.segments["keen"]
    assert state.members == {**before, keen: before[keen] + 1}


def test_a_leaf_that_the_definitions_do_not_know_is_left_out() -> None:
    shop, alone = viewed(0), viewed(0)
    alone.person.state.leaves[999] = 4
    shop.engine.rebuild(shop.person, alone.person.state, T + 2, shop.out)

    assert 999 not in shop.person.state.leaves
    assert alone.person.state.leaves[999] == 4


def test_what_happens_quietly_does_not_count() -> None:
    shop = viewed(0, 1)
    quiet = shop.engine.quiet()
    quiet.tally.bound_bites += 1

    assert shop.engine.tally.bound_bites == 0


def test_taking_over_tells_why() -> None:
    shop, other = viewed(0), viewed(1)
    shop.engine.take_over(shop.person, other.person.state, T + 2, shop.out, "split")

    assert shop.rows()[-1:] == [("keen", "in", 2, "split")]

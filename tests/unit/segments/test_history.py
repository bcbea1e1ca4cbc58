from __future__ import annotations

import pytest

from schemas.definitions.model import Bundle
from segments.engine import Engine
from segments.fill import NOTHING, fill_of
from segments.history import History
from tests.unit.segments.scene import HOUR, MINUTE, Story, T, bundle_of

FIRST = """
tags: [{id: heat, half_life: 1h, rules: [{event: viewed}]}]
segments:
  - {id: hot, when: {tag: heat, score: {gt: 0.5}}}
  - {id: seen, when: {event: viewed, within: 2h}}
"""
SECOND = """
tags: [{id: heat, half_life: 1h, rules: [{event: viewed}]}]
segments:
  - {id: hot, when: {tag: heat, score: {gt: 0.75}}}
  - {id: known, when: {event: bought}}
"""
ONE = bundle_of(FIRST)
TWO = bundle_of(SECOND, ONE)
THREE = bundle_of(FIRST, TWO)


def history(*switches: tuple[int, int]) -> History:
    return History({0: Bundle(), 1: ONE, 2: TWO, 3: THREE}, tuple((version, T + at) for version, at in switches))


def viewer() -> Story:
    """Somebody who viewed once, at T, under version 1."""
    shop = Story(history((1, 0)).current)
    shop.event(0)
    shop.out.clear()
    return shop


def test_who_is_under_the_newest_set_stays_as_they_are() -> None:
    shop = viewer()
    before = shop.packed()

    assert not history((1, 0)).bring(shop.person, shop.out)
    assert (shop.packed(), shop.out) == (before, [])


def test_at_a_barrier_everybody_is_judged_once_under_the_new_set() -> None:
    shop = viewer()

    assert history((1, 0), (2, 45 * MINUTE)).bring(shop.person, shop.out)

    assert shop.rows() == [("seen", "out", 45 * MINUTE, "definition"), ("hot", "out", 45 * MINUTE, "definition")]
    assert [one.definitions for one in shop.out] == [2, 2]
    assert shop.person.state.definitions == 2


def test_what_was_due_before_the_barrier_fires_under_the_old_set() -> None:
    shop = viewer()

    history((1, 0), (2, HOUR + 1)).bring(shop.person, shop.out)

    assert shop.rows() == [("hot", "out", HOUR, "time"), ("seen", "out", HOUR + 1, "definition")]
    assert [one.definitions for one in shop.out] == [1, 2]


def test_what_is_due_at_the_barrier_is_decided_by_the_new_set() -> None:
    shop = viewer()

    history((1, 0), (2, HOUR)).bring(shop.person, shop.out)

    assert [row for row in shop.rows() if row[0] == "hot"] == [("hot", "out", HOUR, "definition")]


def test_a_person_goes_through_every_set_in_between() -> None:
    shop = viewer()

    assert history((1, 0), (2, 45 * MINUTE), (3, 50 * MINUTE)).bring(shop.person, shop.out)

    assert [row for row in shop.rows() if row[0] == "hot"] == [
        ("hot", "out", 45 * MINUTE, "definition"),
        ("hot", "in", 50 * MINUTE, "definition"),
    ]
    assert shop.person.state.definitions == 3


def test_a_barrier_that_a_person_has_passed_is_not_passed_again() -> None:
    mild = bundle_of(FIRST + "  - {id: mild, when: {tag: heat, score: {lt: 1.5}}}\n")
    later = bundle_of(FIRST + "  - {id: mild, when: {tag: heat, score: {lt: 1.25}}}\n", mild)
    past = History({1: mild, 2: later}, ((1, T - HOUR), (2, T + MINUTE)))
    shop = Story(Engine(mild))
    shop.event(0)
    shop.out.clear()

    past.bring(shop.person, shop.out)

    assert shop.rows() == []


def test_a_segment_that_is_gone_is_left_silently_and_told_under_its_name() -> None:
    shop = viewer()
    history((1, 0), (2, 30 * MINUTE)).bring(shop.person, shop.out)

    (left,) = [one for one in shop.out if one.segment == "seen"]
    assert (left.kind, left.sequence, left.silent, left.leaves_at, left.user_id) == ("segment.left", 2, True, None, "u1")


def test_a_leaf_that_is_gone_starts_again_from_nothing() -> None:
    shop = viewer()
    assert shop.person.state.leaves
    history((1, 0), (2, 30 * MINUTE), (3, 31 * MINUTE)).bring(shop.person, shop.out)

    assert shop.person.state.leaves == {}
    assert [row for row in shop.rows() if row[0] == "seen"] == [("seen", "out", 30 * MINUTE, "definition")]


def test_sequences_go_on_over_a_gap() -> None:
    shop = viewer()
    history((1, 0), (2, 30 * MINUTE), (3, 31 * MINUTE)).bring(shop.person, shop.out)
    shop.engine = history((3, 31 * MINUTE)).current
    shop.event(32 * MINUTE)

    assert [one.sequence for one in shop.out if one.segment == "seen"] == [2, 3]


@pytest.mark.parametrize("silent", [False, True])
def test_definitions_may_be_applied_silently(silent: bool) -> None:
    shop = viewer()
    quiet = bundle_of(SECOND, ONE, silent=silent)
    past = History({1: ONE}, ((1, T),))
    past.switch(quiet, T + 45 * MINUTE)
    past.bring(shop.person, shop.out)

    (hot,) = [one for one in shop.out if one.segment == "hot"]
    assert hot.silent is silent
    shop.engine = past.current
    shop.event(50 * MINUTE, "bought")
    assert not shop.out[-1].silent


def test_a_switch_holds_from_there_on_until_it_can_be_forgotten() -> None:
    past = history((0, -1))
    past.switch(ONE, T)
    assert (past.current.version, past.switches) == (1, ((0, T - 1), (1, T)))

    past.forget()
    assert (past.current.version, past.switches) == (1, ((1, T),))


def test_a_person_under_a_set_that_is_forgotten_goes_on_from_the_barriers_that_are_known() -> None:
    shop = viewer()

    assert history((2, 45 * MINUTE)).bring(shop.person, shop.out)
    assert [row for row in shop.rows() if row[0] == "hot"] == [("hot", "out", 45 * MINUTE, "definition")]


def test_what_somebody_under_an_older_set_has_is_stale_where_the_newest_fills_it_anew() -> None:
    past = history((1, 0))
    assert past.stale(0) == NOTHING
    past.switch(TWO, T + HOUR)
    filled = past.fill
    past.forget()

    assert (past.stale(1), past.stale(2)) == (filled, NOTHING)
    assert not filled.is_empty


def test_what_held_before_is_known_after_everybody_is_under_the_newest() -> None:
    past = History({1: ONE, 2: TWO}, ((2, T),), before=1)

    assert past.fill == NOTHING
    assert past.stale(1) == fill_of(ONE, TWO)

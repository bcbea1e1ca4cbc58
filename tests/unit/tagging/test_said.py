"""Applying an event to tags: said tags, taking tags away, families, and where a tag came from."""

from __future__ import annotations

from typing import Any

import pytest

from tagging.apply import Application, resolve
from tagging.families import FAMILY_VALUES_MAX
from tagging.paths import event_getter
from tagging.person import Person
from tagging.rules import CompiledRule, CompiledTag
from tagging.state import PersonState, TagState
from tests.unit.tagging.made import add, empty_state, event, person_with, tag

VIP = CompiledTag(1, "vip", 10, None, None)
INTEREST = CompiledTag(2, "interest", None, None, event_getter("properties.category"))
TAGS = {"vip": VIP, "interest": INTEREST}


def say(state: PersonState, tags: Any, at: int = 0) -> None:
    Application(state, event(type="tag", tags=tags), None, at, at).say(TAGS)


def unsay(state: PersonState, tags: Any, at: int = 0) -> None:
    Application(state, event(type="untag", tags=tags), None, at, at).unsay(TAGS)


def see(state: PersonState, category: Any, at: int = 0) -> None:
    add(state, INTEREST, at, fields={"properties": {"category": category}})


def test_a_said_tag_has_a_weight_or_one() -> None:
    state = empty_state()
    say(state, {"vip": {"weight": 2.5}, "interest:shoes": {}})

    assert (state.tags[1].weight, state.tags[1].rule) == (2.5, 0)
    assert state.tags["2:shoes"].weight == 1


@pytest.mark.parametrize("detail", [None, True, 5, "5", [], {"weight": None}, {"weight": "5"}, {"weight": True}, {"weight": 10**400}])
def test_a_weight_that_is_no_number_is_one(detail: Any) -> None:
    state = empty_state()
    say(state, {"vip": detail})

    assert state.tags[1].weight == 1


@pytest.mark.parametrize("name", ["unknown", "interest", "interest:", "vip:", "vip:x", "", ":", f"interest:{'x' * 257}"])
def test_what_names_no_tag_is_ignored(name: str) -> None:
    state = empty_state()
    say(state, {name: {"weight": 2}})

    assert state.tags == {}
    assert resolve(TAGS, name) == (None, None)


def test_an_id_splits_at_the_first_colon() -> None:
    assert resolve(TAGS, "interest:a:b") == (INTEREST, "2:a:b")
    assert resolve(TAGS, "vip") == (VIP, 1)


@pytest.mark.parametrize("tags", [None, [], "vip", 7, ["vip"]])
def test_tags_that_are_no_object_say_and_take_nothing(tags: Any) -> None:
    state = empty_state()
    say(state, {"vip": {}})
    say(state, tags)
    unsay(state, tags)

    assert state.tags[1].count == 1
    assert state.floors == {}


def test_untag_deletes_the_state_even_of_newer_applications() -> None:
    state = empty_state()
    say(state, {"vip": {}}, 50)
    unsay(state, {"vip": {}}, 40)

    assert state.tags == {}


def test_after_an_untag_only_what_is_newer_counts() -> None:
    state = empty_state()
    unsay(state, {"vip": {}}, 40)
    for at in (39, 40, 41):
        say(state, {"vip": {}}, at)
    for at in (-5, 40):
        add(state, VIP, at)

    assert (state.tags[1].count, state.tags[1].first) == (1, 41)


def test_the_greatest_untag_time_is_kept() -> None:
    state = empty_state()
    for at in (40, 30):
        unsay(state, {"vip": {}}, at)
    say(state, {"vip": {}}, 35)

    assert state.tags == {}
    assert state.floors == {1: 40}


def test_untag_before_the_base_is_a_floor_too() -> None:
    state = empty_state()
    unsay(state, {"vip": {}}, -40)
    say(state, {"vip": {}}, -40)
    assert state.tags == {}
    say(state, {"vip": {}}, -39)
    assert state.tags[1].count == 1


def test_untag_of_a_family_takes_all_values_and_of_a_value_only_that() -> None:
    state = empty_state()
    for category in ("shoes", "bags", "hats"):
        see(state, category, 5)
    say(state, {"vip": {}}, 5)

    unsay(state, {"interest:bags": {}}, 6)
    assert set(state.tags) == {1, "2:shoes", "2:hats"}

    unsay(state, {"interest": {}}, 7)
    assert set(state.tags) == {1}

    see(state, "bags", 7)
    see(state, "coats", 7)
    assert set(state.tags) == {1}
    see(state, "bags", 8)
    assert set(state.tags) == {1, "2:bags"}


def test_the_floor_of_one_value_holds_no_other_value_back() -> None:
    state = empty_state()
    unsay(state, {"interest:bags": {}}, 6)
    see(state, "bags", 6)
    see(state, "shoes", 6)

    assert set(state.tags) == {"2:shoes"}


@pytest.mark.parametrize("name", ["unknown", "vip:x", "interest:", "unknown:x"])
def test_untag_of_what_names_no_tag_is_ignored(name: str) -> None:
    state = empty_state()
    say(state, {"vip": {}})
    unsay(state, {name: None})

    assert set(state.tags) == {1}
    assert state.floors == {}


def test_a_family_is_told_from_one_whose_number_begins_alike() -> None:
    state = empty_state()
    state.tags["21:shoes"] = TagState(1, 1, 1, 0, 0, 0, None, None)
    see(state, "shoes")
    unsay(state, {"interest": {}})

    assert set(state.tags) == {"21:shoes"}


def test_a_family_has_one_application_for_each_distinct_element() -> None:
    many = CompiledTag(3, "many", None, None, event_getter("properties.categories[]"))
    state = empty_state()
    add(state, many, 0, fields={"properties": {"categories": ["a", "b", "a", 1, "1", None, 2.5]}})

    assert {key: held.count for key, held in state.tags.items()} == {"3:a": 1, "3:b": 1, "3:1": 1}


@pytest.mark.parametrize("category", [None, "", 7.5, True, ["shoes"], {}, "x" * 257])
def test_a_value_that_is_none_gives_no_tag(category: Any) -> None:
    state = empty_state()
    see(state, category)
    add(state, INTEREST, 0)

    assert state.tags == {}


def test_a_person_holds_so_many_values_and_what_is_left_out_is_counted() -> None:
    state = empty_state()
    for number in range(FAMILY_VALUES_MAX):
        see(state, f"c{number}")

    application = add(state, INTEREST, 0, fields={"properties": {"category": "one more"}})
    assert (application.bound_bites, len(state.tags)) == (1, FAMILY_VALUES_MAX)

    assert add(state, INTEREST, 0, fields={"properties": {"category": "c7"}}).bound_bites == 0
    assert state.tags["2:c7"].count == 2
    assert add(state, VIP, 0).bound_bites == 0
    assert state.tags[1].count == 1


def test_each_matching_rule_is_one_application_and_a_skipped_one_is_none() -> None:
    state = empty_state()
    rules = [
        CompiledRule(VIP, 1, None, 2),
        CompiledRule(VIP, 2, lambda _wire, traits: traits().get("city") == "Oslo", 3),
        CompiledRule(VIP, 3, lambda _wire, traits: traits().get("city") == "Rome", 100),
        CompiledRule(VIP, 4, None, 0, lambda _: None),
        CompiledRule(VIP, 5, None, 0, lambda _: 4),
    ]
    Application(state, event(), None, 0, 0).run_rules(rules, person_with(city="Oslo"))

    assert (state.tags[1].count, state.tags[1].weight, state.tags[1].rule) == (3, 9, 5)


def test_a_tag_tells_where_it_last_came_from() -> None:
    state = empty_state()
    for number, source in ((1, 5), (2, None)):
        Application(state, event(id=f"m-{number}"), source, number, number).run_rules(
            [CompiledRule(tag(1), 3, None, 1), CompiledRule(tag(2), 4, None, 1)], Person(state)
        )

    assert [(held.rule, held.source, held.event_id) for held in state.tags.values()] == [(3, None, "m-2"), (4, None, "m-2")]


def test_of_the_untag_times_of_values_the_newest_are_kept_and_what_is_left_out_is_counted() -> None:
    state = empty_state()
    unsay(state, {"interest": {}, "vip": {}}, 1)
    for number in range(FAMILY_VALUES_MAX):
        unsay(state, {f"interest:c{number:04}": {}}, 10 + (number == 0))
    assert len(state.floors) == FAMILY_VALUES_MAX + 2

    last = Application(state, event(type="untag", tags={"interest:more": {}, "interest:c0002": {}}), None, 12, 12)
    last.unsay(TAGS)

    assert last.bound_bites == 1
    assert len(state.floors) == FAMILY_VALUES_MAX + 2
    assert "2:c0001" not in state.floors
    assert (state.floors["2:c0000"], state.floors["2:c0002"], state.floors["2:more"]) == (11, 12, 12)
    see(state, "c0001", 10)
    see(state, "c0003", 10)
    assert set(state.tags) == {"2:c0001"}

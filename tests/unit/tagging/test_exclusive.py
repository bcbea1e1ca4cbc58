"""Of one group's tags a person has one: the newest."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.definitions.bundle import next_bundle
from schemas.definitions.model import AllOf, Bundle, EventMatch, Rule, Tag
from schemas.definitions.parse import Definitions
from tagging.apply import Application
from tagging.families import FAMILY_VALUES_MAX
from tagging.rules import CompiledTag, compile_rules, touched_by
from tagging.state import PersonState, TagState
from tests.unit.tagging.made import add, empty_state, event


def rules(*names: str) -> tuple[Rule, ...]:
    return tuple(Rule(name, EventMatch((name,), AllOf(()))) for name in names)


BUNDLE = next_bundle(
    Bundle(),
    Definitions(
        tags=(
            Tag("new", "new", rules("signed_up"), exclusive="life"),
            Tag("loyal", "loyal", rules("bought"), exclusive="life"),
            Tag("size", "size", rules("measured"), value="properties.x", exclusive="life", max_values=3),
            Tag("colour", "colour", (), value="properties.x", exclusive="taste"),
            Tag("gone", "gone", rules("bought"), exclusive="life", archived=True),
            Tag("free", "free", rules("bought")),
        )
    ),
)
TAGS, RULES = compile_rules(BUNDLE)
NEW, LOYAL, SIZE, COLOUR = TAGS["new"], TAGS["loyal"], TAGS["size"], TAGS["colour"]


def keys(state: PersonState) -> set[str]:
    """The person's tags by their ids."""
    names = {tag.number: tag.id for tag in TAGS.values()}
    return {f"{names[int(number)]}{colon}{value}" for key in state.tags for number, colon, value in [str(key).partition(":")]}


def see(state: PersonState, to: CompiledTag, value: str, at: int) -> int:
    return add(state, to, at, fields={"properties": {"x": value}}).bound_bites


def say(state: PersonState, tags: Any, at: int) -> None:
    Application(state, event(type="tag", tags=tags), None, at, at).say(TAGS)


def test_a_newer_application_takes_the_place_and_the_losers_state_is_deleted() -> None:
    state = empty_state()
    add(state, NEW, 10)
    add(state, NEW, 11)
    add(state, LOYAL, 12)
    assert keys(state) == {"loyal"}

    add(state, NEW, 13)
    assert keys(state) == {"new"}
    assert (state.tags[NEW.number].count, state.tags[NEW.number].first) == (1, 13)


def test_an_older_application_is_dropped_whole() -> None:
    state = empty_state()
    add(state, LOYAL, 12)
    before = state.tags[LOYAL.number]
    add(state, NEW, 11)

    assert keys(state) == {"loyal"}
    assert (before.count, before.weight, before.last) == (1, 1, 12)


def test_of_equal_times_the_later_applied_wins() -> None:
    state = empty_state()
    for to in (NEW, LOYAL):
        add(state, to, 10)
    assert keys(state) == {"loyal"}


def test_the_holder_itself_takes_older_applications() -> None:
    state = empty_state()
    for at in (10, 5):
        add(state, NEW, at)

    assert (state.tags[NEW.number].count, state.tags[NEW.number].first) == (2, 5)


def test_each_value_of_a_family_contends_by_itself_and_with_the_plain_tags() -> None:
    state = empty_state()
    add(state, NEW, 1)
    see(state, SIZE, "s", 2)
    assert keys(state) == {"size:s"}
    see(state, SIZE, "m", 3)
    assert keys(state) == {"size:m"}
    see(state, SIZE, "s", 2)
    add(state, LOYAL, 2)
    assert keys(state) == {"size:m"}
    add(state, LOYAL, 3)
    assert keys(state) == {"loyal"}


def test_groups_and_free_tags_leave_each_other_alone() -> None:
    state = empty_state()
    add(state, NEW, 1)
    see(state, COLOUR, "red", 2)
    add(state, TAGS["free"], 3)

    assert keys(state) == {"new", "colour:red", "free"}


def test_of_several_elements_of_one_event_the_last_wins() -> None:
    state = empty_state()
    say(state, {"colour:red": {}, "colour:blue": {}}, 5)

    assert keys(state) == {"colour:blue"}


def test_said_tags_contend_in_order_of_definition() -> None:
    state = empty_state()
    say(state, {"loyal": {}, "new": {}}, 5)

    assert keys(state) == {"loyal"}


def test_after_an_untag_an_older_application_may_take_the_place() -> None:
    state = empty_state()
    say(state, {"loyal": {}}, 10)
    Application(state, event(type="untag", tags={"loyal": {}}), None, 11, 11).unsay(TAGS)
    say(state, {"loyal": {}}, 11)
    assert keys(state) == set()

    say(state, {"new": {}}, 3)
    assert keys(state) == {"new"}


def test_what_an_untag_holds_back_takes_no_place() -> None:
    state = empty_state()
    Application(state, event(type="untag", tags={"loyal": {}}), None, 20, 20).unsay(TAGS)
    say(state, {"new": {}}, 10)
    say(state, {"loyal": {}}, 15)

    assert keys(state) == {"new"}


def test_an_archived_tag_takes_no_part() -> None:
    state = empty_state()
    state.tags[TAGS["gone"].number] = TagState(1, 1, 1, 100, 100, 0, None, None)
    add(state, NEW, 10)
    assert keys(state) == {"gone", "new"}


def test_a_newcomer_for_whom_there_is_no_room_takes_no_place() -> None:
    """One tag gives way, but the person still holds too many."""
    state = empty_state()
    see(state, COLOUR, "red", 1)
    for number in range(FAMILY_VALUES_MAX):
        state.tags[f"99:{number}"] = TagState(1, 1, 1, 0, 0, 0, None, None)

    assert see(state, COLOUR, "blue", 2) == 1
    assert keys_of(state, COLOUR) == [f"{COLOUR.number}:red"]

    del state.tags["99:0"]
    assert see(state, COLOUR, "blue", 2) == 0
    assert keys_of(state, COLOUR) == [f"{COLOUR.number}:blue"]
    assert see(state, SIZE, "m", 3) == 0, "with max_values the general bound does not hold"


def keys_of(state: PersonState, to: CompiledTag) -> list[int | str]:
    return [key for key in state.tags if str(key).startswith(f"{to.number}:")]


@pytest.mark.parametrize(
    ("name", "touched"), [("bought", {"new", "loyal", "size", "free"}), ("measured", {"new", "loyal", "size"}), ("other", set())]
)
def test_a_rule_touches_all_that_may_give_way_to_its_tag(name: str, touched: set[str]) -> None:
    assert touched_by(RULES.get(name, [])) == touched

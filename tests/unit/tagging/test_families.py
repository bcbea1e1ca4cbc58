"""How many values of a family a person has, and which one gives way."""

from __future__ import annotations

import pytest

from schemas.definitions.model import Tag
from tagging.families import FAMILY_VALUES_MAX, shrink, weakest
from tagging.paths import event_getter
from tagging.rules import CompiledTag, Limits, compile_tag
from tagging.state import PersonState, TagState
from tests.unit.tagging.made import add, empty_state

TWO = CompiledTag(2, "two", 10, None, event_getter("properties.x"), Limits(max_values=2))


def held(score: float, last: int = 0) -> TagState:
    return TagState(1, score, score, last, last, 0, None, None)


def see(state: PersonState, value: str, at: int, *, weight: float = 1, now: int | None = None, to: CompiledTag = TWO) -> int:
    return add(state, to, at, weight, {"properties": {"x": value}}, now=now).bound_bites


def values(state: PersonState) -> list[str]:
    return sorted(str(key)[2:] for key in state.tags if str(key).startswith("2:"))


def test_a_newcomer_evicts_the_least_score_and_stays_even_if_its_own_is_less() -> None:
    state = empty_state()
    see(state, "a", 0, weight=5)
    see(state, "b", 0, weight=4)
    assert see(state, "c", 0, weight=-100) == 1
    assert values(state) == ["a", "c"]


def test_a_value_that_is_there_evicts_nobody() -> None:
    state = empty_state()
    see(state, "a", 0)
    see(state, "b", 0)
    assert see(state, "a", 0) == 0
    assert values(state) == ["a", "b"]


def test_scores_are_compared_as_of_the_clock() -> None:
    """At its own last time a has more than b; at the clock less."""
    state = empty_state()
    see(state, "a", 0, weight=3)
    see(state, "b", 20, weight=1)
    see(state, "c", 5, now=20)

    assert values(state) == ["b", "c"]


def test_negative_scores_go_first() -> None:
    state = empty_state()
    see(state, "a", 0, weight=-1)
    see(state, "b", 0, weight=0)
    see(state, "c", 0)

    assert values(state) == ["b", "c"]


def test_scores_equal_within_the_tolerance_tie_and_the_least_last_time_goes() -> None:
    nearly = 1 + 2.0**-42
    assert weakest({"2:a": held(1, 7), "2:b": held(nearly, 6)}, ["2:a", "2:b"], None, 10) == "2:b"
    assert weakest({"2:a": held(1, 7), "2:b": held(1 + 2.0**-38, 6)}, ["2:a", "2:b"], None, 10) == "2:a"


def test_scores_that_vanished_tie() -> None:
    assert weakest({"2:a": held(-1, 7), "2:b": held(1, 6)}, ["2:a", "2:b"], 1, 1_000) == "2:b"


@pytest.mark.parametrize(("one", "other", "first"), [("a", "b", "a"), ("Z", "a", "Z"), ("z", "é", "z"), ("\uffff", "\U00010000", "\uffff")])
def test_last_of_all_the_least_bytes_go(one: str, other: str, first: str) -> None:
    tags: dict[int | str, TagState] = {f"2:{other}": held(1), f"2:{one}": held(1)}

    assert weakest(tags, [f"2:{other}", f"2:{one}"], None, 0) == f"2:{first}"


def test_if_the_number_was_lowered_a_newcomer_evicts_until_it_is_kept() -> None:
    state = empty_state()
    for number in range(5):
        state.tags[f"2:{number}"] = held(number)
    state.tags["21:x"] = held(-5)
    state.tags[1] = held(-5)

    assert see(state, "new", 0) == 4
    assert values(state) == ["4", "new"]
    assert {1, "21:x"} < set(state.tags)


def test_with_one_value_the_newest_newcomer_is_it() -> None:
    one = CompiledTag(2, "one", None, None, event_getter("properties.x"), Limits(max_values=1))
    state = empty_state()
    for at, value in ((5, "a"), (3, "b")):
        see(state, value, at, now=5, to=one)

    assert values(state) == ["b"]


def test_what_is_too_old_for_the_ttl_evicts_nobody() -> None:
    brief = CompiledTag(2, "brief", None, None, event_getter("properties.x"), Limits(ttl=10, max_values=1))
    state = empty_state()
    see(state, "a", 20, to=brief)
    see(state, "b", 10, now=20, to=brief)

    assert values(state) == ["a"]


def test_a_number_of_its_own_takes_the_place_of_the_general_bound() -> None:
    state = empty_state()
    for number in range(FAMILY_VALUES_MAX):
        state.tags[f"99:{number}"] = held(1)

    assert see(state, "a", 0) == 0
    assert values(state) == ["a"]


def test_shrinking_tells_how_many_went() -> None:
    tags: dict[int | str, TagState] = {"2:a": held(1), "2:b": held(2), 3: held(0)}

    assert shrink(tags, "2:", 2, None, 0) == 0
    assert shrink(tags, "2:", 5, None, 0) == 0
    assert shrink(tags, "2:", 0, None, 0) == 2
    assert set(tags) == {3}


def test_a_plain_tag_has_no_number_of_values() -> None:
    assert compile_tag(Tag("t", "t", (), max_values=3), 1).limits is None
    assert compile_tag(Tag("t", "t", (), max_values=3, value="properties.x"), 1).limits == Limits(max_values=3)

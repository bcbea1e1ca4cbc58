"""Nodes by example; that their times are exact for all persons is shown in test_next_change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from schemas.definitions.model import Comparison, NumberOperator
from segments.nodes import All, CompiledNode, Not, Outlook, PresenceLeaf, ScoreLeaf, TagLeaf, WindowLeaf, count_holds, next_change
from segments.nodes import Any as AnyOf
from tagging.decay import NEVER, Cut, flip_time, score_at
from tagging.person import Person
from tagging.state import TagState, new_person
from tests.unit.segments.scene import compiled


@dataclass
class Always:
    """A node with a fixed outlook."""

    value: bool
    bound: int = NEVER

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:
        return self.value, self.bound


def nobody() -> Person:
    return Person(new_person("user:u1", 0, 0, 1))


def holder(tags: dict[int | str, TagState] | None = None, leaves: dict[int, Any] | None = None) -> Person:
    person = nobody()
    person.state.tags = tags or {}
    person.state.leaves = leaves or {}
    return person


def held(score: float = 1, *, count: int = 1, weight: float | None = None, last: int = 0) -> TagState:
    return TagState(count, score if weight is None else weight, score, last, last, 0, None, None)


def node(when: str, tags: str = "[]") -> CompiledNode:
    return compiled(f"tags: {tags}\nsegments: [{{id: s, when: {when}}}]")["s"].node


@pytest.mark.parametrize(
    ("operator", "value", "upper", "true_for"),
    [
        ("gte", 2, None, [2, 3, 4]),
        ("gt", 2, None, [3, 4]),
        ("lt", 2, None, [0, 1]),
        ("lte", 2, None, [0, 1, 2]),
        ("eq", 2, None, [2]),
        ("ne", 2, None, [0, 1, 3, 4]),
        ("between", 1, 3, [1, 2, 3]),
        ("between", 2, None, [2]),
        ("gte", 1.5, None, [2, 3, 4]),
    ],
)
def test_whole_numbers_compare_exactly(operator: NumberOperator, value: float, upper: float | None, true_for: list[int]) -> None:
    assert [count for count in range(5) if count_holds((Comparison(operator, value, upper),), count)] == true_for


def test_all_comparisons_must_hold() -> None:
    assert count_holds((), 0)
    assert [count for count in range(5) if count_holds((Comparison("gt", 1), Comparison("ne", 3)), count)] == [2, 4]


def test_an_empty_all_is_true_and_an_empty_any_false() -> None:
    assert All(()).outlook(nobody(), 0) == (True, NEVER)
    assert AnyOf(()).outlook(nobody(), 0) == (False, NEVER)


@pytest.mark.parametrize("base", [0, -1_000])
@pytest.mark.parametrize(
    ("items", "every", "some"),
    [
        ([(True, 5), (True, 3)], (True, 3), (True, 5)),
        ([(False, 5), (False, 3)], (False, 5), (False, 3)),
        ([(True, 5), (False, 3)], (False, 3), (True, 5)),
        ([(True, 5), (False, NEVER)], (False, NEVER), (True, 5)),
        ([(True, NEVER), (False, 3)], (False, 3), (True, NEVER)),
        ([(True, NEVER)], (True, NEVER), (True, NEVER)),
        ([(False, NEVER)], (False, NEVER), (False, NEVER)),
    ],
)
def test_a_combination_stays_until_all_that_decide_it_have_changed(base: int, items: list[Outlook], every: Outlook, some: Outlook) -> None:
    """With times before the base too: a person's times are moved after weeks, and dues from before are still to fire."""

    def moved(outlook: Outlook) -> Outlook:
        return outlook[0], outlook[1] if outlook[1] == NEVER else outlook[1] + base

    nodes = [Always(*moved(item)) for item in items]
    assert All(nodes).outlook(nobody(), base) == moved(every)
    assert AnyOf(nodes).outlook(nobody(), base) == moved(some)
    assert Not(All(nodes)).outlook(nobody(), base) == (not every[0], moved(every)[1])


def test_a_change_that_makes_no_difference_is_passed_over() -> None:
    """The score falls through both of its bounds, and the condition is true on either side of one of them."""
    either = node("{any: [{tag: t, score: {gte: 4}}, {tag: t, score: {between: [1, 4]}}]}", "[{id: t, half_life: 10ms}]")
    person = holder({1: held(8)})

    assert either.outlook(person, 0)[1] < 31
    assert next_change(either, person, 0) == 31


@pytest.mark.parametrize(
    ("when", "tags", "kind"),
    [
        ("{tag: t, score: {gte: 3}}", "[{id: t, half_life: 1h}]", ScoreLeaf),
        ("{tag: t, score: {gt: 3}}", "[{id: t, half_life: 1h}]", ScoreLeaf),
        ("{tag: 't:x', score: {gt: 3}}", "[{id: t, value: properties.x, half_life: 1h}]", ScoreLeaf),
        ("{tag: t, score: {gte: 1.0e-13}}", "[{id: t, half_life: 1h}]", TagLeaf),
        ("{tag: t, score: {gt: 0}}", "[{id: t, half_life: 1h}]", TagLeaf),
        ("{tag: t, score: {gte: -1}}", "[{id: t, half_life: 1h}]", TagLeaf),
        ("{tag: t, score: {lt: 3}}", "[{id: t, half_life: 1h}]", TagLeaf),
        ("{tag: t, score: {gte: 3}, count: 1}", "[{id: t, half_life: 1h}]", TagLeaf),
        ("{tag: t, score: {gte: 3}, weight: 1}", "[{id: t, half_life: 1h}]", TagLeaf),
        ("{tag: t, score: {gte: 3, lt: 5}}", "[{id: t, half_life: 1h}]", TagLeaf),
        ("{tag: t, score: {gte: 3}}", "[{id: t}]", TagLeaf),
        ("{tag: t, score: 3}", "[{id: t}]", TagLeaf),
        ("{tag: t}", "[{id: t, half_life: 1h}]", PresenceLeaf),
    ],
)
def test_only_the_common_test_of_a_score_takes_the_short_way(when: str, tags: str, kind: type) -> None:
    assert type(node(when, tags)) is kind


@pytest.mark.parametrize("when", ["{gte: 3}", "{gt: 3}"])
def test_three_weights_of_one_at_one_instant_are_enough_for_gte_3_and_a_millisecond_later_too_few(when: str) -> None:
    leaf = node(f"{{tag: t, score: {when}}}", "[{id: t, half_life: 1h}]")

    assert leaf.outlook(holder({1: held(3)}), 0) == ((True, 1) if when == "{gte: 3}" else (False, NEVER))
    assert leaf.outlook(holder({1: held(6)}), 0) == (True, 3_600_000 + (when == "{gte: 3}"))
    assert leaf.outlook(nobody(), 0) == (False, NEVER)


@pytest.mark.parametrize(
    ("score", "level", "half_life"),
    [
        (970502.2748595917, 0.4924716151936546, 2_564_306_801_681),
        (765258.3231074284, 0.09700717811923809, 2_549_992_343_650),
        (484074.091847339, 0.5822102342172509, 694_439_246_512),
        (976497.4237912345, 0.152835132464598, 2_761_291_389_815),
    ],
)
def test_after_decades_the_closed_form_is_a_millisecond_off_and_the_answer_is_not(score: float, level: float, half_life: int) -> None:
    held_on = holder({1: held(score)})
    value, leaves_at = ScoreLeaf(1, level, half_life).outlook(held_on, 0)

    assert value
    assert [score_at(score, 0, half_life, leaves_at + step) >= level for step in (-2, -1, 0, 1)] == [True, True, False, False]
    assert leaves_at == flip_time(score, 0, half_life, Cut(level, above=True), 0)


def test_a_tag_alone_asks_whether_the_person_has_it() -> None:
    leaf = node("{tag: t}", "[{id: t, half_life: 1ms}]")

    assert leaf.outlook(holder({1: held(0)}), 10**9) == (True, NEVER)
    assert leaf.outlook(nobody(), 0) == (False, NEVER)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("{tag: t, count: 0}", True),
        ("{tag: t, weight: 0}", True),
        ("{tag: t, score: {lt: 1}}", True),
        ("{tag: t, score: {gt: -1}}", True),
        ("{tag: t, count: {lt: 1}, score: {gte: 0}}", True),
        ("{tag: t, count: {gte: 1}}", False),
        ("{tag: t, weight: {ne: 0}}", False),
    ],
)
def test_an_absent_tag_has_count_weight_and_score_zero(when: str, expected: bool) -> None:
    for tags in ("[{id: t, half_life: 1h}]", "[{id: t, value: properties.x}]"):
        assert node(when, tags).outlook(nobody(), 0) == (expected, NEVER)


def test_weights_and_counts_do_not_fade() -> None:
    leaf = node("{tag: t, count: {gte: 2}, weight: {gte: 5}, score: {lt: 1}}", "[{id: t, half_life: 10ms}]")
    person = holder({1: held(4, count=2, weight=5)})

    assert leaf.outlook(person, 0) == (False, 21)
    assert leaf.outlook(person, 21) == (True, NEVER)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("count: {gte: 2}, score: {gte: 4}", (False, NEVER)),
        ("weight: {lt: 0}, score: {lt: 4}", (False, NEVER)),
        ("score: {gte: 9, lt: 4}", (False, NEVER)),
        ("score: {gt: -1, lt: 9}", (True, NEVER)),
        ("score: {lt: 4, between: [1, 5]}", (False, 11)),
        ("score: {lt: 4, gt: 6}", (False, NEVER)),
    ],
)
def test_a_bound_that_is_crossed_to_no_effect_is_no_change(asked: str, expected: Outlook) -> None:
    leaf = node(f"{{tag: t, {asked}}}", "[{id: t, half_life: 10ms}]")

    assert leaf.outlook(holder({1: held(8)}), 0) == expected


def test_a_score_that_does_not_fade_may_be_compared_for_equality() -> None:
    leaf = node("{tag: t, score: {eq: 3}}", "[{id: t}]")

    assert [leaf.outlook(holder({1: held(score)}), 0)[0] for score in (3, 3 + 1e-13, 3 + 1e-11)] == [True, True, False]


FAMILY = "[{id: t, value: properties.x, half_life: 10ms}]"


def test_some_one_value_of_a_family_must_meet_all_comparisons() -> None:
    leaf = node("{tag: t, count: {gte: 2}, score: {gte: 4}}", FAMILY)

    assert not leaf.outlook(holder({"1:a": held(8), "1:b": held(1, count=2)}), 0)[0]
    assert leaf.outlook(holder({"1:a": held(8), "1:b": held(8, count=2)}), 0) == (True, 11)


def test_a_family_changes_when_its_last_value_does() -> None:
    leaf = node("{tag: t, score: {gte: 4}}", FAMILY)

    assert leaf.outlook(holder({"1:a": held(8), "1:b": held(16), "1:c": held(1)}), 0) == (True, 21)
    assert leaf.outlook(holder({"11:a": held(8), 1: held(8)}), 0) == (False, NEVER)


def test_a_family_whose_values_take_turns_stays() -> None:
    leaf = node("{tag: t, score: {between: [1, 2]}}", FAMILY)

    assert leaf.outlook(holder({"1:a": held(2), "1:b": held(4)}), 0) == (True, 21)


def test_an_event_leaves_the_window_exactly_at_its_length() -> None:
    leaf = node("{event: v, within: 10ms}")

    assert isinstance(leaf, WindowLeaf)
    assert leaf.outlook(holder(leaves={1: [5]}), 14) == (True, 15)
    assert leaf.outlook(holder(leaves={1: [5]}), 15) == (False, NEVER)


@pytest.mark.parametrize(
    ("count", "at", "expected"),
    [
        ("{gte: 2}", 5, (True, 13)),
        ("{gte: 2}", 13, (False, NEVER)),
        ("{gte: 0}", 5, (True, NEVER)),
        ("{gt: 2}", 5, (True, 11)),
        ("{gt: 2}", 11, (False, NEVER)),
        ("{lt: 2}", 5, (False, 13)),
        ("{lte: 2}", 5, (False, 11)),
        ("{eq: 2}", 5, (False, 11)),
        ("{eq: 2}", 11, (True, 13)),
        ("{ne: 1}", 5, (True, 13)),
        ("{ne: 1}", 13, (False, 15)),
        ("{between: [1, 2]}", 5, (False, 11)),
        ("{between: [1, 2]}", 11, (True, 15)),
        ("{gte: 1, ne: 2}", 5, (True, 11)),
    ],
)
def test_a_window_changes_when_one_of_its_events_leaves(count: str, at: int, expected: Outlook) -> None:
    assert node(f"{{event: v, within: 10ms, count: {count}}}").outlook(holder(leaves={1: [1, 3, 5]}), at) == expected


def test_events_at_one_time_leave_together() -> None:
    assert node("{event: v, within: 10ms, count: {eq: 2}}").outlook(holder(leaves={1: [1, 3, 3]}), 5) == (False, 11)
    assert node("{event: v, within: 10ms, count: {eq: 1}}").outlook(holder(leaves={1: [3, 3]}), 5) == (False, NEVER)


def test_who_did_nothing_has_a_count_of_zero() -> None:
    for when, expected in (("{event: v, within: 1h, count: 0}", True), ("{event: v, within: 1h}", False), ("{event: v}", False)):
        assert node(when).outlook(nobody(), 0) == (expected, NEVER)


def test_a_counter_does_not_change_by_itself() -> None:
    assert node("{event: v, count: {gte: 3}}").outlook(holder(leaves={1: 3}), 0) == (True, NEVER)


def test_a_state_of_the_other_kind_counts_as_nothing() -> None:
    assert node("{event: v}").outlook(holder(leaves={1: [1]}), 0) == (False, NEVER)
    assert node("{event: v, within: 1h}").outlook(holder(leaves={1: 3}), 0) == (False, NEVER)


def test_a_trait_does_not_change_by_itself() -> None:
    person = nobody()
    person.set_traits({"city": ("Oslo", 0)})

    assert node("{trait: city, eq: Oslo}").outlook(person, 0) == (True, NEVER)
    assert node("{trait: city, eq: Rome}").outlook(person, 0) == (False, NEVER)
    assert node("{trait: city, all: []}").outlook(nobody(), 0) == (True, NEVER)

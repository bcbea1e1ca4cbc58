"""Sequences and absences. All times are milliseconds after T and worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.definitions.model import AbsenceNode, EventMatch, PathTest, SequenceNode
from tests.unit.oracle.scenario import ALWAYS, Log, T, log, seen, segment


def step(name: str) -> EventMatch:
    return EventMatch((name,), ALWAYS)


def steps(*names: str, span: int | None = None, within: int | None = None) -> SequenceNode:
    return SequenceNode(tuple(map(step, names)), span, within)


def test_a_sequence_is_complete_with_its_last_step_and_ends_when_that_leaves_the_window() -> None:
    story = log(segment(steps("a", "b", "c", within=1_000))).event(0, "a").event(100, "b").event(300, "c").clock(9_000)
    assert seen(story.run()) == [("s", "in", 300, "event"), ("s", "out", 1_300, "time")]


def test_other_events_between_the_steps_do_not_matter_and_the_wrong_order_is_none() -> None:
    assert seen(log(segment(steps("a", "b"))).event(0, "a").event(1, "x").event(2, "a").event(3, "b").run()) == [("s", "in", 3, "event")]
    assert seen(log(segment(steps("a", "b"))).event(0, "b").event(1, "a").run()) == []


def test_an_event_that_comes_late_completes_the_sequence_by_its_event_time() -> None:
    story = log(segment(steps("a", "b", within=1_000))).event(500, "b").event(800, "a", timestamp=T + 499).clock(9_000)
    assert seen(story.run()) == [("s", "in", 800, "event"), ("s", "out", 1_500, "time")]


def test_at_equal_event_times_the_order_of_application_decides() -> None:
    assert seen(log(segment(steps("a", "b"))).event(5, "a").event(5, "b").run()) == [("s", "in", 5, "event")]
    assert seen(log(segment(steps("a", "b"))).event(5, "b").event(5, "a").run()) == []


def test_one_event_cannot_be_two_steps() -> None:
    assert seen(log(segment(steps("a", "a"))).event(0, "a").event(7, "a").run()) == [("s", "in", 7, "event")]


@pytest.mark.parametrize(("last", "inside"), [(1_500, True), (1_501, False)])
def test_the_span_from_first_to_last_may_be_as_long_as_said(last: int, inside: bool) -> None:
    story = log(segment(steps("a", "b", "c", span=500))).event(1_000, "a").event(1_200, "b").event(last, "c")
    assert bool(seen(story.run())) is inside


def test_the_latest_possible_beginning_counts_for_the_span() -> None:
    """a b a b c: from the second a it is 30 ms, from the first 1 030."""
    story = log(segment(steps("a", "b", "c", span=100)))
    for at, name in ((0, "a"), (10, "b"), (1_000, "a"), (1_010, "b"), (1_030, "c")):
        story.event(at, name)
    assert seen(story.run()) == [("s", "in", 1_030, "event")]


def test_a_step_that_is_repeated_between_does_not_make_the_span_longer_or_the_order_wrong() -> None:
    """a b a c: the second a has no b after it; only the first begins a chain, and it is 300 ms long."""
    story = log(segment(steps("a", "b", "c", span=299), "short"), segment(steps("a", "b", "c", span=300), "long"))
    for at, name in ((0, "a"), (100, "b"), (200, "a"), (300, "c")):
        story.event(at, name)
    assert seen(story.run()) == [("long", "in", 300, "event")]


def test_only_the_newest_64_matches_of_a_step_are_known() -> None:
    story = log(segment(steps("b", "a")))
    for number in range(64):
        story.event(100 + number, "a")
    assert seen(story.event(200, "b", timestamp=T + 50).run()) == [("s", "in", 200, "event")]
    late = log(segment(steps("a", "b"))).event(0, "a")
    for number in range(64):
        late.event(100 + number, "a")
    # The a of 0 ms is the oldest of 65: a b of 50 ms has no known a before it.
    assert seen(late.event(200, "b", timestamp=T + 50).run()) == []


def left_cart(**fields: Any) -> AbsenceNode:
    return AbsenceNode(step("cart"), step("bought"), **({"within_ms": 1_000} | fields))


def test_absence_begins_exactly_when_the_time_has_passed_and_ends_after_for() -> None:
    story = log(segment(left_cart(for_ms=300))).event(100, "cart").clock(9_000)
    assert seen(story.run()) == [("s", "in", 1_100, "time"), ("s", "out", 1_400, "time")]
    assert story.run().transitions[0]["data"]["leavesAt"] == "2025-11-24T16:00:01.400Z"


def test_absence_without_an_end_lasts_until_what_was_awaited_comes() -> None:
    story = log(segment(left_cart())).event(0, "cart").event(5_000, "bought").clock(9_000)
    assert seen(story.run()) == [("s", "in", 1_000, "time"), ("s", "out", 5_000, "event")]


@pytest.mark.parametrize(("bought", "rows"), [(0, 1), (1, 0), (1_000, 0)])
def test_what_comes_after_the_latest_after_cancels_it_and_what_comes_with_it_does_not(bought: int, rows: int) -> None:
    story = log(segment(left_cart())).event(0, "bought").event(0, "cart")
    if bought:
        story.event(bought, "bought")
    assert len(seen(story.clock(9_000).run())) == rows


def test_a_new_after_starts_the_time_anew() -> None:
    story = log(segment(left_cart(for_ms=500))).event(0, "cart").event(400, "bought").event(800, "cart").event(1_200, "cart").clock(9_000)
    assert seen(story.run()) == [("s", "in", 2_200, "time"), ("s", "out", 2_700, "time")]


def test_a_new_after_during_the_absence_ends_it_and_it_begins_again() -> None:
    story = log(segment(left_cart())).event(0, "cart").event(1_300, "cart").clock(9_000)
    assert seen(story.run()) == [("s", "in", 1_000, "time"), ("s", "out", 1_300, "event"), ("s", "in", 2_300, "time")]


def test_a_late_without_ends_an_absence_that_should_not_have_begun() -> None:
    story = log(segment(left_cart())).event(0, "cart").event(1_200, "bought", timestamp=T + 500)
    assert seen(story.run()) == [("s", "in", 1_000, "time"), ("s", "out", 1_200, "event")]


def test_a_late_after_that_is_not_the_latest_changes_nothing() -> None:
    story = log(segment(left_cart(for_ms=100))).event(500, "cart").event(700, "cart", timestamp=T + 100).clock(9_000)
    assert seen(story.run()) == [("s", "in", 1_500, "time"), ("s", "out", 1_600, "time")]


def carts(*events: tuple[int, str, Any]) -> Log:
    story = log(segment(left_cart(same="properties.k", for_ms=500)))
    for at, name, key in events:
        story.event(at, name, properties={} if key is ... else {"k": key})
    return story


def test_each_key_is_awaited_by_itself() -> None:
    story = carts((0, "cart", "a"), (100, "cart", "b"), (200, "bought", "a")).clock(9_000)
    assert seen(story.run()) == [("s", "in", 1_100, "time"), ("s", "out", 1_600, "time")]


def test_while_some_key_is_awaited_in_vain_the_person_stays() -> None:
    """a from 1 000 to 1 500, b from 1 300 to 1 800, c from 1 750 to 2 250."""
    story = carts((0, "cart", "a"), (300, "cart", "b"), (750, "cart", "c")).clock(9_000)
    assert seen(story.run()) == [("s", "in", 1_000, "time"), ("s", "out", 2_250, "time")]


def test_keys_are_equal_as_json_without_coercion() -> None:
    assert seen(carts((0, "cart", 1), (10, "bought", 1.0)).clock(9_000).run()) == []
    assert len(seen(carts((0, "cart", 1), (10, "bought", "1"), (11, "bought", True)).clock(9_000).run())) == 2


def test_a_missing_key_is_ignored_in_after_and_cancels_nothing_in_without() -> None:
    assert seen(carts((0, "cart", ...)).clock(9_000).run()) == []
    assert seen(carts((0, "cart", "a"), (10, "bought", ...)).clock(9_000).run())[0] == ("s", "in", 1_000, "time")


def test_a_null_is_a_key() -> None:
    assert seen(carts((0, "cart", None)).clock(9_000).run())[0] == ("s", "in", 1_000, "time")
    assert seen(carts((0, "cart", None), (10, "bought", None)).clock(9_000).run()) == []


def test_of_more_than_64_keys_those_with_the_newest_after_are_kept() -> None:
    """Key 0 is dropped when the 65th comes: the absence begins with key 1, of 1 ms."""
    story = carts(*((number, "cart", number) for number in range(65))).clock(9_000)
    assert seen(story.run()) == [("s", "in", 1_001, "time"), ("s", "out", 1_564, "time")]


def test_keys_that_were_only_bought_take_no_place() -> None:
    events = [(0, "cart", "a"), *((1 + number, "bought", number) for number in range(100))]
    assert seen(carts(*events).clock(9_000).run())[0] == ("s", "in", 1_000, "time")


def test_one_event_can_be_both_what_is_waited_after_and_what_is_awaited() -> None:
    """Each visit is a sign of life that takes back the one before; after the last, silence."""
    node = AbsenceNode(step("visit"), step("visit"), 1_000)
    story = log(segment(node)).event(0, "visit").event(600, "visit").clock(9_000)
    assert seen(story.run()) == [("s", "in", 1_600, "time")]


def test_a_condition_on_either_side_counts() -> None:
    dear = EventMatch(("cart",), PathTest("properties.price", "gte", 100))
    story = log(segment(AbsenceNode(dear, step("bought"), 1_000))).event(0, "cart", properties={"price": 99})
    assert seen(story.event(50, "cart", properties={"price": 100}).clock(9_000).run()) == [("s", "in", 1_050, "time")]

"""What the events of a window come to. All times are milliseconds after T and worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.definitions.model import Aggregate, CalendarWindow, Comparison, EventMatch, EventNode, FixedWindow, NumberOperator
from tests.unit.oracle.scenario import ALWAYS, Log, T, after_t, log, seen, segment

VIEWED = EventMatch(("viewed",), ALWAYS)


def asks(kind: Any, operator: NumberOperator, value: float, within: int | None = None, **fields: Any) -> EventNode:
    aggregate = Aggregate(kind, "properties.n", (Comparison(operator, value),))
    return EventNode(VIEWED, (), within, aggregates=(aggregate,), **fields)


def put(story: Log, *values: tuple[int, Any]) -> Log:
    for at, value in values:
        story.event(at, properties={} if value is ... else {"n": value})
    return story


def is_inside(node: EventNode, *values: Any) -> bool:
    outcome = put(log(segment(node)), *enumerate(values)).run()
    return bool(outcome.persons["user:u1"].memberships) and outcome.persons["user:u1"].memberships["s"].inside


def test_a_sum_falls_when_the_oldest_event_leaves_the_window() -> None:
    story = put(log(segment(asks("sum", "gte", 10, within=1_000))), (0, 4), (300, 6), (700, 1)).clock(9_000)
    assert seen(story.run()) == [("s", "in", 300, "event"), ("s", "out", 1_000, "time")]


def test_an_average_may_rise_by_the_passing_of_time() -> None:
    """2 and 10 make 6; when the 2 has left it is 10, and after the 10 nothing has no average."""
    story = put(log(segment(asks("avg", "gt", 6, within=1_000))), (0, 2), (400, 10)).clock(9_000)
    assert seen(story.run()) == [("s", "in", 1_000, "time"), ("s", "out", 1_400, "time")]


def test_the_least_and_the_greatest_change_when_they_leave() -> None:
    least, greatest = asks("min", "gte", 5, within=1_000), asks("max", "lt", 8, within=1_000)
    story = put(log(segment(least, "least"), segment(greatest, "greatest")), (0, 3), (200, 9), (500, 7)).clock(9_000)
    assert seen(story.run()) == [
        ("greatest", "in", 0, "event"),
        ("greatest", "out", 200, "event"),
        ("least", "in", 1_000, "time"),
        ("greatest", "in", 1_200, "time"),
        ("greatest", "out", 1_500, "time"),
        ("least", "out", 1_500, "time"),
    ]


@pytest.mark.parametrize("kind", ["avg", "min", "max"])
@pytest.mark.parametrize("operator", ["lt", "gte", "ne"])
def test_the_average_the_least_and_the_greatest_of_nothing_meet_no_comparison(kind: str, operator: NumberOperator) -> None:
    assert not is_inside(asks(kind, operator, 5), ..., "5", True, None, [5])


def test_the_sum_of_nothing_is_zero_and_so_is_the_number_of_values() -> None:
    assert is_inside(asks("sum", "eq", 0), ..., "5")
    assert is_inside(asks("distinct", "eq", 0), ...)


def test_what_is_no_number_is_skipped() -> None:
    assert is_inside(asks("avg", "eq", 3), 2, "100", None, True, ..., 4.0)


def test_a_sum_is_exact_before_it_is_rounded() -> None:
    """Added one by one as doubles, the 1 would be lost in 1e30."""
    assert is_inside(asks("sum", "eq", 1), 1e30, 1, -1e30)


def test_a_sum_and_an_average_are_compared_within_the_tolerance_and_the_rest_exactly() -> None:
    tiny = 2.0**-41
    assert is_inside(asks("sum", "gte", 1 + tiny), 1)
    assert is_inside(asks("avg", "eq", 1 + tiny), 1)
    assert not is_inside(asks("min", "gte", 1 + tiny), 1)
    assert not is_inside(asks("max", "eq", 1 + tiny), 1)


def test_values_are_distinct_as_json_without_coercion() -> None:
    """1 and 1.0 are one value; so are two equal lists: 1, "1", true, null, [1, 2], {"a": 1} make six."""
    values = (1, 1.0, "1", True, None, [1, 2], [1.0, 2], {"a": 1}, {"a": 1.0}, ...)
    assert is_inside(asks("distinct", "eq", 6), *values)


def test_distinct_whole_numbers_that_one_double_would_hold_are_two() -> None:
    assert is_inside(asks("distinct", "eq", 2), 2**53, 2**53 + 1)


def test_a_value_counts_until_its_last_event_has_left() -> None:
    story = put(log(segment(asks("distinct", "gte", 2, within=1_000))), (0, "a"), (100, "b"), (400, "a")).clock(9_000)
    assert seen(story.run()) == [("s", "in", 100, "event"), ("s", "out", 1_100, "time")]


def test_all_that_one_node_asks_must_hold() -> None:
    total = Aggregate("sum", "properties.n", (Comparison("gte", 10),))
    kinds = Aggregate("distinct", "properties.c", (Comparison("gte", 2), Comparison("lt", 4)))
    node = EventNode(VIEWED, (Comparison("gte", 3),), aggregates=(total, kinds))
    story = log(segment(node))
    for at, number, kind in ((0, 9, "a"), (1, 1, "b"), (2, -1, "b"), (3, 1, "a"), (4, 0, "c"), (5, 0, "d")):
        story.event(at, properties={"n": number, "c": kind})
    assert seen(story.run()) == [("s", "in", 3, "event"), ("s", "out", 5, "event")]


def test_only_the_newest_256_matching_events_are_added_and_all_are_counted() -> None:
    """The first has a 1000; the event that comes in late is older than all others and never among the newest."""
    node = EventNode(VIEWED, (Comparison("eq", 258),), aggregates=(Aggregate("sum", "properties.n", (Comparison("eq", 255),)),))
    story = put(log(segment(node)), (1, 1_000), *((2 + number, 1) for number in range(255)), (300, "none"))
    story.event(301, timestamp=T, properties={"n": 5_000})
    assert seen(story.run()) == [("s", "in", 301, "event")]


def test_a_late_event_may_push_the_oldest_out_of_the_newest_256() -> None:
    """The 1000 of 0 ms and 255 ones are 256 events. With one more of 400 ms there are 256 ones after it."""
    node = asks("sum", "eq", 256, within=1_000)
    story = put(log(segment(node)), (0, 1_000), *((500, 1) for _ in range(255))).event(600, timestamp=T + 400, properties={"n": 1})
    assert seen(story.clock(9_000).run()) == [("s", "in", 600, "event"), ("s", "out", 1_400, "time")]


def test_a_fixed_window_begins_with_its_first_millisecond_and_ends_before_its_last() -> None:
    node = EventNode(VIEWED, (Comparison("eq", 2),), fixed=FixedWindow(T + 100, T + 200))
    story = log(segment(node)).event(99).event(100).event(199).event(200).clock(9_000)
    assert seen(story.run()) == [("s", "in", 199, "event")]
    assert "leavesAt" not in story.run().transitions[0]["data"]


def test_a_fixed_window_may_be_open_on_either_side() -> None:
    since, until = EventNode(VIEWED, fixed=FixedWindow(since_ms=T + 100)), EventNode(VIEWED, fixed=FixedWindow(until_ms=T + 100))
    story = log(segment(since, "since"), segment(until, "until")).event(100).event(150, timestamp=T + 99)
    assert seen(story.run()) == [("since", "in", 100, "event"), ("until", "in", 150, "event")]


def test_an_event_counts_until_the_end_of_the_local_day() -> None:
    """T is midnight in Shanghai, and 16:00 in London."""
    node = CalendarWindow("day", "Asia/Shanghai")
    london = CalendarWindow("day", "Europe/London")
    story = log(segment(EventNode(VIEWED, calendar=node), "here"), segment(EventNode(VIEWED, calendar=london), "there"))
    story.event(0).clock(after_t("2025-12-01T00:00:00Z"))
    assert seen(story.run())[2:] == [
        ("there", "out", after_t("2025-11-25T00:00:00+00:00"), "time"),
        ("here", "out", after_t("2025-11-26T00:00:00+08:00"), "time"),
    ]


def test_an_event_of_the_last_millisecond_of_a_unit_counts_one_millisecond() -> None:
    node = EventNode(VIEWED, calendar=CalendarWindow("day", "Asia/Shanghai"))
    assert seen(log(segment(node)).event(86_399_999).clock(90_000_000).run())[1] == ("s", "out", 86_400_000, "time")


def test_a_late_event_of_yesterday_counts_today_only_if_yesterday_does() -> None:
    today, both = (EventNode(VIEWED, calendar=CalendarWindow("day", "Asia/Shanghai", last)) for last in (1, 2))
    story = log(segment(today, "today"), segment(both, "both")).event(10, timestamp=T - 1).clock(200_000_000)
    assert seen(story.run()) == [("both", "in", 10, "event"), ("both", "out", 86_400_000, "time")]


def test_a_sum_of_the_calendar_month_starts_anew_with_the_month() -> None:
    node = asks("sum", "gte", 5, calendar=CalendarWindow("month", "Asia/Shanghai"))
    december = after_t("2025-12-01T00:00:00+08:00")
    story = put(log(segment(node)), (0, 3), (10, 2), (december, 4), (december + 1, 1))
    assert seen(story.run()) == [("s", "in", 10, "event"), ("s", "out", december, "event"), ("s", "in", december + 1, "event")]

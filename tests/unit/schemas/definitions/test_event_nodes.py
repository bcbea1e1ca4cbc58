# ruff: noqa: E501 - a table of faults is read by its rows
"""The windows of an event node, and what the values of its events come to."""

from __future__ import annotations

import pytest

from schemas.definitions.model import Aggregate, AllOf, CalendarWindow, Comparison, EventMatch, EventNode, FixedWindow
from tests.unit.schemas.definitions.reading import node, node_faults

E = EventMatch(("e",), AllOf(()))
ONE = (Comparison("gte", 1),)
NEW_YEAR_MS = 1_767_225_600_000
PRICE = "properties.price"
TIME = "a time: ISO 8601 with an offset, such as 2026-01-01T00:00:00+08:00, or whole milliseconds since 1970"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{since: 2026-01-01T00:00:00Z}", EventNode(E, ONE, fixed=FixedWindow(NEW_YEAR_MS))),
        ("{since: '2026-01-01T08:00:00.0019+08:00'}", EventNode(E, ONE, fixed=FixedWindow(NEW_YEAR_MS + 1))),
        (f"{{until: {NEW_YEAR_MS}}}", EventNode(E, ONE, fixed=FixedWindow(None, NEW_YEAR_MS))),
        (f"{{since: 0, until: {NEW_YEAR_MS}, count: {{gte: 5000}}}}", EventNode(E, (Comparison("gte", 5000),), fixed=FixedWindow(0, NEW_YEAR_MS))),
        ("{calendar: {unit: day}}", EventNode(E, ONE, calendar=CalendarWindow("day", "UTC", 1))),
        ("{calendar: {unit: week, zone: Asia/Shanghai, last: 3}, count: 2000}", EventNode(E, (Comparison("eq", 2000),), calendar=CalendarWindow("week", "Asia/Shanghai", 3))),
        ("{calendar: {unit: quarter, last: 366}}", EventNode(E, ONE, calendar=CalendarWindow("quarter", "UTC", 366))),
    ],
)  # fmt: skip
def test_each_kind_of_window_is_read(text: str, expected: EventNode) -> None:
    assert node(text.replace("{", "{event: e, ", 1)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{{sum: {{property: {PRICE}, gte: 100}}}}", EventNode(E, (), aggregates=(Aggregate("sum", PRICE, (Comparison("gte", 100.0),)),))),
        (f"{{avg: {{property: {PRICE}, between: [1, 2.5]}}, within: 5m}}", EventNode(E, (), 300_000, aggregates=(Aggregate("avg", PRICE, (Comparison("between", 1.0, 2.5),)),))),
        (f"{{min: {{property: {PRICE}, eq: 3}}, count: 2}}", EventNode(E, (Comparison("eq", 2),), aggregates=(Aggregate("min", PRICE, (Comparison("eq", 3.0),)),))),
        (f"{{distinct: {{property: {PRICE}, gt: 1, lt: 9.0}}}}", EventNode(E, (), aggregates=(Aggregate("distinct", PRICE, (Comparison("gt", 1), Comparison("lt", 9))),))),
    ],
)  # fmt: skip
def test_each_aggregate_is_read_and_with_one_nothing_is_said_of_the_count(text: str, expected: EventNode) -> None:
    assert node(text.replace("{", "{event: e, ", 1)) == expected


def test_aggregates_have_one_order_however_they_are_written() -> None:
    one = node("{event: e, sum: {property: properties.a, gte: 1, lt: 9}, max: {property: properties.b, gte: 1}}")
    other = node("{event: e, max: {gte: 1, property: properties.b}, sum: {lt: 9, gte: 1, property: properties.a}}")
    assert repr(one) == repr(other)


def test_distinct_is_compared_with_whole_numbers_and_the_others_with_doubles() -> None:
    found = node("{event: e, sum: {property: properties.a, gte: 1}, distinct: {property: properties.a, gte: 1}}")
    assert isinstance(found, EventNode)
    assert [repr(aggregate.comparisons[0].value) for aggregate in found.aggregates] == ["1.0", "1"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{within: 5m, since: 0}", ".since: found 'since', expected one kind of window: 'within' is there already"),
        ("{until: 1, within: 5m}", ".until: found 'until', expected one kind of window: 'within' is there already"),
        ("{since: 0, calendar: {unit: day}}", ".calendar: found 'calendar', expected one kind of window: 'since' is there already"),
        ("{since: 2026-01-01}", f".since: found '2026-01-01', expected {TIME}"),
        ("{since: 2026-01-01T00:00:00}", f".since: found '2026-01-01T00:00:00', expected {TIME}"),
        ("{since: 2026-02-30T00:00:00Z}", f".since: found '2026-02-30T00:00:00Z', expected {TIME}"),
        ("{since: -1}", f".since: found -1, expected {TIME}"),
        ("{until: true}", f".until: found true, expected {TIME}"),
        ("{until: 1.5}", f".until: found 1.5, expected {TIME}"),
        ("{until: [1]}", f".until: found a list, expected {TIME}"),
        ("{until: .nan}", ".until: found .nan, expected a finite number"),
        ("{until: 253402300800000}", f".until: found 253402300800000, expected {TIME}"),
        ("{since: 5, until: 5}", ".until: found 5, expected a time after 'since'"),
        ("{since: 2026-01-01T00:00:00+08:00, until: 2025-12-31T16:00:00Z}", ".until: found '2025-12-31T16:00:00Z', expected a time after 'since'"),
        ("{calendar: day}", ".calendar: found 'day', expected a map with the keys unit, zone, last"),
        ("{calendar: {}}", ".calendar: found no 'unit', expected the key 'unit': the current hour, day, week (ISO), month, quarter or year"),
        ("{calendar: {unit: days}}", ".calendar.unit: found 'days', expected one of hour, day, week, month, quarter, year; did you mean 'day'?"),
        ("{calendar: {unit: day, zone: Shanghai}}", ".calendar.zone: found 'Shanghai', expected a zone of the tz database, such as Asia/Shanghai; did you mean 'Asia/Shanghai'?"),
        ("{calendar: {unit: day, zone: localtime}}", ".calendar.zone: found 'localtime', expected a zone of the tz database, such as Asia/Shanghai"),
        ("{calendar: {unit: day, zone: 8}}", ".calendar.zone: found 8, expected a zone of the tz database, such as Asia/Shanghai"),
        ("{calendar: {unit: day, last: 0}}", ".calendar.last: found 0, expected a whole number from 1 to 366"),
        ("{calendar: {unit: day, last: 367}}", ".calendar.last: found 367, expected a whole number from 1 to 366"),
        (f"{{sum: {PRICE}}}", f".sum: found '{PRICE}', expected a map with the keys property, eq, ne, gt, gte, lt, lte, between"),
        (f"{{sum: {{property: {PRICE}}}}}", ".sum: found a map with property, expected at least one comparison beside 'property'"),
        ("{sum: {gte: 1}}", ".sum: found no 'property', expected the key 'property': where in the event the value stands"),
        ("{avg: {property: price, gte: 1}}", ".avg.property: found 'price', expected a path that begins with one of type, event, id, userId, anonymousId, ids, previousId, timestamp, receivedAt, source, protocol, properties, traits, context, tags; did you mean 'properties.price'?"),
        ("{max: {property: 'properties.a[].b', gte: 1}}", ".max.property: found 'properties.a[].b', expected a path without []"),
        (f"{{min: {{property: {PRICE}, gte: many}}}}", ".min.gte: found 'many', expected a number"),
        (f"{{min: {{property: {PRICE}, gteq: 1}}}}", ".min.gteq: found 'gteq', expected one of property, eq, ne, gt, gte, lt, lte, between; did you mean 'gte'?"),
        (f"{{distinct: {{property: {PRICE}, gte: 1.5}}}}", ".distinct.gte: found 1.5, expected a whole number"),
        (f"{{distinct: {{property: {PRICE}, between: [1, 2.5]}}}}", ".distinct.between[1]: found 2.5, expected a whole number"),
        (f"{{within: 1d, count: 1025, sum: {{property: {PRICE}, gte: 1}}}}", ".count: found 1025, expected at most 1024 in a window"),
    ],
)  # fmt: skip
def test_a_fault_of_an_event_node_tells_its_place(text: str, told: str) -> None:
    assert told in node_faults(text.replace("{", "{event: e, ", 1))


def test_a_fault_of_one_key_makes_no_fault_of_another() -> None:
    assert len(node_faults("{event: e, since: soon, until: 0}")) == 1
    assert len(node_faults("{event: e, sum: 3, count: x}")) == 2

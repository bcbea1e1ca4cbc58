# ruff: noqa: E501 - a table of faults is read by its rows
"""The nodes over several events, other nodes, dates and persons."""

from __future__ import annotations

import pytest

from schemas.definitions.model import (
    AbsenceNode,
    AllNode,
    AllOf,
    AnniversaryNode,
    DateNode,
    EventMatch,
    ListNode,
    Node,
    PathTest,
    SampleNode,
    SequenceNode,
    StaysNode,
    TagNode,
)
from tests.unit.schemas.definitions.reading import node, node_faults

A = EventMatch(("a",), AllOf(()))
B = EventMatch(("b", "c"), PathTest("properties.p", "eq", 1))
STEPS = "{event: a}, {event: [b, c], where: {properties.p: 1}}"
DAY = 86_400_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{{sequence: [{STEPS}]}}", SequenceNode((A, B))),
        (f"{{sequence: [{STEPS}, {{event: a}}], span: 1h, within: 1d}}", SequenceNode((A, B, A), 3_600_000, DAY)),
        ("{absence: {after: {event: a}, without: {event: [b, c], where: {properties.p: 1}}, within: 30m}}", AbsenceNode(A, B, 1_800_000)),
        ("{absence: {after: {event: a}, without: {event: a}, within: 30m, same: properties.cart, for: 1d}}", AbsenceNode(A, A, 1_800_000, "properties.cart", DAY)),
        ("{absence: {after: {event: a}, without: {event: a}, within: 1ms, for: 1ms}}", AbsenceNode(A, A, 1, None, 1)),
        ("{stays: {when: {tag: buyer}, for: 1d}}", StaysNode(TagNode("buyer"), DAY)),
        ("{stays: {when: {stays: {when: {all: []}, for: 1s}}, for: 1d}}", StaysNode(StaysNode(AllNode(()), 1000), DAY)),
        ("{list: vip}", ListNode("vip")),
        ("{list: spring_2026-a}", ListNode("spring_2026-a")),
        ("{sample: {percent: 10, seed: x}}", SampleNode(10.0, "x")),
        ("{sample: {percent: 0, seed: x}}", SampleNode(0.0, "x")),
        ("{sample: {percent: 100.0, seed: ü}}", SampleNode(100.0, "ü")),
        ("{anniversary: {trait: birthday, within: 7d, zone: Asia/Shanghai}}", AnniversaryNode("birthday", 7 * DAY, "Asia/Shanghai")),
        ("{anniversary: {trait: a.b, within: 0s}}", AnniversaryNode("a.b", 0, "UTC")),
        ("{anniversary: {trait: a, within: 365d}}", AnniversaryNode("a", 365 * DAY, "UTC")),
        ("{trait: renewal, within_next: 3d}", DateNode("renewal", "next", 3 * DAY)),
        ("{trait: renewal, within_last: 3d, zone: Europe/Paris}", DateNode("renewal", "last", 3 * DAY, "Europe/Paris")),
    ],
)  # fmt: skip
def test_each_node_is_read(text: str, expected: Node) -> None:
    assert node(text) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{sequence: {event: a}}", ".sequence: found a map with event, expected a list of steps, each a map with event, where"),
        ("{sequence: [{event: a}]}", ".sequence: found a list of 1, expected a list of 2 to 16 steps"),
        (f"{{sequence: [{', '.join(['{event: a}'] * 17)}]}}", ".sequence: found a list of 17, expected a list of 2 to 16 steps"),
        ("{sequence: [{event: a}, {evnt: b, event: b}]}", ".sequence[1].evnt: found 'evnt', expected one of event, where, needs; did you mean 'event'?"),
        ("{sequence: [{event: a}, {event: b, within: 3d}]}", ".sequence[1].within: found 'within', expected one of event, where, needs"),
        ("{sequence: [{event: a}, {}]}", ".sequence[1]: found no 'event', expected the key 'event': the event's name, or a list of names"),
        (f"{{sequence: [{STEPS}], span: 0s}}", ".span: found '0s', expected a duration longer than 0 and at most 36500d"),
        (f"{{sequence: [{STEPS}], with: 1d}}", ".with: found 'with', expected one of sequence, span, within; did you mean 'within'?"),
        ("{absence: [a]}", ".absence: found a list, expected a map with the keys after, without, within, same, for"),
        ("{absence: {without: {event: a}, within: 1s}}", ".absence: found no 'after', expected the key 'after': what happened"),
        ("{absence: {after: {event: a}, without: {event: a}}}", ".absence: found no 'within', expected the key 'within': true once this time has passed"),
        ("{absence: {after: {event: a}, without: {event: a}, within: 0s}}", ".absence.within: found '0s', expected a duration longer than 0 and at most 36500d"),
        ("{absence: {after: {event: a}, without: {event: a}, within: 1s, for: 0s}}", ".absence.for: found '0s', expected a duration longer than 0 and at most 36500d"),
        ("{absence: {after: {event: a}, without: {event: a}, within: 1s, same: properties.c}}", ".absence: found no 'for', expected the key 'for': it may be left out only without 'same'"),
        ("{absence: {after: {event: a}, without: {event: a}, within: 1s, for: 1s, same: 'properties.c[]'}}", ".absence.same: found 'properties.c[]', expected a path without []"),
        ("{stays: {when: {tag: buyer}, for: 0s}}", ".stays.for: found '0s', expected a duration longer than 0 and at most 36500d"),
        ("{stays: {when: {tag: buyr}, for: 1s}}", ".stays.when.tag: found 'buyr', expected the id of a tag; did you mean 'buyer'?"),
        ("{stays: {for: 1s}}", ".stays: found no 'when', expected the key 'when': the node"),
        ("{stays: {when: {tag: buyer}, for: 1s}, for: 1s}", ".for: found 'for', expected one of stays"),
        ("{segment: 3}", ".segment: found 3, expected the id of a segment"),
        ("{lst: vip}", ".lst: found 'lst', expected one of trait, tag, event, sequence, absence, stays, segment, list, sample, anniversary, consent, all, any, not; did you mean 'list'?"),
        ("{list: [vip]}", ".list: found a list, expected an id: a small letter, then at most 63 small letters, digits, _ or -"),
        ("{list: vip, within: 1d}", ".within: found 'within', expected one of list"),
        ("{list: A}", ".list: found 'A', expected an id: a small letter, then at most 63 small letters, digits, _ or -"),
        ("{sample: {percent: -1, seed: x}}", ".sample.percent: found -1, expected a number from 0 to 100"),
        ("{sample: {percent: 100.5, seed: x}}", ".sample.percent: found 100.5, expected a number from 0 to 100"),
        ("{sample: {percent: half, seed: x}}", ".sample.percent: found 'half', expected a number"),
        ("{sample: {percent: 10}}", ".sample: found no 'seed', expected the key 'seed': any text; another seed draws other persons"),
        ("{sample: {percent: 10, seed: 1}}", ".sample.seed: found 1, expected a text"),
        ("{anniversary: {trait: birthday}}", ".anniversary: found no 'within', expected the key 'within': from this time before the day begins until it ends; `0s`: on the day itself"),
        ("{anniversary: {trait: birthday, within: 366d}}", ".anniversary.within: found '366d', expected a duration at most 365d"),
        ("{anniversary: {trait: 'b[]', within: 1d}}", ".anniversary.trait: found 'b[]', expected a path without []"),
        ("{anniversary: {trait: b, within: 1d, zone: Europe/Pari}}", ".anniversary.zone: found 'Europe/Pari', expected a zone of the tz database, such as Asia/Shanghai; did you mean 'Europe/Paris'?"),
        ("{trait: d, within_next: 0s}", ".within_next: found '0s', expected a duration longer than 0 and at most 36500d"),
        ("{trait: d, within_next: 3d, within_last: 3d}", ".within_last: found 'within_last', expected 'within_next' alone: a date is tested by one thing"),
        ("{trait: d, within_last: 3d, exists: true}", ".exists: found 'exists', expected 'within_last' alone: a date is tested by one thing"),
        ("{trait: 'd[].e', within_last: 3d}", ".trait: found 'd[].e', expected a path without []"),
        ("{trait: d, eq: 1, zone: UTC}", ".zone: found 'zone', expected 'within_next' or 'within_last' beside it"),
        ("{trait: d, any: [{within_next: 3d}]}", ".any[0].within_next: found 'within_next', expected one of eq, ne, in, not_in, gt, gte, lt, lte, between, contains, starts_with, ends_with, exists, any, all, not"),
        ("{stay: {when: {all: []}, for: 1d}}", ".stay: found 'stay', expected one of trait, tag, event, sequence, absence, stays, segment, list, sample, anniversary, consent, all, any, not; did you mean 'stays'?"),
    ],
)  # fmt: skip
def test_a_fault_of_a_node_tells_its_place(text: str, told: str) -> None:
    assert node_faults(text) == [told]


@pytest.mark.parametrize("head", ["sequence", "absence", "stays", "sample", "anniversary"])
def test_a_node_with_nothing_in_it_is_refused(head: str) -> None:
    assert node_faults(f"{{{head}: null}}")
    assert node_faults(f"{{{head}: {{}}}}")

# ruff: noqa: E501 - a table of faults is read by its rows
from __future__ import annotations

import pytest

from schemas.definitions.model import (
    AllNode,
    AllOf,
    AnyNode,
    AtMost,
    Comparison,
    EventMatch,
    EventNode,
    Node,
    NotNode,
    PathTest,
    Segment,
    TagNode,
)
from tests.unit.schemas.definitions.reading import TAGS, faults, node, node_faults, read

ANY_E = EventMatch(("e",), AllOf(()))
HEADS = "one of trait, tag, event, sequence, absence, stays, segment, list, sample, anniversary, consent, all, any, not"
EVENT_KEYS = "event, where, needs, count, sum, avg, min, max, distinct, within, since, until, calendar"


def test_a_segment_with_all_its_fields() -> None:
    text = """
segments:
  - id: hot_shoes
    name: Hot for shoes
    include: [city, address.street]
    when: {event: product_viewed, where: {properties.category: shoes}, within: 30m, count: {gte: 2}}
"""
    views = EventNode(EventMatch(("product_viewed",), PathTest("properties.category", "eq", "shoes")), (Comparison("gte", 2),), 1_800_000)
    assert read(text).segments == (Segment("hot_shoes", "Hot for shoes", views, ("city", "address.street")),)
    told = read("segments: [{id: s, when: {all: []}, at_most: {times: 2.0, per: 7d}, paused: true, archived: false}]").segments
    assert told == (Segment("s", "s", AllNode(()), at_most=AtMost(2, 604_800_000), paused=True),)
    assert read("segments: [{id: all, when: {all: []}}]").segments == (Segment("all", "all", AllNode(())),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{all: []}", AllNode(())),
        ("{any: []}", AnyNode(())),
        ("{any: [{tag: buyer}, {not: {tag: buyer}}]}", AnyNode((TagNode("buyer"), NotNode(TagNode("buyer"))))),
        ("{tag: 'interest:shoes'}", TagNode("interest", "shoes")),
        ("{tag: 'interest:a:b'}", TagNode("interest", "a:b")),
        ("{tag: interest, score: {gte: 3, lt: 9}}", TagNode("interest", None, (), (), (Comparison("gte", 3), Comparison("lt", 9)))),
        ("{tag: buyer, count: 2, weight: {between: [0, 1.5]}}", TagNode("buyer", None, (Comparison("eq", 2),), (Comparison("between", 0, 1.5),))),
        ("{tag: buyer, last_at: {within: 3d}}", TagNode("buyer", last_within_ms=259_200_000)),
        (
            "{tag: 'interest:x', count: {gt: 1}, weight: {lt: 9}, score: {gte: 3}, last_at: {within: 1ms}}",
            TagNode("interest", "x", (Comparison("gt", 1),), (Comparison("lt", 9),), (Comparison("gte", 3),), 1),
        ),
        ("{tag: buyer, score: 3}", TagNode("buyer", None, (), (), (Comparison("eq", 3),))),
        ("{event: e}", EventNode(ANY_E, (Comparison("gte", 1),), None)),
        ("{event: e, within: 5m}", EventNode(ANY_E, (Comparison("gte", 1),), 300_000)),
        ("{event: e, count: 2.0}", EventNode(ANY_E, (Comparison("eq", 2),), None)),
        ("{event: e, count: {gt: 5000}}", EventNode(ANY_E, (Comparison("gt", 5000),), None)),
        ("{event: e, count: {between: [1, 1024]}, within: 1d}", EventNode(ANY_E, (Comparison("between", 1, 1024),), 86_400_000)),
    ],
)  # fmt: skip
def test_each_node_is_read(text: str, expected: Node) -> None:
    assert node(text) == expected


def test_a_whole_number_written_with_a_fraction_is_the_same_leaf() -> None:
    assert repr(node("{event: e, count: 2.0}")) == repr(node("{event: e, count: 2}"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[]", f": found an empty list, expected a node: a map with {HEADS}"),
        ("{}", f": found an empty map, expected a node: a map with {HEADS}"),
        ("{qqq: 1}", f": found a map with qqq, expected a node: a map with {HEADS}"),
        ("{score: 1, tga: buyer}", f".tga: found 'tga', expected {HEADS}; did you mean 'tag'?"),
        ("{all: {}}", ".all: found an empty map, expected a list of nodes"),
        ("{all: [x]}", f".all[0]: found 'x', expected a node: a map with {HEADS}"),
        ("{all: [], any: []}", ".any: found 'any', expected one of all"),
        ("{not: x}", f".not: found 'x', expected a node: a map with {HEADS}"),
        ("{event: e, witin: 30s}", f".witin: found 'witin', expected one of {EVENT_KEYS}; did you mean 'within'?"),
        ("{event: e, within: 0s}", ".within: found '0s', expected a duration longer than 0 and at most 36500d"),
        ("{event: e, count: {}}", ".count: found an empty map, expected a number or at least one comparison"),
        ("{event: e, count: many}", ".count: found 'many', expected a number"),
        ("{event: e, count: 1.5}", ".count: found 1.5, expected a whole number"),
        ("{event: e, count: {gteq: 1}}", ".count.gteq: found 'gteq', expected one of eq, ne, gt, gte, lt, lte, between; did you mean 'gte'?"),
        ("{event: e, count: {between: 3}}", ".count.between: found 3, expected a list of two numbers"),
        ("{event: e, count: {between: [3]}}", ".count.between: found a list, expected a list of two numbers: the least and the greatest"),
        ("{event: e, within: 1d, count: {gte: 1025}}", ".count: found 1025, expected at most 1024 in a window"),
        ("{event: e, within: 1d, count: {between: [1, 1025]}}", ".count: found 1025, expected at most 1024 in a window"),
        ("{tag: buyr}", ".tag: found 'buyr', expected the id of a tag; did you mean 'buyer'?"),
        ("{tag: 'intrest:shoes'}", ".tag: found 'intrest:shoes', expected the id of a tag; did you mean 'interest'?"),
        ("{tag: 3}", ".tag: found 3, expected a tag's id, or id:value"),
        ("{tag: 'buyer:x'}", ".tag: found 'buyer:x', expected 'buyer' alone: the tag is no family"),
        ("{tag: 'interest:'}", ".tag: found 'interest:', expected a value of 1 to 256 characters after 'interest:'"),
        ("{tag: interest, score: 3}", ".score: found eq, expected gt, gte, lt, lte or between: the score fades, so it never stays equal"),
        ("{tag: interest, score: {ne: 3}}", ".score: found ne, expected gt, gte, lt, lte or between: the score fades, so it never stays equal"),
        ("{tag: interest, last: {within: 3d}}", ".last: found 'last', expected one of tag, count, weight, score, last_at; did you mean 'last_at'?"),
        ("{tag: interest, last_at: 3d}", ".last_at: found '3d', expected a map with the keys within"),
        ("{tag: interest, last_at: {}}", ".last_at: found no 'within', expected the key 'within': in this time before now"),
        ("{not: {stays: {when: {tag: interest, score: 3}, for: 1d}}}", ".not.stays.when.score: found eq, expected gt, gte, lt, lte or between: the score fades, so it never stays equal"),
    ],
)  # fmt: skip
def test_a_fault_of_a_node_tells_its_place(text: str, told: str) -> None:
    assert node_faults(text) == [told]


def test_a_fault_deep_in_a_segment_has_its_own_line_and_path() -> None:
    text = f"{TAGS}segments:\n  - id: hot_shoes\n    when:\n      all:\n        - event: e\n          witin: 3d\n"
    assert faults(text) == [
        f"a.yaml:9: segments.hot_shoes.when.all[0].witin: found 'witin', expected one of {EVENT_KEYS}; did you mean 'within'?"
    ]


@pytest.mark.parametrize(
    ("segment", "told"),
    [
        ("{id: s}", "segments.s: found no 'when', expected the key 'when': the condition"),
        ("{id: s, when: {all: []}, paused: 1}", "segments.s.paused: found 1, expected true or false"),
        ("{id: s, when: {all: []}, archived: no}", "segments.s.archived: found 'no', expected true or false"),
        ("{id: s, when: {all: []}, at_most: 3}", "segments.s.at_most: found 3, expected a map with the keys times, per"),
        ("{id: s, when: {all: []}, at_most: {per: 7d}}", "segments.s.at_most: found no 'times', expected the key 'times': so many entries at most"),
        ("{id: s, when: {all: []}, at_most: {times: 0, per: 7d}}", "segments.s.at_most.times: found 0, expected a whole number from 1 to 1024"),
        ("{id: s, when: {all: []}, at_most: {times: 1.5, per: 7d}}", "segments.s.at_most.times: found 1.5, expected a whole number from 1 to 1024"),
        ("{id: s, when: {all: []}, at_most: {times: true, per: 7d}}", "segments.s.at_most.times: found true, expected a whole number from 1 to 1024"),
        ("{id: s, when: {all: []}, at_most: {times: .inf, per: 7d}}", "segments.s.at_most.times: found .inf, expected a finite number"),
        ("{id: s, when: {all: []}, at_most: {times: 1, per: 0d}}", "segments.s.at_most.per: found '0d', expected a duration longer than 0 and at most 36500d"),
        ("{id: s, when: {all: []}, include: city}", "segments.s.include: found 'city', expected a list of paths of traits"),
        ("{id: s, when: {all: []}, include: ['a[]']}", "segments.s.include[0]: found 'a[]', expected a path without []"),
        ("{id: s, when: {all: []}, include: ['a[].b']}", "segments.s.include[0]: found 'a[].b', expected a path without []"),
        ("{id: s, when: {all: []}, include: ['a[']}", r"segments.s.include[0]: found 'a[', expected brackets only as [] after a key (\[ is a bracket in a key)"),
    ],
)  # fmt: skip
def test_a_fault_of_a_segment_tells_its_place(segment: str, told: str) -> None:
    assert faults(f"segments: [{segment}]") == [f"a.yaml:1: {told}"]

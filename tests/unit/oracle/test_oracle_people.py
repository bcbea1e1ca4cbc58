"""What a record says about a person: identity, tags, traits, and the transition that results."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any

import pytest

from schemas.definitions.model import (
    AllOf,
    Comparison,
    PathTest,
    PropertyReference,
    PropertyWeight,
    Tag,
    TagNode,
    TraitNode,
    TraitReference,
)
from tests.oracle.classify import partition_of
from tests.oracle.conditions import Scope, holds
from tests.unit.oracle.scenario import T, events, log, rule, seen, segment

FAMILY = Tag("interest", "Interest", (rule(),), value="properties.category")
ME = "user:u1"


def where(path: str, operator: Any, operand: Any, event: dict[str, Any], traits: dict[str, Any] | None = None) -> bool:
    return holds(PathTest(path, operator, operand), Scope(event, event, traits or {}))


def test_a_transition_is_what_the_contract_shows() -> None:
    story = log(segment(events(within=500), include=("city", "a.b", "none")))
    outcome = story.event(123, id="m-1", anonymousId="a-9", traits={"city": "Shanghai", "a": {"b": None}}).run()
    text = f"user:u1\0{T + 123}\0s\0{1}\0segment.entered\0{T + 123}"
    assert outcome.transitions == [
        {
            "type": "segment.entered",
            "timestamp": "2025-11-24T16:00:00.123Z",
            "data": {
                "id": "tr_" + blake2b(text.encode(), digest_size=16).hexdigest(),
                "person": "user:u1",
                "userId": "u1",
                "anonymousId": "a-9",
                "segment": "s",
                "incarnation": T + 123,
                "sequence": 1,
                "cause": "event",
                "eventId": "m-1",
                "definitions": 1,
                "leavesAt": "2025-11-24T16:00:00.623Z",
                "traits": {"city": "Shanghai", "a.b": None},
            },
        }
    ]


def test_the_last_anonymous_id_that_an_applied_event_carried_is_told() -> None:
    outcome = log(segment(events("b"))).event(0, anonymousId="a-1").event(1, anonymousId="a-2").event(2, "b", anonymousId="").run()
    assert outcome.transitions[0]["data"]["anonymousId"] == "a-2"


def test_a_person_without_a_user_id_is_named_by_what_it_has() -> None:
    story = log(segment(events())).event(0, userId=..., anonymousId="a-1").event(0, userId="", ids={"": "x", "a": "", "wx:1": "o"})
    data = [one["data"] for one in story.run().transitions]
    assert [(one["person"], one.get("userId"), one.get("anonymousId")) for one in data] == [
        ("anon:a-1", None, "a-1"),
        ("wx:1:o", None, None),
    ]


@pytest.mark.parametrize(
    ("key", "hashed"),
    [("21", -973932308), ("foobar", -790332482), ("a-little-bit-long-string", -985981536), ("a-little-bit-longer-string", -1486304829)],
)
def test_the_partition_is_the_one_kafka_chooses(key: str, hashed: int) -> None:
    assert partition_of(key, 2**31) == hashed & 0x7FFFFFFF


def test_a_family_has_one_tag_for_each_text_or_whole_number() -> None:
    story = log(tags=(FAMILY,))
    values: tuple[Any, ...] = ("shoes", 5, "5", "x" * 256, "x" * 257, "", True, 1.0, None, ["shoes"], {})
    for value in values:
        story.event(0, properties={"category": value})
    tags = story.run().persons[ME].tags
    assert {name: tag.count for name, tag in tags.items()} == {"interest:shoes": 1, "interest:5": 2, "interest:" + "x" * 256: 1}


def test_a_list_gives_one_application_for_each_distinct_element() -> None:
    family = Tag("interest", "Interest", (rule(),), value="properties.items[].category")
    items = [{"category": "a"}, {"category": "b"}, {"category": "a"}, {}, 7]
    tags = log(tags=(family,)).event(0, properties={"items": items}).run().persons[ME].tags
    assert {name: tag.count for name, tag in tags.items()} == {"interest:a": 1, "interest:b": 1}


def test_a_family_without_a_value_asks_for_one_value_that_meets_all_comparisons() -> None:
    node = TagNode("interest", count=(Comparison("gte", 2),), weight=(Comparison("lt", 5),))
    rules = (rule(weight=PropertyWeight("properties.w")),)
    story = log(segment(node), tags=(Tag("interest", "Interest", rules, value="properties.c"),))
    for at, value, weight in ((0, "a", 9), (1, "a", 9), (2, "b", 1), (3, "b", 1)):
        story.event(at, properties={"c": value, "w": weight})
    assert seen(story.run()) == [("s", "in", 3, "event")]


def test_an_absent_tag_has_zeros_and_is_not_there() -> None:
    zeros = segment(TagNode("interest", "a", score=(Comparison("lte", 0),)), "zeros")
    outcome = log(zeros, segment(TagNode("interest"), "there"), tags=(FAMILY,)).event(0, "other").run()
    assert seen(outcome) == [("zeros", "in", 0, "event")]


@pytest.mark.parametrize(("value", "weight"), [(3, 6.0), (100, 20.0), (-2, -4.0), ("3", None), (True, None), (10**400, None), (..., None)])
def test_a_weight_from_a_property_is_multiplied_and_then_bounded(value: Any, weight: float | None) -> None:
    tag = Tag("hot", "Hot", (rule(weight=PropertyWeight("properties.n", 2.0, 20.0)),))
    properties = {} if value is ... else {"n": value}
    tags = log(tags=(tag,)).event(0, properties=properties).run().persons[ME].tags
    assert (tags["hot"].weight if tags else None) == weight


def test_rules_see_the_traits_before_the_record_and_leaves_those_after() -> None:
    mine = PathTest("properties.city", "eq", TraitReference("city"))
    tag = Tag("local", "Local", (rule(where=mine),))
    outcome = log(segment(events(where=mine)), tags=(tag,)).event(0, properties={"city": "x"}, traits={"city": "x"}).run()
    assert seen(outcome) == [("s", "in", 0, "event")]
    assert outcome.persons[ME].tags == {}


def test_a_trait_keeps_the_value_of_the_greatest_event_time() -> None:
    story = log().event(100, traits={"a": 1, "b": {"x": 1}, "c": 1}).event(200, timestamp=T + 50, traits={"a": 0, "b": {"y": 1}})
    story.event(300, timestamp=T + 100, traits={"c": 2}).event(400, type="group", traits={"a": 9})
    assert story.run().persons[ME].traits == {"a": 1, "b": {"x": 1}, "c": 2}


def test_null_deletes_a_trait_and_keeps_its_time() -> None:
    story = log(segment(TraitNode(PathTest("a", "exists", True)))).event(0, traits={"a": 1}).event(200, traits={"a": None})
    outcome = story.event(300, timestamp=T + 100, traits={"a": 2}).run()
    assert seen(outcome) == [("s", "in", 0, "event"), ("s", "out", 200, "event")]


def test_a_said_tag_comes_before_rules_and_weighs_one_unless_said() -> None:
    tag = Tag("vip", "Vip", (rule("$tag", 10.0),), cap=5.0)
    outcome = (
        log(tags=(tag, FAMILY)).said(0, "tag", {"vip": {"weight": -7}, "interest": {}, "interest:a:b": {"weight": "x"}, "vip:x": {}}).run()
    )
    tags = outcome.persons[ME].tags
    assert (tags["vip"].count, tags["vip"].score, tags["vip"].rule) == (2, 3.0, "on_$tag")
    assert (tags["interest:a:b"].weight, len(tags)) == (1.0, 2)


def test_what_is_said_comes_before_the_rules_of_all_tags() -> None:
    """Of one group the one applied last stays: the one with the rule, whichever is defined first."""
    ruled, said = Tag("ruled", "Ruled", (rule("$tag"),), exclusive="one"), Tag("said", "Said", (), exclusive="one")
    for tags in ((ruled, said), (said, ruled)):
        assert list(log(tags=tags).said(0, "tag", {"said": {}}).run().persons[ME].tags) == ["ruled"]


def test_untag_deletes_and_what_is_not_later_is_dropped_from_then_on() -> None:
    story = log(tags=(FAMILY,))
    for at, value in ((0, "a"), (1, "b"), (500, "a")):
        story.event(at, properties={"category": value})
    story.said(600, "untag", {"interest:a": {}}, timestamp=T + 300)
    assert list(story.run().persons[ME].tags) == ["interest:b"]
    story.event(700, timestamp=T + 300, properties={"category": "a"})
    assert list(story.run().persons[ME].tags) == ["interest:b"]
    story.event(800, timestamp=T + 301, properties={"category": "a"})
    assert sorted(story.run().persons[ME].tags) == ["interest:a", "interest:b"]
    story.said(900, "untag", {"interest": {}})
    assert story.run().persons[ME].tags == {}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\xff", "not-json"),
        (None, "not-json"),
        (b"[1]", "not-json"),
        (b'{"type":"track","traits":1e400}', "not-json"),
        (b'{"type":"track","x":"\\ud800"}', "not-json"),
        (b"\xef\xbb\xbf{}", "not-json"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too-nested"),
        (b'{"a":' + b"[" * 64 + b"]" * 64 + b"}", "too-nested"),
        (b'{"a":' + b"[" * 63 + b"]" * 63 + b"}", "unknown-type"),
        (b'{"type":"click"}', "unknown-type"),
        (b'{"type":"track","event":""}', "name-missing"),
        (b'{"type":"page","timestamp":null}', "time-unreadable"),
        (b'{"type":"page","timestamp":1.0}', "time-unreadable"),
        (b'{"type":"page","timestamp":"2025-11-24T16:00:00"}', "time-unreadable"),
        (b'{"type":"page","userId":7,"anonymousId":"","ids":[]}', "person-missing"),
    ],
)
def test_the_first_reason_in_the_order_of_the_checks_is_given(body: bytes | None, reason: str) -> None:
    assert log().raw(0, body).run().dead_letters == [(1, reason)]


def test_an_event_of_another_partition_is_none_of_this_lanes_business() -> None:
    from tests.oracle.partition import run_partition

    story = log().event(0)
    wrong = 1 - partition_of("user:u1", 2)
    outcome = run_partition(story.records[1:], partition=wrong, partitions=2, bundles={})
    assert (outcome.dead_letters, outcome.applied, outcome.persons) == ([], 0, {})


EVENT: dict[str, Any] = {
    "p": {"n": 1, "t": "abc", "nil": None, "l": [1, "b"], "none": [], "o": [{"x": 1}, {"x": 5}], "big": 2**53 + 1, "k.d": 2}
}


@pytest.mark.parametrize(
    ("path", "operator", "operand", "expected"),
    [
        ("p.n", "eq", 1.0, True),
        ("p.n", "eq", True, False),
        ("p.n", "eq", "1", False),
        ("p.big", "eq", float(2**53), False),
        ("p.x", "eq", None, False),
        ("p.nil", "eq", None, True),
        ("p.nil", "exists", True, True),
        ("p.x", "exists", False, True),
        ("p.x", "ne", 1, True),
        ("p.x", "not_in", [1], True),
        ("p.x", "lt", 1, False),
        ("p.t", "gt", 1, False),
        ("p.t", "gte", "abc", True),
        ("p.n", "between", [1, 2], True),
        ("p.t", "contains", "bc", True),
        ("p.l", "contains", 1.0, True),
        ("p.l", "contains", "c", False),
        ("p.t", "starts_with", "ab", True),
        ("p.n", "starts_with", "1", False),
        ("p.l[]", "eq", "b", True),
        ("p.l[]", "ne", "b", False),
        ("p.l", "eq", [1.0, "b"], True),
        ("p.none[]", "exists", True, False),
        ("p.none[]", "ne", 1, True),
        ("p.t[]", "exists", False, True),
        ("p.o[].x", "gt", 4, True),
        ("p.o[].x", "eq", PropertyReference("p.l[]"), True),
        ("p.o[].x", "in", PropertyReference("p.l"), True),
        ("p.n", "eq", PropertyReference("p.missing"), False),
        ("p.n", "ne", PropertyReference("p.missing"), True),
        (r"p.k\.d", "eq", 2, True),
        ("p.n", "eq", TraitReference("one"), True),
    ],
)
def test_where_knows_no_coercion(path: str, operator: str, operand: Any, expected: bool) -> None:
    assert where(path, operator, operand, EVENT, {"one": 1}) is expected


def test_an_empty_all_is_true() -> None:
    assert holds(AllOf(()), Scope({}, {}, {}))


def test_an_event_without_an_id_is_never_a_repeat_and_names_no_event() -> None:
    outcome = log(segment(events(at_least=2))).event(0, id="").event(0, id=7).run()
    assert (outcome.applied, outcome.duplicates, "eventId" in outcome.transitions[0]["data"]) == (2, 0, False)
    assert json.dumps(outcome.transitions)

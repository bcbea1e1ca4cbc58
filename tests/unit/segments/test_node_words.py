from __future__ import annotations

import pytest
from hypothesis import given

from schemas.definitions.model import (
    AbsenceNode,
    Aggregate,
    AllNode,
    AllOf,
    AnniversaryNode,
    AnyNode,
    CalendarWindow,
    Comparison,
    DateNode,
    EventMatch,
    EventNode,
    FixedWindow,
    ListNode,
    Node,
    NotNode,
    PathTest,
    SampleNode,
    SegmentNode,
    SequenceNode,
    StaysNode,
    TagNode,
    TraitNode,
)
from segments.node_words import node_words
from tests.unit.schemas.definitions.bundles import nodes
from tests.unit.schemas.definitions.test_bundle import slow_to_draw

A = EventMatch(("a",), AllOf(()))
B = EventMatch(("b", "c"), PathTest("properties.p", "eq", 1))
DAY = 86_400_000
VIP = SegmentNode("vip")


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (EventNode(A, fixed=FixedWindow(0, DAY)), "a since 1970-01-01T00:00:00.000Z until 1970-01-02T00:00:00.000Z: count ≥ 1"),
        (EventNode(A, fixed=FixedWindow(None, DAY)), "a until 1970-01-02T00:00:00.000Z: count ≥ 1"),
        (EventNode(A, calendar=CalendarWindow("day")), "a in the current day (UTC): count ≥ 1"),
        (
            EventNode(A, calendar=CalendarWindow("week", "Asia/Shanghai", 3)),
            "a in the current week and the 2 before it (Asia/Shanghai): count ≥ 1",
        ),
        (
            EventNode(A, (Comparison("lt", 9),), DAY, aggregates=(Aggregate("sum", "properties.x", (Comparison("gte", 1_234_567),)),)),
            "a within 1d: count < 9 and sum of properties.x ≥ 1234567",
        ),
        (EventNode(A, (), aggregates=(Aggregate("max", "properties.x", (Comparison("gt", 0.5),)),)), "a ever: max of properties.x > 0.5"),
        (TagNode("buyer", last_within_ms=DAY), "last_at of buyer within 1d"),
        (
            TagNode("buyer", count=(Comparison("gt", 1),), last_within_ms=DAY),
            "count of buyer > 1 and last_at of buyer within 1d",
        ),
        (SequenceNode((A, B)), "a, then b or c (properties.p = 1)"),
        (SequenceNode((A, A), 3_600_000, DAY), "a, then a, within 1h of each other, the last within 1d"),
        (AbsenceNode(A, B, 1_800_000), "no b or c (properties.p = 1) for 30m after a"),
        (AbsenceNode(A, A, 1_800_000, "properties.cart", DAY), "no a for 30m after a with the same properties.cart, true for 1d"),
        (StaysNode(NotNode(VIP), DAY), "for 1d without a break: not (in segment vip)"),
        (AllNode((VIP, ListNode("staff"))), "all of (in segment vip; on list staff)"),
        (AnyNode((VIP, AllNode(()))), "any of (in segment vip; all of ())"),
        (SampleNode(12.5, "spring"), "in the 12.5 % drawn with spring"),
        (AnniversaryNode("birthday", 7 * DAY, "Asia/Shanghai"), "anniversary of birthday today or within 7d (Asia/Shanghai)"),
        (AnniversaryNode("birthday", 0), "anniversary of birthday today (UTC)"),
        (DateNode("renewal", "next", DAY), "renewal comes within 1d (UTC)"),
        (DateNode("joined", "last", DAY, "Asia/Shanghai"), "joined came within 1d (Asia/Shanghai)"),
        (TraitNode(PathTest("city", "exists", True)), "city exists"),
        (TraitNode(AllOf(())), "always"),
    ],
)
def test_each_node_reads_as_a_sentence(node: Node, words: str) -> None:
    assert node_words(node) == words


@given(nodes)
@slow_to_draw
def test_there_are_words_for_every_node(node: Node) -> None:
    assert node_words(node)

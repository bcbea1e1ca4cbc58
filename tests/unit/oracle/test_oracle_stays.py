"""What stays true, and segments that ask for segments. All times are milliseconds after T and worked out by hand."""

from __future__ import annotations

import pytest

from schemas.definitions.model import AllNode, AnyNode, Comparison, NotNode, PathTest, SegmentNode, StaysNode, Tag, TagNode, TraitNode
from tests.unit.oracle.scenario import T, bundle, events, log, rule, seen, segment

CITY = TraitNode(PathTest("city", "exists", True))


def test_stays_is_true_once_the_inner_node_has_been_true_for_long_enough() -> None:
    story = log(segment(StaysNode(events(within=1_000), 400))).event(100).clock(9_000)
    assert seen(story.run()) == [("s", "in", 500, "time"), ("s", "out", 1_100, "time")]
    assert story.run().transitions[0]["data"]["leavesAt"] == "2025-11-24T16:00:01.100Z"


def test_it_never_is_when_the_inner_node_ends_at_that_very_time() -> None:
    assert seen(log(segment(StaysNode(events(within=400), 400))).event(100).clock(9_000).run()) == []
    assert seen(log(segment(StaysNode(events(within=401), 400))).event(100).clock(9_000).run())[0] == ("s", "in", 500, "time")


def test_an_evaluation_at_which_the_inner_node_is_false_starts_the_time_anew() -> None:
    story = log(segment(StaysNode(CITY, 500))).event(0, traits={"city": "x"}).event(300, traits={"city": None})
    assert seen(story.event(301, traits={"city": "y"}).clock(9_000).run()) == [("s", "in", 801, "time")]


def test_a_record_at_the_very_time_at_which_the_inner_node_would_end_keeps_it_true() -> None:
    """One evaluation per record: at 400 the old event has left and the new one is there."""
    story = log(segment(StaysNode(events(within=400), 500))).event(0).event(400).clock(9_000)
    assert seen(story.run()) == [("s", "in", 500, "time"), ("s", "out", 800, "time")]


def test_the_inner_node_is_asked_at_due_times_too() -> None:
    story = log(segment(StaysNode(events(within=400), 500))).event(0).event(401).clock(9_000)
    assert seen(story.run()) == []


def test_a_late_event_fills_no_gap() -> None:
    """By event times the inner node would have been true from 0 to 1 000 without a break."""
    story = log(segment(StaysNode(events(within=500), 600))).event(0).event(600, timestamp=T + 450).clock(940)
    assert seen(story.run()) == []
    assert seen(story.event(945).event(1_195).clock(2_000).run()) == [("s", "in", 1_200, "time"), ("s", "out", 1_695, "time")]


def test_the_time_counts_from_the_evaluation_and_not_from_the_event() -> None:
    story = log(segment(StaysNode(events(), 500))).event(1_000, timestamp=T).clock(9_000)
    assert seen(story.run()) == [("s", "in", 1_500, "time")]


def test_a_part_whose_value_decides_nothing_is_counted_all_the_same() -> None:
    node = AllNode((events("open"), StaysNode(events(), 500)))
    story = log(segment(node)).event(0).event(800, "open")
    assert seen(story.run()) == [("s", "in", 800, "event")]


def test_stays_within_stays_add_up() -> None:
    story = log(segment(StaysNode(StaysNode(events(), 300), 200))).event(0).clock(9_000)
    assert seen(story.run()) == [("s", "in", 500, "time")]


def test_stays_not_begins_when_a_tag_goes() -> None:
    tag = Tag("hot", "Hot", (rule(),), ttl_ms=1_000)
    story = log(segment(StaysNode(NotNode(TagNode("hot")), 500)), tags=(tag,)).event(0).clock(9_000)
    assert seen(story.run()) == [("s", "in", 1_500, "time")]


def test_a_new_definition_starts_at_its_barrier() -> None:
    story = log().event(0, traits={"city": "x"})
    story.bundles.append(bundle(2, segment(StaysNode(CITY, 500))))
    assert seen(story.activate(300, 2).clock(9_000).run()) == [("s", "in", 800, "time")]


def test_what_a_new_version_leaves_as_it_is_goes_on() -> None:
    story = log(segment(StaysNode(CITY, 500))).event(0, traits={"city": "x"})
    story.bundles.append(bundle(2, segment(StaysNode(CITY, 500)), segment(events("other"), "t")))
    assert seen(story.activate(300, 2).clock(9_000).run()) == [("s", "in", 500, "time")]


def test_what_was_gone_for_one_version_starts_anew() -> None:
    story = log(segment(StaysNode(CITY, 500))).event(0, traits={"city": "x"})
    story.bundles += [bundle(2), bundle(3, segment(StaysNode(CITY, 500)))]
    assert seen(story.activate(100, 2).activate(200, 3).clock(9_000).run()) == [("s", "in", 700, "time")]


def test_a_segment_is_evaluated_after_those_it_asks_for() -> None:
    """By id a comes first; it asks for z, and sees it as just evaluated."""
    story = log(segment(SegmentNode("z"), "a"), segment(events(within=500), "z")).event(0).clock(9_000)
    assert seen(story.run()) == [
        ("z", "in", 0, "event"), ("a", "in", 0, "event"),
        ("z", "out", 500, "time"), ("a", "out", 500, "time"),
    ]  # fmt: skip
    assert [one["data"].get("leavesAt") for one in story.run().transitions[:2]] == ["2025-11-24T16:00:00.500Z"] * 2


def test_again_and_again_the_least_id_among_segments_whose_references_are_done_comes_next() -> None:
    """b and d wait for c. After a comes c, which sets b free, then b before d; e was free all the time."""
    waits = AllNode((SegmentNode("c"), events()))
    story = log(*(segment(waits if one in "bd" else events(), one) for one in "edcba"))
    assert [row[0] for row in seen(story.event(0).run())] == ["a", "c", "b", "d", "e"]


def test_a_segment_may_ask_that_a_person_is_not_in_another() -> None:
    node = AllNode((events("bought"), NotNode(SegmentNode("recent"))))
    story = log(segment(events("bought", within=500), "recent"), segment(node, "lapsed")).event(0, "bought").clock(9_000)
    assert seen(story.run()) == [("recent", "in", 0, "event"), ("recent", "out", 500, "time"), ("lapsed", "in", 500, "time")]


def test_a_segment_that_another_has_been_for_a_while() -> None:
    story = log(segment(events(within=1_000), "base"), segment(StaysNode(SegmentNode("base"), 600), "long")).event(0).clock(9_000)
    assert seen(story.run()) == [
        ("base", "in", 0, "event"), ("long", "in", 600, "time"), ("base", "out", 1_000, "time"), ("long", "out", 1_000, "time")
    ]  # fmt: skip


def test_leaves_at_looks_through_what_would_come_in_between() -> None:
    """The window empties at 500, but by then the other node has stayed true for 300; that ends when the tag goes at 900."""
    tag = Tag("hot", "Hot", (rule(),), ttl_ms=900)
    node = AnyNode((events(within=500), StaysNode(TagNode("hot", count=(Comparison("gte", 1),)), 300)))
    entered = log(segment(node), tags=(tag,)).event(0).run().transitions[0]
    assert entered["data"]["leavesAt"] == "2025-11-24T16:00:00.900Z"


@pytest.mark.parametrize("for_ms", [300, 1_000_000_000])
def test_leaves_at_is_absent_when_a_stay_has_no_end(for_ms: int) -> None:
    node = AnyNode((StaysNode(events(), for_ms), events(within=1_000_000_000)))
    entered = log(segment(node)).event(0).run().transitions[0]
    assert entered["data"].get("leavesAt") is None

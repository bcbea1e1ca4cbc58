"""What is published of what was evaluated. All times are milliseconds after T and worked out by hand."""

from __future__ import annotations

from typing import Any

from schemas.definitions.model import AllNode, AtMost, NotNode, SegmentNode
from tests.oracle.partition import Membership, Outcome
from tests.unit.oracle.scenario import Log, bundle, events, log, seen, segment


def membership(outcome: Outcome, name: str = "s") -> Membership:
    return outcome.persons["user:u1"].memberships[name]


def visits(*times: int, at_most: AtMost) -> Log:
    """Each visit is an entry, and 50 later a leave."""
    story = log(segment(events(within=50), at_most=at_most))
    for at in times:
        story.event(at)
    return story.clock(90_000)


def test_an_entry_too_many_is_not_published_and_neither_is_its_leave() -> None:
    outcome = visits(0, 100, 200, at_most=AtMost(2, 1_000)).run()
    assert seen(outcome) == [("s", "in", 0, "event"), ("s", "out", 50, "time"), ("s", "in", 100, "event"), ("s", "out", 150, "time")]


def test_what_is_not_published_takes_no_sequence_number() -> None:
    outcome = visits(0, 500, 1_000, at_most=AtMost(1, 1_000)).run()
    assert [(row[2], one["data"]["sequence"]) for row, one in zip(seen(outcome), outcome.transitions, strict=True)] == [
        (0, 1), (50, 2), (1_000, 3), (1_050, 4)
    ]  # fmt: skip


def test_only_published_entries_count_and_each_until_exactly_its_time_plus_per() -> None:
    """The entry of 600 is held back; so at 1 000 the one of 0 has left the time and there is none in it."""
    outcome = visits(0, 600, 1_000, 1_900, 2_000, at_most=AtMost(1, 1_000)).run()
    assert [row[2] for row in seen(outcome) if row[1] == "in"] == [0, 1_000, 2_000]


def test_membership_stays_true_to_the_condition_when_nothing_is_published() -> None:
    story = log(segment(events(within=50), at_most=AtMost(1, 1_000)), segment(SegmentNode("s"), "t"))
    outcome = story.event(0).event(100).run()
    assert membership(outcome) == Membership(inside=True, sequence=2)
    assert seen(outcome)[-1] == ("t", "in", 100, "event")


def test_an_entry_that_was_held_back_is_not_published_later() -> None:
    story = log(segment(events(within=5_000), at_most=AtMost(1, 9_000))).event(0).event(6_000).event(9_500).clock(20_000)
    assert [row[2] for row in seen(story.run())] == [0, 5_000]


def paused(**options: Any) -> Log:
    """Version 1 publishes, version 2 is paused, version 3 publishes again."""
    story = log(segment(events(within=500)))
    story.bundles += [bundle(2, segment(events(within=500), **(options or {"paused": True}))), bundle(3, segment(events(within=500)))]
    return story


def test_a_paused_segment_is_evaluated_and_nothing_is_published() -> None:
    outcome = paused().activate(100, 2).event(200).run()
    assert (seen(outcome), membership(outcome)) == ([], Membership(inside=True, sequence=0))


def test_unpausing_publishes_one_transition_where_the_published_membership_differs() -> None:
    entered = paused().activate(100, 2).event(200).activate(300, 3).clock(9_000).run()
    assert seen(entered) == [("s", "in", 300, "definition"), ("s", "out", 700, "time")]
    left = paused().event(0).activate(100, 2).event(9_000, "other").activate(9_100, 3).run()
    assert seen(left) == [("s", "in", 0, "event"), ("s", "out", 9_100, "definition")]


def test_unpausing_publishes_nothing_where_the_published_membership_is_right() -> None:
    back = paused().event(0).activate(100, 2).event(900).activate(1_000, 3).clock(9_000).run()
    assert seen(back) == [("s", "in", 0, "event"), ("s", "out", 1_400, "time")]
    assert seen(paused().event(0, "other").activate(100, 2).event(200).activate(9_000, 3).run()) == []


def test_what_unpausing_and_a_new_condition_change_together_is_one_transition() -> None:
    story = paused().activate(100, 2).event(200)
    story.bundles[2] = bundle(3, segment(NotNode(events(within=500))))
    assert seen(story.activate(300, 3).run()) == []
    assert seen(story.clock(9_000).run()) == [("s", "in", 700, "time")]


def test_an_entry_by_unpausing_can_be_one_too_many() -> None:
    at_most = AtMost(1, 1_000)
    story = log(segment(events(within=50), at_most=at_most))
    story.bundles += [
        bundle(2, segment(events(within=50), at_most=at_most, paused=True)),
        bundle(3, segment(events(within=50), at_most=at_most)),
    ]
    assert [row[2] for row in seen(story.event(0).activate(100, 2).event(200).activate(210, 3).clock(9_000).run())] == [0, 50]


def test_other_segments_see_a_paused_segment_as_evaluated() -> None:
    node = AllNode((SegmentNode("s"), events()))
    story = log(segment(events(within=500), paused=True), segment(node, "t")).event(0).clock(9_000)
    assert seen(story.run()) == [("t", "in", 0, "event"), ("t", "out", 500, "time")]


def test_an_archived_segment_is_left_silently_and_comes_back_with_its_counter() -> None:
    outcome = paused(archived=True).event(0).activate(100, 2).event(200).activate(300, 3).event(400).run()
    rows = [(*row, one["data"]["sequence"], one["data"].get("silent")) for row, one in zip(seen(outcome), outcome.transitions, strict=True)]
    assert rows == [
        ("s", "in", 0, "event", 1, None), ("s", "out", 100, "definition", 2, True), ("s", "in", 300, "definition", 3, None)
    ]  # fmt: skip


def test_archiving_a_paused_segment_takes_back_what_is_published() -> None:
    story = paused().event(0)
    story.bundles[2] = bundle(3, segment(events(within=500), archived=True))
    outcome = story.activate(100, 2).activate(900, 3).run()
    assert seen(outcome) == [("s", "in", 0, "event"), ("s", "out", 900, "definition")]
    assert membership(outcome) == Membership(inside=False, sequence=2)


def test_archiving_publishes_nothing_of_an_entry_that_was_held_back() -> None:
    story = log(segment(events(within=500), at_most=AtMost(1, 9_000))).event(0).event(600)
    story.bundles.append(bundle(2, segment(events(within=500), archived=True)))
    assert [row[2] for row in seen(story.activate(700, 2).clock(9_000).run())] == [0, 500]

"""What changes when a new set of definitions becomes active."""

from __future__ import annotations

from schemas.definitions.model import NotNode, PathTest, Tag, TagNode, TraitNode
from tests.unit.oracle.scenario import bundle, events, log, rule, seen, segment


def test_a_new_segment_is_evaluated_once_at_the_barrier() -> None:
    story = log().event(100, traits={"city": "x"})
    story.bundles.append(bundle(2, segment(TraitNode(PathTest("city", "exists", True)))))
    outcome = story.activate(300, 2).run()
    assert seen(outcome) == [("s", "in", 300, "definition")]
    assert outcome.transitions[0]["data"]["definitions"] == 2


def test_what_is_due_before_the_barrier_happens_under_the_old_version() -> None:
    story = log(segment(events(within=500))).event(100)
    story.bundles.append(bundle(2, segment(events(within=500))))
    outcome = story.activate(601, 2).run()
    assert seen(outcome)[1] == ("s", "out", 600, "time")
    assert outcome.transitions[1]["data"]["definitions"] == 1


def test_what_is_due_exactly_at_the_barrier_is_decided_by_the_new_version() -> None:
    story = log(segment(events(within=500))).event(100)
    story.bundles.append(bundle(2, segment(events(within=501))))
    assert seen(story.activate(600, 2).clock(700).run())[1] == ("s", "out", 601, "time")


def test_a_leaf_that_is_new_counts_what_came_before_it() -> None:
    story = log().event(100)
    story.bundles.append(bundle(2, segment(events(at_least=2))))
    outcome = story.activate(200, 2).event(300).event(400).run()
    assert seen(outcome) == [("s", "in", 300, "event")]


def test_a_leaf_that_stays_keeps_what_it_counted_under_another_window() -> None:
    story = log(segment(events(within=100))).event(0)
    story.bundles.append(bundle(2, segment(events(within=1_000))))
    assert seen(story.activate(500, 2).run()) == [("s", "in", 0, "event"), ("s", "out", 100, "time"), ("s", "in", 500, "definition")]


def test_a_tag_that_leaves_and_returns_knows_what_came_meanwhile() -> None:
    tag = Tag("hot", "Hot", (rule(),))
    story = log(tags=(tag,)).event(0)
    story.bundles += [bundle(2), bundle(3, segment(TagNode("hot", count=events(at_least=1).count)), tags=(tag,))]
    outcome = story.activate(100, 2).event(200).activate(300, 3).run()
    assert seen(outcome) == [("s", "in", 300, "definition")]
    assert outcome.persons["user:u1"].tags["hot"].count == 2


def test_a_silent_switch_marks_only_the_transitions_of_its_own_evaluation() -> None:
    story = log().event(0)
    story.bundles.append(bundle(2, segment(NotNode(events("bought"))), silent=True))
    outcome = story.activate(100, 2).event(200, "bought").run()
    assert [one["data"].get("silent") for one in outcome.transitions] == [True, None]


def test_a_segment_that_is_gone_is_left_silently_and_its_counter_survives() -> None:
    story = log(segment(events())).event(0)
    story.bundles += [bundle(2), bundle(3, segment(NotNode(events("bought"))))]
    outcome = story.activate(100, 2).activate(200, 3).run()
    assert seen(outcome) == [("s", "in", 0, "event"), ("s", "out", 100, "definition"), ("s", "in", 200, "definition")]
    assert [one["data"]["sequence"] for one in outcome.transitions] == [1, 2, 3]
    assert [one["data"].get("silent") for one in outcome.transitions] == [None, True, None]


def test_prepare_changes_nothing_and_an_unknown_internal_record_is_a_dead_letter() -> None:
    story = log(segment(events(within=500))).event(0)
    story.raw(100, b'{"type":"$definitions","version":9,"phase":"prepare"}', "definitions")
    story.raw(100, b'{"type":"$definitions","version":9,"phase":"activate"}', "definitions")
    story.raw(100, b'{"type":"$definitions","version":"1","phase":"activate"}', "definitions")
    story.raw(100, b'{"type":"$clock"}', "definitions")
    story.raw(501, b"{}", "list")
    outcome = story.run()
    assert outcome.dead_letters == [(offset, "unreadable-internal") for offset in (3, 4, 5, 6)]
    assert seen(outcome)[1] == ("s", "out", 500, "time")

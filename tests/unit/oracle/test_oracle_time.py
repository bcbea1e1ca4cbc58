"""When things happen: windows, scores, the lane's clock. All times are milliseconds after T and worked out by hand."""

from __future__ import annotations

import pytest

from schemas.definitions.model import AllNode, AnyNode, Comparison, EngineSettings, NotNode, Tag, TagNode
from tests.unit.oracle.scenario import T, events, log, rule, seen, segment

FADING = Tag("hot", "Hot", (rule(),), half_life_ms=1_000)


def score(operator: str, value: float, tag: str = "hot") -> TagNode:
    return TagNode(tag, score=(Comparison(operator, value),))  # type: ignore[arg-type]


def test_an_event_leaves_its_window_exactly_at_its_time_plus_the_window() -> None:
    outcome = log(segment(events(within=500))).event(100).clock(5_000).run()
    assert seen(outcome) == [("s", "in", 100, "event"), ("s", "out", 600, "time")]


def test_a_due_time_fires_only_when_the_clock_is_greater() -> None:
    at_the_time = log(segment(events(within=500))).event(100).clock(600)
    assert seen(at_the_time.run()) == [("s", "in", 100, "event")]
    assert seen(at_the_time.clock(601).run())[1] == ("s", "out", 600, "time")


def test_what_is_due_exactly_at_a_record_is_decided_by_the_evaluation_after_it() -> None:
    stays = log(segment(events(within=500))).event(100).event(600)
    assert seen(stays.run()) == [("s", "in", 100, "event")]
    leaves = log(segment(events(within=500))).event(100).event(600, "other")
    assert seen(leaves.run()) == [("s", "in", 100, "event"), ("s", "out", 600, "event")]


def test_a_timed_entry_comes_when_the_negated_window_empties() -> None:
    outcome = log(segment(NotNode(events(within=500)))).event(100).event(300).clock(2_000).run()
    assert seen(outcome) == [("s", "in", 800, "time")]


def test_two_segments_that_change_at_one_time_change_in_order_of_id() -> None:
    outcome = log(segment(events(within=500), "b"), segment(events(within=500), "a")).event(0).clock(501).run()
    assert [row[:2] for row in seen(outcome)] == [("a", "in"), ("b", "in"), ("a", "out"), ("b", "out")]


def test_a_late_event_counts_from_its_own_time() -> None:
    outcome = log(segment(events(at_least=2, within=500))).event(400).event(450, timestamp=T + 200).clock(2_000).run()
    assert seen(outcome) == [("s", "in", 450, "event"), ("s", "out", 700, "time")]


def test_an_event_from_the_future_happens_now() -> None:
    outcome = log(segment(events(within=500))).event(100, timestamp=T + 10**9).clock(2_000).run()
    assert seen(outcome) == [("s", "in", 100, "event"), ("s", "out", 600, "time")]


def test_an_older_append_time_does_not_turn_the_clock_back() -> None:
    outcome = log(segment(events(within=500))).clock(1_000).event(700, timestamp=...).clock(2_000).run()
    assert seen(outcome) == [("s", "in", 1_000, "event"), ("s", "out", 1_200, "time")]
    assert outcome.transitions[0]["data"]["incarnation"] == T + 1_000


def test_a_score_of_two_halves_to_one_after_one_half_life_and_is_less_one_millisecond_later() -> None:
    tag = Tag("hot", "Hot", (rule(weight=2.0),), half_life_ms=1_000)
    outcome = log(segment(score("gte", 1)), tags=(tag,)).event(0).clock(9_000).run()
    assert seen(outcome) == [("s", "in", 0, "event"), ("s", "out", 1_001, "time")]


def test_greater_than_ends_at_the_very_millisecond_of_equality() -> None:
    tag = Tag("hot", "Hot", (rule(weight=4.0),), half_life_ms=500)
    outcome = log(segment(score("gt", 1)), tags=(tag,)).event(0).clock(9_000).run()
    assert seen(outcome)[1] == ("s", "out", 1_000, "time")


def test_less_than_begins_when_the_score_is_below_by_more_than_the_tolerance() -> None:
    node = AllNode((TagNode("hot"), score("lt", 0.5)))
    outcome = log(segment(node), tags=(FADING,)).event(0).clock(9_000).run()
    assert seen(outcome) == [("s", "in", 1_001, "time")]


def test_a_score_between_two_bounds_is_entered_and_left_by_time() -> None:
    node = TagNode("hot", score=(Comparison("between", 0.25, 0.5),))
    outcome = log(segment(node), tags=(FADING,)).event(0).clock(9_000).run()
    assert seen(outcome) == [("s", "in", 1_000, "time"), ("s", "out", 2_001, "time")]


def test_a_negative_score_rises_towards_zero() -> None:
    tag = Tag("cold", "Cold", (rule(weight=-1.0),), half_life_ms=1_000)
    outcome = log(segment(score("lte", -0.5, "cold")), tags=(tag,)).event(0).clock(9_000).run()
    assert seen(outcome) == [("s", "in", 0, "event"), ("s", "out", 1_001, "time")]


def test_a_fading_score_vanishes_below_a_millionth_of_a_millionth() -> None:
    """log2(10^12) = 39.863137…: with a half-life of a second it is there at 39 863 ms and 0 at 39 864."""
    outcome = log(segment(score("gt", 0)), tags=(FADING,)).event(0).clock(99_000).run()
    assert seen(outcome)[1] == ("s", "out", 39_864, "time")


def test_three_weights_of_one_at_one_instant_reach_three() -> None:
    outcome = log(segment(score("gte", 3)), tags=(FADING,)).event(7).event(7).event(7).clock(9_000).run()
    assert seen(outcome) == [("s", "in", 7, "event"), ("s", "out", 8, "time")]


def test_a_late_application_adds_what_would_be_left_of_it() -> None:
    outcome = log(tags=(FADING,)).event(2_000).event(2_100, timestamp=T).run()
    tag = outcome.persons["user:u1"].tags["hot"]
    assert (tag.score, tag.weight, tag.count, tag.first_at, tag.last_at) == (1.25, 2.0, 2, T, T + 2_000)


def test_the_cap_clamps_at_each_application_and_there_is_no_floor() -> None:
    tag = Tag("hot", "Hot", (rule(), rule("removed", -9.0)), cap=2.5)
    outcome = log(tags=(tag,)).event(0).event(1).event(2).event(3, "removed").run()
    assert outcome.persons["user:u1"].tags["hot"].score == -6.5
    assert outcome.persons["user:u1"].tags["hot"].weight == -6.0


def test_leaves_at_is_the_least_time_at_which_the_whole_condition_is_false() -> None:
    node = AnyNode((events(within=500), score("gte", 0.5)))
    entered = log(segment(node), tags=(FADING,)).event(0).run().transitions[0]
    assert entered["data"]["leavesAt"] == "2025-11-24T16:00:01.001Z"


def test_leaves_at_is_absent_when_the_segment_is_never_left_by_time() -> None:
    entered = log(segment(events())).event(0).run().transitions[0]
    assert "leavesAt" not in entered["data"]


def test_an_event_older_than_allowed_is_a_dead_letter_and_one_just_as_old_is_not() -> None:
    settings = EngineSettings(oldest_ms=1_000)
    outcome = log(settings=settings).event(2_000, timestamp=T + 1_000).event(2_000, timestamp=T + 999).run()
    assert (outcome.applied, outcome.dead_letters) == (1, [(2, "too-old")])


@pytest.mark.parametrize(
    ("timestamp", "at"),
    [
        ("2025-11-24T16:00:00.100Z", 100),
        ("2025-11-25T00:00:00.100+08:00", 100),
        ("2025-11-24T16:00:00.1009999Z", 100),
        (T + 100, 100),
        (..., 50),
    ],
)
def test_times_are_milliseconds_or_iso_with_an_offset(timestamp: object, at: int) -> None:
    outcome = log(tags=(FADING,)).event(200, timestamp=timestamp, receivedAt=T + 50).run()
    assert outcome.persons["user:u1"].tags["hot"].last_at == T + at


def test_a_repeat_counts_once_and_does_not_extend_the_window() -> None:
    settings = EngineSettings(dedupe_ms=1_000)
    outcome = log(tags=(FADING,), settings=settings).event(0, id="a").event(999, id="a").event(1_000, id="a").run()
    assert (outcome.applied, outcome.duplicates) == (2, 1)


def test_only_the_newest_256_ids_are_remembered() -> None:
    story = log(tags=(FADING,)).event(0, id="first")
    for number in range(255):
        story.event(1, id=f"e{number}")
    assert story.event(2, id="first").run().duplicates == 1
    again = log(tags=(FADING,)).event(0, id="first")
    for number in range(256):
        again.event(1, id=f"e{number}")
    assert again.event(2, id="first").run().duplicates == 0


def test_a_repeat_moves_the_clock_and_evaluates_nothing() -> None:
    outcome = log(segment(events(within=500))).event(0, id="a").event(501, id="a").run()
    assert seen(outcome) == [("s", "in", 0, "event"), ("s", "out", 500, "time")]

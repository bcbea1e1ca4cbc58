"""Rules of time and repeats, each as its own story, told by the engine and the oracle alike. Times are milliseconds after T."""

from __future__ import annotations

import pytest

from schemas.definitions.model import Comparison, EngineSettings, NotNode, Tag, TagNode
from tests.property.driver import Step
from tests.property.playing import play
from tests.unit.oracle.scenario import T, bundle, events, log, rule, segment


def test_two_exits_that_are_due_at_the_same_millisecond_both_happen_then() -> None:
    story = log(segment(events(within=500), "b"), segment(NotNode(events(within=500)), "c"), segment(events(within=500), "a"))
    rows, _ = play(story.event(0).clock(501))
    assert rows == [
        ("a", "in", 0, "event"), ("b", "in", 0, "event"),
        ("a", "out", 500, "time"), ("b", "out", 500, "time"), ("c", "in", 500, "time"),
    ]  # fmt: skip


def test_two_people_who_are_due_at_the_same_millisecond_both_leave_then() -> None:
    story = log(segment(events(within=500))).event(0).event(0, userId="u2").event(0, userId="u3").clock(9_000)
    rows, driver = play(story, [Step("read", 4), Step("sweep", 1), Step("read", 1), Step("sweep", 1)])
    assert rows[3:] == [("s", "out", 500, "time")] * 3
    assert {record["data"]["person"] for record in driver.topics.transitions[3:]} == {"user:u1", "user:u2", "user:u3"}


@pytest.mark.parametrize(("late", "counts"), [(499, True), (500, False), (501, False)])
def test_an_event_counts_until_the_edge_of_its_window_and_not_at_it(late: int, counts: bool) -> None:
    rows, _ = play(log(segment(events(within=500))).event(1_000, timestamp=T + 1_000 - late))
    assert rows == ([("s", "in", 1_000, "event")] if counts else [])


def test_an_event_exactly_at_a_due_time_decides() -> None:
    keeps = log(segment(events(within=500))).event(0).event(500)
    assert play(keeps)[0] == [("s", "in", 0, "event")]
    loses = log(segment(events(within=500))).event(0).event(500, "other")
    assert play(loses)[0] == [("s", "in", 0, "event"), ("s", "out", 500, "event")]


def test_an_event_one_millisecond_after_a_due_time_finds_it_fired() -> None:
    rows, _ = play(log(segment(events(within=500))).event(0).event(501))
    assert rows == [("s", "in", 0, "event"), ("s", "out", 500, "time"), ("s", "in", 501, "event")]


def test_of_two_due_times_the_one_exactly_at_the_event_is_left_to_it() -> None:
    story = log(segment(events(within=400), "a"), segment(events(within=500), "b")).event(0).event(500, "other")
    rows, _ = play(story)
    assert rows[2:] == [("a", "out", 400, "time"), ("b", "out", 500, "event")]


def test_a_clock_exactly_at_a_due_time_does_not_fire_it() -> None:
    story = log(segment(events(within=500))).event(0).clock(500)
    assert play(story)[0] == [("s", "in", 0, "event")]
    assert play(story.clock(501))[0][1:] == [("s", "out", 500, "time")]


@pytest.mark.parametrize("steps", [(), (Step("read", 2), Step("sweep"), Step("read", 1), Step("bring"))])
def test_a_definition_that_changes_exactly_at_a_due_time_decides(steps: tuple[Step, ...]) -> None:
    story = log(segment(events(within=500))).event(0)
    story.bundles.append(bundle(2, segment(events(within=400))))
    assert play(story.activate(500, 2), steps)[0] == [("s", "in", 0, "event"), ("s", "out", 500, "definition")]


def test_what_is_due_before_a_definition_changes_happens_under_the_old_one() -> None:
    story = log(segment(events(within=500))).event(0)
    story.bundles.append(bundle(2, segment(events(within=400))))
    rows, driver = play(story.activate(501, 2))
    assert rows == [("s", "in", 0, "event"), ("s", "out", 500, "time")]
    assert driver.topics.transitions[-1]["data"]["definitions"] == 1


def test_a_person_who_slept_through_two_definitions_goes_through_both() -> None:
    story = log(segment(events(within=10_000))).event(0)
    story.bundles += [bundle(2, segment(NotNode(events(within=10_000)))), bundle(3, segment(events(within=10_000)))]
    expected = [("s", "in", 0, "event"), ("s", "out", 100, "definition"), ("s", "in", 200, "definition"), ("s", "out", 10_000, "time")]
    story.activate(100, 2).activate(200, 3).clock(10_001)
    for steps in ((), (Step("read", 3), Step("bring"), Step("read", 1, "lost after")), (Step("read", 4), Step("bring", 1, "lost before"))):
        assert play(story, steps)[0] == expected


def test_an_older_or_equal_version_of_the_definitions_only_moves_the_clock() -> None:
    story = log(segment(events(within=500))).event(0)
    story.bundles.append(bundle(2, segment(events(within=500))))
    rows, driver = play(story.activate(100, 2).activate(400, 1).activate(450, 2).activate(501, 0))
    assert rows == [("s", "in", 0, "event"), ("s", "out", 500, "time")]
    assert driver.topics.dead_letters == {}


def test_an_unknown_version_of_the_definitions_is_a_dead_letter_and_moves_the_clock() -> None:
    rows, driver = play(log(segment(events(within=500))).event(0).activate(501, 7))
    assert rows[1:] == [("s", "out", 500, "time")]
    assert driver.topics.dead_letters == {2: "unreadable-internal"}


@pytest.mark.parametrize(("window_ms", "settings"), [(1_000, EngineSettings(dedupe_ms=1_000)), (3_600_000, EngineSettings())])
def test_a_repeat_counts_again_once_the_window_has_passed(window_ms: int, settings: EngineSettings) -> None:
    story = log(tags=(Tag("hot", "Hot", (rule(),)),), settings=settings).event(0, id="a").event(window_ms - 1, id="a")
    assert play(story)[1].header.duplicates == 1
    story.event(window_ms, id="a").event(window_ms + 1, id="a")
    _, driver = play(story, [Step("read", 3), Step("sweep"), Step("read", 1, "lost after")])
    assert (driver.header.applied, driver.header.duplicates) == (2, 2)


def test_a_repeat_is_recognised_after_a_crash() -> None:
    story = log(segment(events(at_least=2))).event(0, id="a").event(1, id="a")
    rows, driver = play(story, [Step("read", 2, "lost after"), Step("read", 1, "lost before")])
    assert (rows, driver.header.duplicates) == ([], 1)


def test_what_was_published_before_a_crash_may_stand_twice_under_one_id() -> None:
    story = log(segment(events(within=500))).event(0).clock(501)
    # The first entry of the outbox tells the lane itself where its filling begins.
    _, driver = play(story, [Step("read"), Step("read", 2), Step("publish", 2), Step("reopen")])
    ids = [record["data"]["id"] for record in driver.topics.transitions]
    assert (len(ids), len(set(ids))) == (3, 2)


def test_a_score_that_reaches_its_bound_is_left_one_millisecond_after() -> None:
    tag = Tag("hot", "Hot", (rule(weight=4.0),), half_life_ms=1_000)
    node = TagNode("hot", score=(Comparison("gte", 1),))
    assert play(log(segment(node), tags=(tag,)).event(0).clock(9_000))[0][1:] == [("s", "out", 2_001, "time")]

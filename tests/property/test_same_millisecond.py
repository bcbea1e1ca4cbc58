"""What falls on one millisecond, or on an edge: order, numbers and causes, told by the engine and the oracle alike. Times are after T."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.definitions.model import (
    AllOf,
    Comparison,
    EventMatch,
    EventNode,
    NotNode,
    PathTest,
    SegmentNode,
    SequenceNode,
    Tag,
    TagNode,
    TraitNode,
)
from tests.property.driver import Driver, Step
from tests.property.playing import play
from tests.property.verdict import states
from tests.unit.oracle.scenario import T, bundle, events, log, rule, segment

WINDOW = 500
WITHIN = events(within=WINDOW)
STEPS: list[tuple[Step, ...]] = [(), (Step("read", 2), Step("sweep"), Step("read", 1, "lost after"), Step("bring")), (Step("read", 1),) * 9]


def told(driver: Driver) -> list[tuple[str, int, str | None]]:
    """Each transition's segment, sequence and event."""
    return [(one["data"]["segment"], one["data"]["sequence"], one["data"].get("eventId")) for one in driver.topics.transitions]


@pytest.mark.parametrize("steps", STEPS)
def test_exits_due_at_one_millisecond_come_in_the_order_of_evaluation_each_with_its_next_number(steps: tuple[Step, ...]) -> None:
    """Those that others refer to come first; what follows from them comes at the same millisecond, in the same evaluation."""
    follows = segment(NotNode(SegmentNode("z")), "a")
    story = log(segment(WITHIN, "z"), follows, segment(WITHIN, "b"), segment(SegmentNode("a"), "c")).event(0, id="m").clock(501)
    rows, driver = play(story, steps)

    assert rows[:2] == [("b", "in", 0, "event"), ("z", "in", 0, "event")]
    assert rows[2:] == [("b", "out", 500, "time"), ("z", "out", 500, "time"), ("a", "in", 500, "time"), ("c", "in", 500, "time")]
    assert told(driver)[2:] == [("b", 2, None), ("z", 2, None), ("a", 1, None), ("c", 1, None)]


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize(("second", "both"), [(499, True), (500, False), (501, False)])
def test_an_event_at_exactly_the_edge_of_another_s_window_is_not_in_one_window_with_it(
    second: int, both: bool, steps: tuple[Step, ...]
) -> None:
    story = log(segment(events(at_least=2, within=WINDOW))).event(0).event(second).clock(9_000)
    rows, _ = play(story, steps)

    assert rows == ([("s", "in", 499, "event"), ("s", "out", 500, "time")] if both else [])


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize(
    ("at", "leave"), [(499, (500, "time", None)), (500, (500, "event", "m2")), (501, (500, "time", None))], ids=["before", "at", "after"]
)
def test_a_record_is_the_cause_of_what_is_due_exactly_at_it_and_of_nothing_else(
    at: int, leave: tuple[int, str, str | None], steps: tuple[Step, ...]
) -> None:
    story = log(segment(WITHIN)).event(0, id="m1").event(at, "other", id="m2").clock(9_000)
    rows, driver = play(story, steps)

    when, cause, event_id = leave
    assert rows[1:] == [("s", "out", when, cause)]
    assert told(driver)[1] == ("s", 2, event_id)


@pytest.mark.parametrize("steps", STEPS)
def test_at_a_new_definition_what_was_due_before_it_happened_under_the_old_and_what_is_due_at_it_is_judged_by_the_new(
    steps: tuple[Step, ...],
) -> None:
    old = (segment(events(within=400), "a"), segment(WITHIN, "b"), segment(WITHIN, "c"), segment(WITHIN, "d"))
    story = log(*old).event(0)
    story.bundles.append(bundle(2, segment(events(within=400), "a"), segment(WITHIN, "b"), segment(events(within=600), "c")))
    rows, driver = play(story.activate(500, 2).clock(9_000), steps)

    assert rows[4:] == [
        ("a", "out", 400, "time"),
        ("d", "out", 500, "definition"),
        ("b", "out", 500, "definition"),
        ("c", "out", 600, "time"),
    ]
    assert [one["data"]["definitions"] for one in driver.topics.transitions[4:]] == [1, 2, 2, 2]


@pytest.mark.parametrize("steps", STEPS)
def test_of_equal_event_times_the_order_of_application_decides(steps: tuple[Step, ...]) -> None:
    in_order = SequenceNode((EventMatch(("a",), AllOf(())), EventMatch(("b",), AllOf(()))), 0)
    oslo = TraitNode(PathTest("city", "eq", "Oslo"))
    heat = TagNode("heat", score=(Comparison("gte", 1.9),))
    tags = (Tag("heat", "Heat", (rule("a", 1.0), rule("b", 1.0)), half_life_ms=1_000),)
    story = log(segment(in_order, "run"), segment(oslo, "oslo"), segment(heat, "hot"), tags=tags)
    for at, name, city in ((10, "b", "Oslo"), (20, "a", "Rome"), (30, "b", "Oslo"), (40, "a", "Rome")):
        story.event(at, name, timestamp=T, traits={"city": city})
    rows, _ = play(story, steps)

    assert [row for row in rows if row[0] == "oslo"] == [
        ("oslo", way, at, "event") for at, way in ((10, "in"), (20, "out"), (30, "in"), (40, "out"))
    ]
    assert [row for row in rows if row[0] == "run"] == [("run", "in", 30, "event")]
    assert [row for row in rows if row[0] == "hot"] == [("hot", "in", 20, "event")]


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("late", [500, 501, 10_000])
def test_a_late_event_that_is_older_than_the_window_changes_nothing_but_is_applied(late: int, steps: tuple[Step, ...]) -> None:
    story = (
        log(segment(WITHIN), segment(events(), "ever")).event(0, "other").event(20_000, timestamp=T + 20_000 - late, id="m").clock(90_000)
    )
    rows, driver = play(story, steps)

    assert rows == [("ever", "in", 20_000, "event")]
    assert driver.header.applied == 2


@pytest.mark.parametrize("at", [1, 499, 500])
def test_a_tick_at_which_nothing_is_due_moves_the_clock_and_nothing_else(at: int) -> None:
    """Neither is anybody written, nor is anything said; not even at the very time at which something is due."""
    story = log(segment(WITHIN)).event(0, id="m")
    before, (alone,) = play(story, [Step("read", 9), Step("sweep")])[0], states(play(story)[1])
    rows, driver = play(story.clock(at).clock(at).clock(at - 1), [Step("read", 9), Step("sweep")])

    assert rows == before == [("s", "in", 0, "event")]
    assert states(driver) == [alone]
    assert (driver.header.clock, driver.header.applied) == (T + at, 1)


@pytest.mark.parametrize("steps", STEPS)
def test_an_exit_and_a_new_entry_may_fall_on_one_millisecond(steps: tuple[Step, ...]) -> None:
    """Two records with one append time: the first finds the window empty, the second fills it."""
    story = log(segment(WITHIN)).event(0, id="m1").event(500, "other", id="m2").event(500, id="m3").clock(9_000)
    rows, driver = play(story, steps)

    assert rows == [("s", "in", 0, "event"), ("s", "out", 500, "event"), ("s", "in", 500, "event"), ("s", "out", 1_000, "time")]
    assert told(driver) == [("s", 1, "m1"), ("s", 2, "m2"), ("s", 3, "m3"), ("s", 4, None)]
    assert len({one["data"]["id"] for one in driver.topics.transitions}) == 4


@pytest.mark.parametrize("steps", STEPS)
def test_after_an_exit_by_time_an_event_at_an_older_append_time_enters_at_the_clock(steps: tuple[Step, ...]) -> None:
    """The clock never turns back: the entry is stamped with it, after the exit's own time."""
    story = log(segment(WITHIN)).event(0).clock(501).event(500, timestamp=T + 500).clock(9_000)

    assert play(story, steps)[0][1:] == [("s", "out", 500, "time"), ("s", "in", 501, "event"), ("s", "out", 1_000, "time")]


@pytest.mark.parametrize("steps", STEPS)
def test_a_definition_may_end_a_membership_and_a_record_of_the_same_millisecond_begin_it_anew(steps: tuple[Step, ...]) -> None:
    story = log(segment(WITHIN)).event(0)
    story.bundles.append(bundle(2, segment(events(within=100))))
    rows, driver = play(story.activate(200, 2).event(200, id="m").clock(9_000), steps)

    expected: list[Any] = [("s", "out", 200, "definition"), ("s", "in", 200, "event"), ("s", "out", 300, "time")]
    assert rows[1:] == expected
    assert told(driver)[1:] == [("s", 2, None), ("s", 3, "m"), ("s", 4, None)]


def test_events_count_as_of_their_own_time_whatever_their_order_on_the_log() -> None:
    two = EventNode(EventMatch(("viewed",), AllOf(())), (Comparison("eq", 2),), WINDOW)
    forth, back = log(segment(two)), log(segment(two))
    forth.event(1_000, "other").event(1_000, timestamp=T + 600).event(1_000, timestamp=T + 800)
    back.event(1_000, "other").event(1_000, timestamp=T + 800).event(1_000, timestamp=T + 600)

    assert play(forth.clock(9_000))[0] == play(back.clock(9_000))[0] == [("s", "in", 1_000, "event"), ("s", "out", 1_100, "time")]

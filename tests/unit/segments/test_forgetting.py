"""When a person is forgotten, and what is told of it then. Times are after T."""

from __future__ import annotations

import pytest

from schemas.definitions.model import Bundle
from schemas.errors import Rejected
from segments.engine import Engine
from segments.history import History
from tagging.lists import Naming
from tagging.person import Person
from tagging.state import new_person
from tests.unit.segments.scene import DAY, HOUR, MINUTE, Story, T, bundle_of

SEGMENTS = "segments: [{id: ever, when: {event: viewed}}, {id: seen, when: {event: viewed, within: 2h}}, {id: vips, when: {list: vip}}]"
NEVER = bundle_of(SEGMENTS)
DAILY = bundle_of(f"settings: {{forget_after: 1d}}\n{SEGMENTS}", NEVER)
HOURLY = bundle_of(f"settings: {{forget_after: 1h}}\n{SEGMENTS}", DAILY)
NEVER_AGAIN = bundle_of(SEGMENTS, HOURLY)


def history(*switches: tuple[int, int]) -> History:
    sets = {0: Bundle(), 1: NEVER, 2: DAILY, 3: HOURLY, 4: NEVER_AGAIN}
    return History(sets, tuple((version, T + at) for version, at in switches))


def viewer(engine: Engine, at: int = 0) -> Story:
    """Somebody who viewed once."""
    shop = Story(engine, Person(new_person("user:u1", 0, T + at, engine.version), is_new=True))
    shop.event(at)
    shop.out.clear()
    return shop


def ends(shop: Story, sets: History, clock: int) -> int | None:
    end_ms = sets.end_of(shop.person.state, T + clock)
    return None if end_ms is None else end_ms - T


def test_a_person_is_forgotten_once_the_clock_is_past_the_time_after_the_last_event() -> None:
    sets = history((2, 0))
    shop = viewer(sets.current)
    shop.event(HOUR, "other")

    assert ends(shop, sets, HOUR + DAY) is None
    assert ends(shop, sets, HOUR + DAY + 1) == HOUR + DAY


def test_nobody_is_forgotten_unless_it_is_asked_for() -> None:
    sets = history((1, 0))

    assert ends(viewer(sets.current), sets, 10_000 * DAY) is None
    assert ends(viewer(sets.current), History.of(sets.current), 10_000 * DAY) is None


def test_a_repeat_is_no_activity() -> None:
    sets = history((3, 0))
    shop = viewer(sets.current)
    shop.event(1, id="m1")

    assert not shop.event(MINUTE, id="m1")
    assert ends(shop, sets, DAY) == HOUR + 1


def test_what_is_due_before_happens_before_and_then_all_segments_are_left_at_the_end() -> None:
    sets = history((2, 0))
    shop = viewer(sets.current)

    sets.finish(shop.person, T + DAY, shop.out)

    assert shop.rows() == [("seen", "out", 2 * HOUR, "time"), ("ever", "out", DAY, "erasure")]
    assert shop.person.state.members == {}


def test_the_end_is_a_due_time_that_never_lies_too_late() -> None:
    """It is exact once it has come round: on the event path it may be that of an earlier event."""
    shop = viewer(history((2, 0)).current)
    assert shop.due() == 2 * HOUR
    shop.event(3 * HOUR, "other")
    shop.advance(6 * HOUR)
    assert shop.due() == DAY
    shop.advance(DAY + 1)
    assert shop.due() == 3 * HOUR + DAY


def test_whom_a_list_names_first_is_forgotten_too() -> None:
    engine = history((2, 0)).current
    shop = Story(engine, Person(new_person("user:u1", 0, T, 2), is_new=True))

    engine.enlist(shop.person, Naming("vip", 1, True), T, shop.out)
    assert shop.due() == DAY
    engine.enlist(shop.person, Naming("vip", 2, True), T + HOUR, shop.out)
    assert shop.due() == DAY


def test_whoever_takes_another_over_was_active_when_either_was() -> None:
    sets = history((2, 0))
    survivor, absorbed = viewer(sets.current), viewer(sets.current, HOUR)

    sets.current.take_over(survivor.person, absorbed.person.state, T + 5 * HOUR, survivor.out)

    assert ends(survivor, sets, 9 * DAY) == HOUR + DAY


def test_a_set_that_asks_for_less_than_has_passed_forgets_at_its_barrier() -> None:
    sets = history((2, 0), (3, 5 * HOUR))
    shop = viewer(history((2, 0)).current)

    assert ends(shop, sets, 5 * HOUR) is None
    assert ends(shop, sets, 5 * HOUR + 1) == 5 * HOUR
    sets.finish(shop.person, T + 5 * HOUR, shop.out)
    assert shop.rows() == [("seen", "out", 2 * HOUR, "time"), ("ever", "out", 5 * HOUR, "erasure")]
    assert [one.definitions for one in shop.out] == [2, 3]


def test_who_is_brought_to_such_a_set_is_due_at_once() -> None:
    sets = history((2, 0), (3, 5 * HOUR))
    shop = viewer(history((2, 0)).current)

    sets.bring(shop.person, shop.out)

    assert shop.due() == 5 * HOUR
    assert ends(shop, sets, 5 * HOUR + 1) == 5 * HOUR


def test_before_a_barrier_the_set_of_then_decides() -> None:
    """Who would have been forgotten before a set that forgets nobody is forgotten, by the set and at the time of then."""
    sets = history((2, 0), (4, 2 * DAY))
    shop = viewer(history((2, 0)).current)

    assert ends(shop, sets, 3 * DAY) == DAY
    sets.finish(shop.person, T + DAY, shop.out)
    assert [one.definitions for one in shop.out] == [2, 2]
    assert ends(viewer(history((2, 0)).current, DAY + 1), sets, 9 * DAY) is None


def test_a_set_that_begins_to_forget_knows_when_people_were_active() -> None:
    sets = history((1, 0), (2, 3 * HOUR))

    assert ends(viewer(history((1, 0)).current), sets, 9 * DAY) == DAY


def test_older_sets_are_forgotten_with_what_they_asked_for() -> None:
    sets = history((2, 0), (4, HOUR))
    sets.forget()

    assert ends(viewer(sets.current), sets, 9 * DAY) is None
    sets.switch(bundle_of(f"settings: {{forget_after: 1d}}\n{SEGMENTS}", NEVER_AGAIN), T + 2 * HOUR)
    assert ends(viewer(sets.current, 3 * HOUR), sets, 9 * DAY) == 3 * HOUR + DAY


def test_of_whom_it_is_not_known_when_they_were_active_they_count_as_active_when_definitions_change() -> None:
    """As people are whom a version wrote that did not keep it."""
    shop = viewer(history((1, 0)).current)
    shop.person.state.active = None
    sets = history((1, 0), (2, 3 * HOUR))

    assert ends(shop, sets, 9 * DAY) is None
    sets.bring(shop.person, shop.out)
    assert ends(shop, sets, 9 * DAY) == 3 * HOUR + DAY

    shop.person.state.active = None
    shop.advance(2 * DAY)
    assert shop.due() is None


def test_a_rejected_event_is_no_activity() -> None:
    sets = history((2, 0))
    shop = viewer(sets.current)
    with pytest.raises(Rejected, match="traits"):
        shop.event(HOUR, type="identify", event=None, traits={"notes": "x" * 40_000})

    assert ends(shop, sets, 9 * DAY) == DAY

from __future__ import annotations

from typing import Any

import pytest

from segments.engine import Engine
from tagging.person import Person
from tagging.state import REBASE_AFTER, new_person
from tests.unit.segments.scene import DAY, HOUR, MINUTE, Row, T, story

HOT = """
tags: [{id: heat, half_life: 1h, rules: [{event: viewed}]}]
segments: [{id: hot, when: {tag: heat, score: {gt: 1}}}]
"""
RECENT = "segments: [{id: recent, when: {event: viewed, within: 10m}}]"


def test_an_event_enters_and_time_leaves() -> None:
    shop = story(HOT)
    shop.event(0)
    shop.event(0)
    assert shop.rows() == [("hot", "in", 0, "event")]

    shop.advance(2 * HOUR)
    assert shop.rows() == [("hot", "in", 0, "event"), ("hot", "out", HOUR, "time")]


def test_an_entry_tells_when_it_would_end_and_a_leave_does_not() -> None:
    shop = story(RECENT)
    shop.event(0)
    shop.advance(DAY)

    assert [one.leaves_at for one in shop.out] == [T + 10 * MINUTE, None]


def test_what_is_due_fires_before_a_later_record_with_its_own_time() -> None:
    shop = story(RECENT)
    shop.event(0)
    shop.event(DAY, "other")

    assert shop.rows() == [("recent", "in", 0, "event"), ("recent", "out", 10 * MINUTE, "time")]


def test_what_is_due_exactly_at_a_record_is_decided_after_it() -> None:
    stays = story(RECENT)
    stays.event(0)
    stays.event(10 * MINUTE)
    assert stays.rows() == [("recent", "in", 0, "event")]

    leaves = story(RECENT)
    leaves.event(0)
    leaves.event(10 * MINUTE, "other", id="m-9")
    assert leaves.rows() == [("recent", "in", 0, "event"), ("recent", "out", 10 * MINUTE, "event")]
    assert leaves.out[1].event_id == "m-9"


def test_a_due_time_fires_when_the_clock_is_past_it() -> None:
    shop = story(RECENT)
    shop.event(0)
    shop.advance(10 * MINUTE)
    assert len(shop.out) == 1

    shop.advance(10 * MINUTE + 1)
    assert shop.rows()[1:] == [("recent", "out", 10 * MINUTE, "time")]


@pytest.fixture
def evaluations(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """The time after T and the cause of every evaluation there was."""
    found: list[tuple[int, str]] = []
    plain = Engine._evaluate

    def counted(self: Engine, person: Person, at: int, segments: Any, why: Any, *rest: Any) -> int | None:
        found.append((person.state.base + at - T, why[0]))
        return plain(self, person, at, segments, why, *rest)

    monkeypatch.setattr(Engine, "_evaluate", counted)
    return found


BOTH = """
segments:
  - {id: b, when: {event: viewed, within: 10m}}
  - {id: a, when: {event: viewed, within: 10m}}
  - {id: none, when: {not: {any: [{segment: a}, {segment: b}]}}}
"""


def test_what_is_due_at_one_millisecond_is_one_evaluation(evaluations: list[tuple[int, str]]) -> None:
    shop = story(BOTH)
    shop.event(0)
    shop.advance(DAY)

    assert evaluations == [(0, "event"), (10 * MINUTE, "time")]
    assert shop.rows()[2:] == [(name, way, 10 * MINUTE, "time") for name, way in (("a", "out"), ("b", "out"), ("none", "in"))]
    assert [one.sequence for one in shop.out] == [1, 1, 2, 2, 1]


@pytest.mark.parametrize(("at", "expected"), [(10 * MINUTE, [(10 * MINUTE, "event")]), (HOUR, [(10 * MINUTE, "time"), (HOUR, "event")])])
def test_a_record_is_one_evaluation_after_those_that_were_due_before_it(
    at: int, expected: list[tuple[int, str]], evaluations: list[tuple[int, str]]
) -> None:
    shop = story(BOTH)
    shop.event(0)
    shop.event(at, "other")

    assert evaluations[1:] == expected


def test_when_nothing_is_due_nothing_is_evaluated(evaluations: list[tuple[int, str]]) -> None:
    shop = story(BOTH)
    shop.event(0)
    before = shop.packed()
    for until in (0, 1, 10 * MINUTE):
        shop.advance(until)

    assert (evaluations, shop.packed()) == ([(0, "event")], before)


def test_a_repeat_is_no_evaluation(evaluations: list[tuple[int, str]]) -> None:
    shop = story(BOTH)
    shop.event(0, id="m-1")
    shop.event(HOUR - 1, id="m-1")

    assert evaluations == [(0, "event")]


def test_a_person_is_judged_by_all_segments_from_the_first_record_on() -> None:
    shop = story("segments: [{id: b, when: {not: {event: bought}}}, {id: a, when: {all: []}}, {id: c, when: {any: []}}]")
    shop.event(0, "anything")

    assert shop.rows() == [("a", "in", 0, "event"), ("b", "in", 0, "event")]


def test_a_leaf_counts_only_what_meets_its_condition() -> None:
    shop = story("segments: [{id: dear, when: {event: bought, where: {properties.price: {gt: 10}}}}]")
    shop.event(0, "bought", properties={"price": 10})
    assert shop.rows() == []

    shop.event(1, "bought", properties={"price": 11})
    assert shop.rows() == [("dear", "in", 1, "event")]


def test_tag_and_untag_records_enter_and_leave_with_the_cause_event() -> None:
    shop = story(
        "tags: [{id: vip}, {id: topic, value: properties.topic}]\nsegments: [{id: v, when: {tag: vip}}, {id: t, when: {tag: 'topic:x'}}]"
    )
    shop.event(0, type="tag", tags={"vip": {}, "topic:x": {"weight": 2}})
    shop.event(1, type="untag", tags={"vip": {}, "topic": {}})

    assert shop.rows() == [("t", "in", 0, "event"), ("v", "in", 0, "event"), ("t", "out", 1, "event"), ("v", "out", 1, "event")]


def test_what_an_event_cannot_touch_is_not_asked() -> None:
    plans = story(HOT).engine.program.plans
    assert set(plans) == {"viewed", "$tag", "$untag"}

    other = story(HOT).engine.program.other
    assert (other.rules, other.leaves, other.segments) == ([], [], ())


def test_a_late_event_counts_where_its_time_says() -> None:
    shop = story("segments: [{id: two, when: {event: viewed, within: 10m, count: {gte: 2}}}]")
    shop.event(0)
    shop.event(5 * MINUTE, event_at=-6 * MINUTE)
    assert shop.rows() == []
    shop.event(5 * MINUTE, event_at=-4 * MINUTE)
    assert shop.rows() == [("two", "in", 5 * MINUTE, "event")]
    assert shop.due() == 6 * MINUTE


def test_an_event_that_is_older_than_the_window_is_not_kept() -> None:
    shop = story(RECENT)
    shop.event(HOUR, event_at=HOUR - 10 * MINUTE)
    assert (shop.rows(), shop.person.state.leaves) == ([], {})

    shop.event(HOUR, event_at=HOUR - 10 * MINUTE + 1)
    assert shop.due() == HOUR + 1


def test_a_counter_counts_for_ever() -> None:
    shop = story("segments: [{id: loyal, when: {event: bought, count: {gte: 3}}}]")
    for at in (0, 400 * DAY, 800 * DAY):
        shop.event(at, "bought")

    assert shop.rows() == [("loyal", "in", 800 * DAY, "event")]
    assert shop.out[0].leaves_at is None


def test_one_record_moves_a_segment_at_most_once_and_segments_move_in_order_of_id() -> None:
    shop = story("segments: [{id: z, when: {event: viewed}}, {id: a, when: {event: viewed}}, {id: m, when: {event: viewed}}]")
    shop.event(0)

    assert [one.segment for one in shop.out] == ["a", "m", "z"]


def test_the_last_anonymous_id_is_told() -> None:
    shop = story("segments: [{id: odd, when: {event: viewed, within: 1s}}]")
    shop.event(0, anonymousId="a-1")
    shop.event(HOUR, anonymousId="a-2")
    shop.event(2 * HOUR, anonymousId="")
    shop.event(3 * HOUR, anonymousId=7)

    assert [one.anonymous_id for one in shop.out if one.kind == "segment.entered"] == ["a-1", "a-2", "a-2", "a-2"]


def test_only_a_person_with_a_user_id_has_one() -> None:
    known, unknown = story(RECENT), story(RECENT)
    unknown.person = Person(new_person("anon:a-1", 0, T, 1), is_new=True)
    for shop in (known, unknown):
        shop.event(0)

    assert (known.out[0].user_id, unknown.out[0].user_id) == ("u1", None)


def test_a_source_that_is_defined_is_held_by_its_number() -> None:
    shop = story("sources: [{id: web, kind: web}]\ntags: [{id: a, rules: [{event: viewed}]}]")
    held_as: list[object] = []
    for source in ("web", "app", None, 7):
        shop.event(0, source=source)
        held_as += [held.source for held in shop.person.state.tags.values()]

    assert held_as == [1, "app", None, None]


def test_a_bound_of_a_family_that_bites_is_counted() -> None:
    shop = story("tags: [{id: f, value: 'properties.x[]', rules: [{event: viewed}]}]")
    shop.event(0, properties={"x": [f"v{number}" for number in range(1_003)]})

    assert shop.engine.tally.bound_bites == 3


def test_a_score_that_would_last_beyond_the_year_9999_is_as_good_as_for_ever() -> None:
    """A client may send any weight; a due time must still fit where due times are kept."""
    shop = story(
        """
tags: [{id: a, half_life: 3650d, rules: [{event: viewed, weight: {property: properties.n}}]}]
segments: [{id: s, when: {tag: a, score: {gte: 1}}}]
"""
    )
    shop.event(0, properties={"n": 1e290})
    assert (shop.rows(), shop.out[0].leaves_at, shop.due()) == ([("s", "in", 0, "event")], None, None)

    shop.event(1, properties={"n": -1e290})
    assert shop.rows()[1:] == [("s", "out", 1, "event")]


def test_what_was_due_before_a_long_silence_is_judged_as_it_was_then() -> None:
    """After the silence the person's times are moved, so what is due lies before the new base."""
    shop = story(
        """
tags: [{id: a, half_life: 10d, rules: [{event: viewed}]}]
segments:
  - {id: long, when: {any: [{tag: a, score: {gt: 0.125}}]}}
  - {id: short, when: {event: viewed, within: 5d}}
  - {id: still, when: {all: [{not: {tag: a, score: {gt: 0.125}}}]}}
"""
    )
    shop.event(0)
    shop.event(60 * DAY, "other")

    assert 60 * DAY > REBASE_AFTER
    assert shop.person.state.base == T + 60 * DAY
    expected: list[Row] = [
        ("long", "in", 0, "event"),
        ("short", "in", 0, "event"),
        ("short", "out", 5 * DAY, "time"),
        ("long", "out", 30 * DAY, "time"),
        ("still", "in", 30 * DAY, "time"),
    ]
    assert shop.rows() == expected

"""What is kept of a person is bounded, whatever comes: each kind of leaf is given ten times what it may keep."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.definitions.model import (
    AbsenceNode,
    Aggregate,
    AtMost,
    CalendarWindow,
    Comparison,
    EventNode,
    FixedWindow,
    Node,
    NumberOperator,
    Segment,
    SequenceNode,
    StaysNode,
)
from segments.compile import compile_bundle
from segments.engine import Engine
from segments.fill import Fill, filling_program
from tagging.codec import pack, unpack
from tagging.recent import ENTRY_BYTES, KEPT_MAX
from tests.unit.schemas.definitions.reading import faults
from tests.unit.segments.life import Life, at_least, made, match, under
from tests.unit.segments.scene import DAY, HOUR, story

WIDE = 400 * DAY


def flooded(node: Node, times: int, name: str = "a", *, late: bool = False, **properties: Any) -> Life:
    """Somebody to whom something happens ``times`` times, a millisecond apart; ``late``: the newest first. Nobody evaluates anything."""
    bundle = made(Segment("s", "s", node))
    program = compile_bundle(bundle)
    life = Life(Engine(bundle, filling_program(program, Fill(leaves=program.leaves))))
    for number in range(times):
        made_of = {key: value(number) for key, value in properties.items()}
        life.event(times if late else number, name, times - number if late else None, properties=made_of)
    assert unpack(life.packed()) == life.person.state
    return life


def rows(life: Life) -> int:
    return len(life.state())


def added(life: Life) -> int:
    """Bytes that the leaves add to the packed person."""
    full = len(pack(life.person.state))
    life.person.state.leaves = {}
    return full - len(pack(life.person.state))


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(("operator", "kept"), [("gte", 30), ("gt", 31), ("lt", 31), ("lte", 31), ("eq", 31), ("ne", 31), ("between", 31)])
def test_of_a_window_as_many_times_are_kept_as_the_comparison_asks_for(operator: NumberOperator, kept: int, late: bool) -> None:
    comparison = Comparison(operator, 30, 30 if operator == "between" else None)
    life = flooded(EventNode(match("a"), (comparison,), WIDE), 310, late=late)

    assert life.state() == list(range(311 - kept, 311) if late else range(310 - kept, 310))
    assert added(life) < 100 + 5 * kept


def test_the_largest_window_that_is_taken_keeps_a_thousand_times() -> None:
    life = flooded(EventNode(match("a"), at_least(1_024), WIDE), 10_240)
    assert rows(life) == 1_024
    assert added(life) < 1_100 * 5

    for asked in ("{gte: 1025}", "{gt: 1025}", "{lt: 2000}", "{between: [1, 1025]}"):
        (fault,) = faults(f"segments: [{{id: s, when: {{event: e, within: 1d, count: {asked}}}}}]")
        assert "expected at most 1024 in a window" in fault


@pytest.mark.parametrize(
    "node", [EventNode(match("a"), at_least(5_000)), EventNode(match("a"), at_least(5_000), fixed=FixedWindow(0, None))]
)
def test_a_counter_is_one_number(node: EventNode) -> None:
    life = flooded(node, 10_000)

    assert life.state() == 10_000
    assert added(life) < 10


@pytest.mark.parametrize("unit", ["hour", "day"])
def test_of_a_calendar_a_counter_for_each_period_of_the_window_is_kept(unit: Any) -> None:
    life = under(EventNode(match("a"), at_least(1), calendar=CalendarWindow(unit, "Asia/Shanghai", 36)))
    length = HOUR if unit == "hour" else DAY
    for number in range(360):
        life.event(number * length, "a")
        life.event(number * length, "a", max(0, number - 20) * length)
        life.event(number * length, "a", (number - 300) * length)

    assert rows(life) == 36
    assert added(life) < 36 * 8 + 20


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("kind", ["sum", "avg", "min", "max", "distinct"])
def test_of_an_aggregate_the_newest_256_events_are_kept(kind: Any, late: bool) -> None:
    node = EventNode(match("a"), (), aggregates=(Aggregate(kind, "properties.n", at_least(1)),), within_ms=WIDE)
    life = flooded(node, 2_560, n=lambda number: number + 0.5, late=late)

    assert [row[0] for row in life.state()] == list(range(2_305, 2_561) if late else range(2_304, 2_560))
    assert life.engine.tally.bound_bites == 2_560 - 256
    assert added(life) < 256 * 24


def test_of_one_event_at_most_256_values_are_kept_and_long_texts_as_their_hash() -> None:
    node = EventNode(match("a"), (), aggregates=(Aggregate("distinct", "properties.n[]", at_least(1)),))
    life = flooded(node, 10, n=lambda number: [f"{number}-{value}" + "x" * 1_000 for value in range(2_560)])

    assert [len(row) for row in life.state()] == [257] * 10
    assert added(life) < 10 * 257 * 18 + 20


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("within", [None, WIDE])
def test_of_each_step_of_a_sequence_the_newest_64_matches_are_kept(within: int | None, late: bool) -> None:
    node = SequenceNode((match("a", "b"), match("a"), match("c")), None, within)
    life = flooded(node, 640, late=late)
    assert life.state() == [[at, 0, 1] for at in (range(577, 641) if late else range(576, 640))]

    for at in range(640, 1_280):
        life.event(at, "b")
        life.event(at, "c")
    kept = [step for row in life.state() for step in row[1:]]
    assert {step: kept.count(step) for step in range(3)} == {0: 64, 1: 64, 2: 64}
    assert added(life) < 192 * 10 + 20


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("lasts", [None, WIDE])
def test_of_an_absence_64_keys_are_kept_that_wait_and_64_that_came_alone(lasts: int | None, late: bool) -> None:
    life = flooded(AbsenceNode(match("a"), match("b"), WIDE, "properties.k", lasts), 640, k=lambda number: number, late=late)
    assert sorted(row[2] for row in life.state()) == list(range(64) if late else range(576, 640))
    assert life.engine.tally.bound_bites == 576

    for number in range(1_000, 1_640):
        life.event(1_000, "b", properties={"k": f"{number}" + "y" * 1_000})
    assert [sum(row[1] == which for row in life.state()) for which in (0, 1)] == [64, 64]
    assert added(life) < 128 * 26 + 20


def test_one_event_with_many_keys_is_no_way_around_the_bound() -> None:
    life = flooded(AbsenceNode(match("a"), match("b"), 10, "properties.k[]", 20), 2, k=lambda number: list(range(number, 640)))

    assert rows(life) == 64


def test_what_stays_is_two_times() -> None:
    life = under(StaysNode(EventNode(match("a"), at_least(1)), 1_000))
    for at in range(1_000):
        life.event(at, "a")
    leaves = list(life.person.state.leaves.values())

    assert sorted(leaves, key=str) == [1_000, [999, 0]]


def test_of_published_entries_as_many_times_are_kept_as_are_counted() -> None:
    segment = Segment("s", "s", EventNode(match("a"), at_least(1), 1), at_most=AtMost(20, WIDE))
    life = Life(Engine(made(segment)))
    for number in range(200):
        life.event(10 * number, "a")

    assert len(life.person.state.apart[1]) == 1 + 20
    assert life.person.state.members == {1: 40}


def test_of_ids_the_newest_256_are_kept() -> None:
    shop = story("segments: []")
    for number in range(2_560):
        shop.event(number, id=f"{number}" + "z" * 1_000)

    assert len(shop.person.state.recent) == KEPT_MAX * ENTRY_BYTES == 3_072
    assert len(shop.packed()) < 3_072 + 60
    assert not shop.event(2_560, id="2559" + "z" * 1_000)
    assert shop.event(2_561, id="0" + "z" * 1_000)


@pytest.mark.parametrize(("limit", "kept"), [("max_values: 50, ", 50), ("", 1_000)])
def test_of_a_family_so_many_values_are_kept(limit: str, kept: int) -> None:
    shop = story(f"tags: [{{id: f, value: 'properties.x[]', {limit}rules: [{{event: viewed}}]}}]")
    for number in range(10):
        shop.event(number, properties={"x": [f"v{number}-{value}" for value in range(kept)]})

    assert len(shop.person.state.tags) == kept
    assert shop.engine.tally.bound_bites == 9 * kept

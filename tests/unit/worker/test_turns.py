from __future__ import annotations

import asyncio

import pytest

from stream.worker.turns import Turns


class _Lanes:
    """Lanes that remember who was woken, in order."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.woken: list[int] = []

    def take(self, lane: int) -> bool:
        return self.turns.take(lane, lambda: self.woken.append(lane))


@pytest.fixture
def lanes() -> _Lanes:
    return _Lanes(Turns())


def test_one_lane_at_a_time_has_the_turn(lanes: _Lanes) -> None:
    assert lanes.take(0)
    assert not lanes.take(1)
    assert lanes.turns.waits(1)

    lanes.turns.give(0)
    assert lanes.woken == [1]
    assert lanes.take(1)
    assert not lanes.turns.waits(1)


def test_who_has_just_had_the_turn_does_not_take_it_before_one_that_waits(lanes: _Lanes) -> None:
    assert lanes.take(0)
    assert not lanes.take(1)
    lanes.turns.give(0)

    assert not lanes.take(0)
    assert lanes.take(1)


def test_who_has_waited_since_the_longest_turn_ago_is_woken_first(lanes: _Lanes) -> None:
    for lane in (2, 1, 0):
        assert lanes.take(lane)
        lanes.turns.give(lane)
    assert lanes.take(3)
    assert not any(lanes.take(lane) for lane in (0, 1, 2))

    lanes.turns.give(3)
    assert lanes.woken == [2]


def test_a_lane_that_goes_to_its_live_records_holds_nobody_up(lanes: _Lanes) -> None:
    assert lanes.take(0)
    assert not lanes.take(1)
    assert not lanes.take(2)
    lanes.turns.give(0)
    assert lanes.woken == [1]

    lanes.turns.leave(1)
    assert lanes.woken == [1, 2]
    assert lanes.take(2)


def test_a_lane_that_leaves_while_another_has_the_turn_wakes_nobody(lanes: _Lanes) -> None:
    assert lanes.take(0)
    assert not lanes.take(1)
    assert not lanes.take(2)

    lanes.turns.leave(1)
    lanes.turns.leave(1)
    assert lanes.woken == []


async def test_after_a_turn_during_which_live_records_came_in_all_rest() -> None:
    lanes = _Lanes(Turns(rest_part=1.0))
    assert lanes.take(0)
    assert not lanes.take(1)
    lanes.turns.live()
    await asyncio.sleep(0.01)
    lanes.turns.give(0)

    assert not lanes.take(1)
    assert lanes.woken == []
    async with asyncio.timeout(10):
        while not lanes.woken:  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.001)
    assert lanes.take(1)


def test_live_records_that_came_before_a_turn_ask_for_no_rest(lanes: _Lanes) -> None:
    lanes.turns.live()
    assert lanes.take(0)
    lanes.turns.give(0)

    assert lanes.take(1)

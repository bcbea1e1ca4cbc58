from __future__ import annotations

from stream.worker.watchdog import Watchdog


def test_it_bites_when_nothing_moved_for_longer_than_allowed() -> None:
    dog = Watchdog(10)

    assert [dog.stuck(now, {0: 5}, {0: 9}) for now in (0, 10, 10.1)] == [False, False, True]


def test_a_cursor_that_moves_calms_it_even_of_another_partition() -> None:
    dog = Watchdog(10)
    dog.stuck(0, {0: 5, 1: 5}, {0: 9, 1: 9})

    assert not dog.stuck(11, {0: 5, 1: 6}, {0: 9, 1: 9})
    assert not dog.stuck(21, {0: 5, 1: 6}, {0: 9, 1: 9})
    assert dog.stuck(22, {0: 5, 1: 6}, {0: 9, 1: 9})


def test_who_has_nothing_to_do_is_not_stuck() -> None:
    dog = Watchdog(10)
    for now in (0, 100, 200):
        assert not dog.stuck(now, {}, {0: 9})
        assert not dog.stuck(now, {0: 9}, {0: 9})
        assert not dog.stuck(now, {0: 9}, {})

    assert not dog.stuck(205, {0: 9}, {0: 10})
    assert dog.stuck(211, {0: 9}, {0: 10})


def test_a_partition_that_comes_or_goes_calms_it() -> None:
    dog = Watchdog(10)
    dog.stuck(0, {0: 5}, {0: 9})

    assert not dog.stuck(11, {0: 5, 1: 5}, {0: 9})

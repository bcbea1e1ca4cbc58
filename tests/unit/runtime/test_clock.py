from __future__ import annotations

import time

from stream.runtime.clock import Clock, SettableClock, SystemClock


def test_the_system_clock_tells_milliseconds_since_1970() -> None:
    clock: Clock = SystemClock()
    before = int(time.time() * 1000) - 1
    assert before <= clock.now_ms() <= int(time.time() * 1000) + 1


def test_a_settable_clock_stands_still_until_told() -> None:
    clock = SettableClock(5)
    reads: Clock = clock
    assert (reads.now_ms(), reads.now_ms()) == (5, 5)
    clock.advance(10)
    assert reads.now_ms() == 15
    clock.set(3)
    assert reads.now_ms() == 3

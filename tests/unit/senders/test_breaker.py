from __future__ import annotations

import random

from stream.senders.breaker import Breaker
from stream.senders.schedule import Backoff


def breaker(threshold: int = 3) -> Breaker:
    return Breaker(threshold, Backoff(1, 2, 8), random.Random(3))


def test_it_opens_after_failures_in_a_row_of_two_persons() -> None:
    tried = breaker()
    tried.failed("a", 0)
    tried.failed("a", 1)
    assert not tried.open
    tried.failed("b", 2)
    assert tried.open


def test_one_person_alone_never_opens_it() -> None:
    tried = breaker()
    for second in range(100):
        tried.failed("a", second)
    assert not tried.open


def test_a_success_starts_the_count_again() -> None:
    tried = breaker()
    tried.failed("a", 0)
    tried.failed("b", 0)
    assert not tried.succeeded()
    tried.failed("a", 0)
    tried.failed("b", 0)
    assert not tried.open


def test_the_next_probe_waits_longer_up_to_the_longest_and_as_long_as_the_receiver_asks() -> None:
    tried = breaker(2)
    tried.failed("a", 0)
    for number in range(50):
        tried.failed("b", number * 100.0)
        assert 0 <= tried.probe_at - number * 100 <= 8
    tried.failed("b", 9000, hold_seconds=60)
    assert tried.probe_at == 9060


def test_a_success_closes_it_and_says_so_once() -> None:
    tried = breaker(1)
    tried.failed("a", 0)
    tried.failed("b", 0)
    assert tried.succeeded()
    assert not tried.open
    assert not tried.succeeded()

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.senders.breaker import Breaker
from stream.senders.plan import Bounds, Item, Plan
from stream.senders.schedule import Backoff, RetrySchedule
from stream.senders.transition import Notice, Record


class Always:
    """Jitter that always draws the upper bound."""

    def uniform(self, a: float, b: float) -> float:
        return b


def plan(*, concurrency: int = 10, records: int = 100, size: int = 10_000, threshold: int = 1000, horizon: float = 1000) -> Plan:
    schedule = RetrySchedule(Backoff(10, 2, 80), horizon, retry_after_longest_seconds=500)
    return Plan(Bounds(concurrency, records, size), schedule, Breaker(threshold, Backoff(1, 2, 8), Always()), Always())


def item(person: str, offset: int = 0, size: int = 10) -> Item:
    record = Record(0, offset, person.encode(), b"x" * size, 0, 0, "t")
    return Item(record, Notice(f"tr_{offset}", person, "s", "enter", "event", silent=False))


def test_a_person_s_transitions_are_attempted_one_after_another() -> None:
    tried = plan()
    first, second = item("a", 1), item("a", 2)
    tried.add(first)
    tried.add(second)

    assert tried.take(0) is first
    assert tried.take(0) is None
    tried.delivered(first, 0)
    assert tried.take(0) is second


def test_different_persons_are_attempted_at_once_up_to_the_concurrency() -> None:
    tried = plan(concurrency=2)
    for number in range(3):
        tried.add(item(f"p{number}", number))

    assert [tried.take(0) is not None for _ in range(3)] == [True, True, False]
    assert tried.next_time(0) is None


def test_a_retry_holds_back_its_person_and_nobody_else_and_takes_no_slot() -> None:
    tried = plan(concurrency=1)
    stuck, behind, other = item("a", 1), item("a", 2), item("b", 3)
    for each in (stuck, behind, other):
        tried.add(each)
    assert tried.take(0) is stuck
    assert tried.failed(stuck, 0, receiver_down=True)

    assert tried.take(0) is other
    tried.delivered(other, 0)
    tried.committed(1)
    assert tried.take(9.9) is None
    assert tried.next_time(9.9) == 10
    assert tried.take(10) is stuck
    tried.delivered(stuck, 10)
    tried.committed(1)
    assert tried.take(10) is behind


def test_what_is_not_committed_takes_a_slot() -> None:
    tried = plan(concurrency=2)
    items = [item(f"p{number}", number) for number in range(4)]
    for each in items:
        tried.add(each)
    for each in items[:2]:
        assert tried.take(0) is each
        tried.delivered(each, 0)

    assert tried.take(0) is None
    assert tried.next_time(0) is None
    tried.committed(1)
    assert tried.take(0) is items[2]
    assert tried.take(0) is None


def test_after_the_horizon_it_is_given_up_and_the_next_of_the_person_follows() -> None:
    tried = plan(horizon=25)
    stuck, behind = item("a", 1), item("a", 2)
    tried.add(stuck)
    tried.add(behind)
    times = []
    now = 0.0
    while tried.take(now) is stuck:
        times.append(now)
        if not tried.failed(stuck, now, receiver_down=False):
            break
        now = tried.next_time(now) or now
    assert times == [0, 10, 25]
    assert tried.take(now) is None
    tried.remove(stuck)
    assert tried.take(now) is behind


def test_retry_after_is_obeyed_even_when_the_breaker_closes() -> None:
    tried = plan(threshold=2)
    held, other, third = item("a", 1), item("b", 2), item("c", 3)
    for each in (held, other):
        tried.add(each)
    tried.take(0)
    tried.take(0)
    tried.failed(held, 0, receiver_down=True, retry_after_seconds=300)
    tried.failed(other, 0, receiver_down=True)
    assert tried.breaker.open
    tried.add(third)
    assert tried.take(5) is third
    tried.delivered(third, 5)

    assert not tried.breaker.open
    assert tried.take(5) is other, "what waits is due at once when the receiver is back"
    assert tried.take(299) is None
    assert tried.take(300) is held


def test_while_the_breaker_is_open_one_attempt_at_a_time_asks_and_even_before_its_due_time() -> None:
    tried = plan(threshold=2)
    items = [item(name, number) for number, name in enumerate("abcd")]
    for each in items:
        tried.add(each)
    taken = [tried.take(0) for _ in range(2)]
    for failing in taken:
        assert failing is not None
        tried.failed(failing, 0, receiver_down=True)
    assert tried.breaker.open

    assert tried.take(0.5) is None
    assert tried.next_time(0.5) == 1
    assert tried.take(1) is items[2]
    assert tried.take(100) is None, "one at a time"
    tried.failed(items[2], 1, receiver_down=True)
    assert tried.take(3) is items[3]
    tried.failed(items[3], 3, receiver_down=True)
    assert tried.take(7) in items[:2], "all are waiting for later, and yet one asks"


def test_a_refusal_of_one_transition_says_nothing_about_the_receiver() -> None:
    tried = plan(threshold=1)
    for number in range(5):
        tried.add(item(f"p{number}", number))
        taken = tried.take(0)
        assert taken is not None
        tried.failed(taken, 0, receiver_down=False)
    assert not tried.breaker.open


def test_the_room_is_bounded_in_records_and_in_bytes() -> None:
    tried = plan(records=3, size=100)
    tried.add(item("a", 1))
    assert tried.room == 2
    tried.add(item("a", 2, size=95))
    assert tried.room == 0
    first = tried.take(0)
    assert first is not None
    tried.delivered(first, 0)
    assert tried.room == 2


@settings(max_examples=300)
@given(st.data(), st.integers(1, 5), st.integers(1, 6))
def test_whatever_the_receiver_answers_each_is_attempted_in_order_per_person_and_all_end(  # noqa: C901 - one walk
    data: Any, concurrency: int, threshold: int
) -> None:
    tried = plan(concurrency=concurrency, threshold=threshold, horizon=60)
    chance = random.Random(data.draw(st.integers()))
    everything = [item(f"p{chance.randrange(4)}", number) for number in range(chance.randrange(25))]
    todo, under_way, ended = list(everything), list[Item](), list[Item]()
    now = 0.0
    for _ in range(20_000):
        if chance.random() < 0.5:
            tried.committed(tried.uncommitted)
        if todo and chance.random() < 0.5:
            tried.add(todo.pop(0))
        taken = tried.take(now)
        if taken is not None:
            under_way.append(taken)
            assert len(under_way) + tried.uncommitted <= concurrency
            assert len({each.notice.person for each in under_way}) == len(under_way)
        if under_way and (taken is None or chance.random() < 0.5):
            each = under_way.pop(chance.randrange(len(under_way)))
            if chance.random() < 0.4:
                tried.delivered(each, now)
                ended.append(each)
            elif not tried.failed(each, now, receiver_down=chance.random() < 0.8, retry_after_seconds=chance.choice([None, 5, 5000])):
                tried.remove(each)
                ended.append(each)
        elif taken is None:
            following = tried.next_time(now)
            if following is None and not todo and not tried.uncommitted:
                break
            now = max(now, following or now)
    assert len(ended) == len(everything)
    assert len(tried) == tried.attempting == 0
    for person in {each.notice.person for each in everything}:
        assert [each for each in ended if each.notice.person == person] == [each for each in everything if each.notice.person == person]

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagging.recent import ENTRY_BYTES, KEPT_MAX, id_hash, prune, remember, seen
from tests.unit.tagging.made import DAY, T

HOUR = 3_600_000


class Person:
    """A list and the clock of its newest entry, beside what the contract says they mean."""

    def __init__(self, window_ms: int) -> None:
        self.window_ms = window_ms
        self.packed = b""
        self.newest_at = 0
        self.applied: list[tuple[str, int]] = []

    def repeats(self, event_id: str, clock: int) -> bool:
        return seen(self.packed, self.newest_at, id_hash(event_id), clock, self.window_ms)

    def should_repeat(self, event_id: str, clock: int) -> bool:
        return any(name == event_id and clock - at < self.window_ms for name, at in self.applied[-KEPT_MAX:])

    def apply(self, event_id: str, clock: int) -> None:
        self.packed = remember(self.packed, self.newest_at, id_hash(event_id), clock, self.window_ms)
        self.newest_at = clock
        self.applied.append((event_id, clock))

    def entries(self) -> int:
        assert len(self.packed) % ENTRY_BYTES == 0
        return len(self.packed) // ENTRY_BYTES


def test_an_id_is_known_for_less_than_the_window() -> None:
    person = Person(HOUR)
    person.apply("m-1", T)

    assert person.repeats("m-1", T)
    assert person.repeats("m-1", T + HOUR - 1)
    assert not person.repeats("m-1", T + HOUR)
    assert not person.repeats("m-2", T)


def test_nobody_has_seen_anything_at_first() -> None:
    assert not seen(b"", 0, id_hash("m-1"), T, HOUR)
    assert prune(b"", 0, T, HOUR) == b""


def test_the_newest_256_are_kept_and_no_more() -> None:
    person = Person(HOUR)
    for number in range(600):
        person.apply(f"m-{number}", T + number)
        assert person.entries() == min(number + 1, KEPT_MAX)

    assert [number for number in range(600) if person.repeats(f"m-{number}", T + 600)] == list(range(600 - KEPT_MAX, 600))
    assert KEPT_MAX == 256


def test_pruning_drops_exactly_what_left_the_window() -> None:
    person = Person(HOUR)
    for number in range(5):
        person.apply(f"m-{number}", T + number * 10)

    for clock, left in ((T + 40, 5), (T + HOUR - 1, 5), (T + HOUR, 4), (T + HOUR + 9, 4), (T + HOUR + 39, 1), (T + HOUR + 40, 0)):
        assert len(prune(person.packed, person.newest_at, clock, HOUR)) == left * ENTRY_BYTES


def test_a_match_across_two_entries_is_no_match() -> None:
    """The search is over bytes: half of one entry and half of the next can look like an id."""
    person = Person(HOUR)
    person.apply("m-1", T)
    person.apply("m-2", T + 1)
    for start in range(1, ENTRY_BYTES):
        across = person.packed[start : start + 8]
        assert not seen(person.packed, person.newest_at, across, T + 2, HOUR)


def test_an_id_behind_a_match_across_two_entries_is_found() -> None:
    person = Person(HOUR)
    person.apply("m-1", T)
    hidden = person.packed[4:12]
    packed = remember(person.packed, T, hidden, T + 1, HOUR)

    assert packed.find(hidden) == 4
    assert seen(packed, T + 1, hidden, T + 2, HOUR)
    assert not seen(packed, T + 1, hidden, T + 1 + HOUR, HOUR)


def test_times_wrap_without_a_gap() -> None:
    wrap = (T // 2**32 + 1) * 2**32
    person = Person(HOUR)
    person.apply("before", wrap - 1)
    person.apply("after", wrap + 1)

    assert person.repeats("before", wrap + HOUR - 2)
    assert not person.repeats("before", wrap + HOUR - 1)
    assert person.repeats("after", wrap + HOUR)


def test_an_id_that_is_two_windows_old_is_not_taken_for_a_young_one() -> None:
    """2³² ms are less than two windows of 28 days: an entry's age counts from the newest entry, not from the clock."""
    person = Person(28 * DAY)
    person.apply("old", T)
    person.apply("young", T + 27 * DAY)

    assert not person.repeats("old", T + 50 * DAY)
    assert person.repeats("young", T + 50 * DAY)
    person.apply("newest", T + 50 * DAY)
    assert person.entries() == 2


@pytest.mark.parametrize("window_ms", [1, 1_000, HOUR, DAY, 28 * DAY])
def test_over_a_long_time_every_id_counts_as_the_contract_says(window_ms: int) -> None:
    lots = random.Random(window_ms)
    person = Person(window_ms)
    clock = T
    for _ in range(1_500):
        clock += int(lots.choice([0, 0.001, 0.01, 0.1, 0.5, 0.99, 1, 1.5]) * window_ms * lots.random()) + lots.randrange(2)
        event_id = f"m-{lots.randrange(400)}"
        assert person.repeats(event_id, clock) is person.should_repeat(event_id, clock)
        if not person.repeats(event_id, clock):
            person.apply(event_id, clock)
        assert person.entries() <= KEPT_MAX


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 40 * DAY)), max_size=12), st.integers(1, 28 * DAY))
def test_repeats_are_those_applied_less_than_the_window_ago(steps: list[tuple[str, int]], window_ms: int) -> None:
    person = Person(window_ms)
    clock = T
    for event_id, waited in steps:
        clock += waited
        assert person.repeats(event_id, clock) is person.should_repeat(event_id, clock)
        if not person.should_repeat(event_id, clock):
            person.apply(event_id, clock)


def test_hashes_are_eight_bytes_and_differ() -> None:
    hashes = {id_hash(f"m-{number}") for number in range(10_000)} | {id_hash("消息")}

    assert len(hashes) == 10_001
    assert {len(hashed) for hashed in hashes} == {8}

"""What a comparison says of a topic that is right, and of one that is wrong in each way."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.transition import Transition, iso_time
from stream.replay.difference import Comparer, Difference, Waiting, milliseconds

T = 1_764_000_000_000
ENTERED = Transition("user:ann", "ann", None, "hot", T, 1, T + 5, "event", 1, event_id="m-1", leaves_at=T + 90)
LEFT = Transition("user:ann", "ann", None, "hot", T, 2, T + 90, "time", 1)
BOTH = [ENTERED, LEFT]


@dataclass
class Story:
    """A replay that ended at the clock T + 100, and what was found on the topic."""

    replayed: list[Transition] = field(default_factory=lambda: list(BOTH))
    waiting: Waiting = field(default_factory=Waiting)
    moved: bool = True

    def judge(self, *published: Transition | bytes) -> Difference:
        comparer = Comparer()
        lines = [transition.to_json() for transition in self.replayed]
        for transition, line in zip(self.replayed, lines, strict=True):
            comparer.add_replayed(transition, line)
        for each in published:
            value = each if isinstance(each, bytes) else each.to_json()
            comparer.add_published(json.loads(value), value, T + 100)
        if not self.moved:
            comparer.later_is_unexpected()
        return comparer.finish(lines, self.waiting)


def test_the_same_transitions_are_no_difference() -> None:
    difference = Story().judge(*BOTH)

    assert difference.is_empty
    assert difference.same == 2


def test_a_record_that_stands_twice_is_counted_and_allowed() -> None:
    difference = Story().judge(ENTERED, ENTERED, LEFT, LEFT)

    assert difference.is_empty
    assert (difference.same, difference.repeated) == (2, 2)


def test_what_was_not_published_is_missing() -> None:
    difference = Story().judge(ENTERED)

    assert not difference.is_empty
    assert difference.missing == 1
    assert difference.missing_examples == [json.loads(LEFT.to_json())]


@pytest.mark.parametrize("change", [{"timestamp": T + 89}, {"cause": "event"}, {"definitions": 2}, {"leaves_at": T + 91}])
def test_other_content_at_the_same_place_differs(change: dict[str, Any]) -> None:
    other = replace(LEFT, **change)
    difference = Story().judge(ENTERED, other)

    assert difference.differing == 1
    assert difference.differing_examples == [(json.loads(LEFT.to_json()), json.loads(other.to_json()))]
    assert not difference.missing


def test_a_second_record_at_a_place_must_be_the_first_again() -> None:
    assert Story().judge(ENTERED, LEFT, replace(LEFT, timestamp=T + 89)).differing == 1


def test_other_bytes_of_the_same_json_do_not_differ() -> None:
    spaced = json.dumps(json.loads(LEFT.to_json()), indent=1, sort_keys=True).encode()

    assert Story().judge(ENTERED, spaced).is_empty


def test_what_the_log_does_not_yield_is_unexpected() -> None:
    forged = replace(LEFT, sequence=3, timestamp=T + 95)
    difference = Story().judge(*BOTH, forged)

    assert difference.unexpected == 1
    assert difference.unexpected_examples == [json.loads(forged.to_json())]


@pytest.mark.parametrize("moved", [True, False])
def test_what_came_after_the_replays_end_is_later_only_if_the_lane_has_moved_on(moved: bool) -> None:
    difference = Story(moved=moved).judge(*BOTH, replace(LEFT, sequence=3, timestamp=T + 100))

    assert (difference.later, difference.unexpected) == ((1, 0) if moved else (0, 1))


@pytest.mark.parametrize(
    ("waiting", "pending"),
    [
        (Waiting(), 0),
        (Waiting(frozenset({LEFT.id})), 1),
        (Waiting(earliest_due_ms=T + 90), 1),
        (Waiting(earliest_due_ms=T + 91), 0),
        (Waiting(sweeping=True), 1),
    ],
)
def test_missing_is_pending_only_where_the_lanes_books_say_so(waiting: Waiting, pending: int) -> None:
    difference = Story(waiting=waiting).judge(ENTERED)

    assert (difference.pending, difference.missing) == (pending, 1 - pending)


def test_what_an_event_causes_is_never_waiting_for_a_due_time() -> None:
    assert Story(waiting=Waiting(earliest_due_ms=0)).judge(LEFT).missing == 1


def test_differences_add_up() -> None:
    total = Difference()
    total.add(Story().judge(ENTERED))
    total.add(Story().judge(*BOTH))

    assert (total.same, total.missing, len(total.missing_examples)) == (3, 1, 1)


@pytest.mark.parametrize("moment", [0, 999, T + 123, 253_402_300_799_999])
def test_a_timestamp_is_read_to_the_millisecond(moment: int) -> None:
    assert milliseconds({"timestamp": iso_time(moment)}) == moment

"""The commit of a batch: what is written, and what is not."""

from __future__ import annotations

from schemas.transition import Transition
from stream.store.layout import SLICE_PEOPLE
from stream.store.port import unpack_header
from stream.worker.memory import Changes, LaneMemory, Working, begin, build_commit
from tagging.codec import unpack
from tagging.person import Person
from tagging.state import new_person
from tests.unit.worker.made import T, memory


def working(number: int, due: int | None, before: int | None = None, *, is_new: bool = False, changed: bool = True) -> Working:
    state = new_person(f"user:u{number}", number, T, 1)
    state.due = due
    return Working(b"digest-%05d" % number, Person(state), None if before is None else T + before, is_new, changed)


def changes_of(lane: LaneMemory) -> Changes:
    changes = begin(lane)
    changes.cursor += 3
    changes.clock = T + 500
    return changes


def test_the_header_after_a_batch_counts_on() -> None:
    lane = memory(number=7, cursor=40, clock=T, people=2, applied=100, duplicates=5, dead_letters=1, transitions=9, swept=2, epoch=3)
    changes = changes_of(lane)
    changes.people, changes.applied, changes.duplicates, changes.dead_letters = 4, 6, 1, 2
    changes.transitions = [Transition("user:u1", "u1", None, "s", T, 1, T, "event", 1)]

    commit, after = build_commit(lane, changes, [], {}, 3, [b"entry"])

    assert (after.number, after.cursor, after.clock, after.people) == (8, 43, T + 500, 4)
    assert (after.applied, after.duplicates, after.dead_letters, after.transitions, after.swept, after.epoch) == (106, 6, 3, 10, 2, 3)
    assert (commit.before, unpack_header(commit.after)) == (lane.packed, after)
    assert (commit.outbox, commit.published) == ([b"entry"], 3)


def test_a_sweep_that_went_on_is_in_the_header_and_so_are_switches() -> None:
    lane = memory(swept=2)
    changes = changes_of(lane)
    changes.swept = 0

    assert build_commit(lane, changes, [], {}, 0, [])[1].swept == 0
    assert build_commit(lane, changes, [], {}, 0, [])[1].switches == lane.history.switches


def test_only_people_that_changed_are_written() -> None:
    lane = memory()
    commit, _ = build_commit(lane, changes_of(lane), [working(1, 5), working(2, 5, changed=False)], {}, 0, [])

    assert [(digest, unpack(packed).id) for digest, packed in commit.persons] == [(b"digest-00001", "user:u1")]


def test_a_new_person_is_entered_with_or_without_a_due_time() -> None:
    lane = memory()
    commit, _ = build_commit(lane, changes_of(lane), [working(1, 5, is_new=True), working(2, None, is_new=True)], {}, 0, [])

    assert commit.new_people == [(1, b"digest-00001", T + 5), (2, b"digest-00002", None)]
    assert (commit.dues, commit.slices) == ([], [(0, T + 5)])


def test_an_entry_is_written_when_a_due_time_falls_and_not_when_it_rises() -> None:
    lane = memory()
    people = [working(1, 5, before=9), working(2, 9, before=5), working(3, 5, before=5), working(4, None, before=5), working(5, 7)]
    commit, _ = build_commit(lane, changes_of(lane), people, {}, 0, [])

    assert commit.dues == [(1, T + 5), (5, T + 7)]
    assert commit.slices == [(0, T + 5)]


def test_a_slices_bound_is_written_when_it_falls() -> None:
    lane = memory(bounds={0: T + 4, 1: T + 9})
    people = [working(1, 5, is_new=True), working(SLICE_PEOPLE, 5, is_new=True), working(2 * SLICE_PEOPLE + 3, 6, is_new=True)]
    commit, _ = build_commit(lane, changes_of(lane), people, {}, 0, [])

    assert commit.slices == [(1, T + 5), (2, T + 6)]
    assert [lane.dues.bound(number) for number in range(3)] == [T + 4, T + 5, T + 6]


def test_a_bound_that_is_known_exactly_may_rise_or_go() -> None:
    lane = memory(bounds={0: T + 4, 1: T + 4})
    commit, _ = build_commit(lane, changes_of(lane), [], {0: T + 30, 1: None}, 0, [])

    assert commit.slices == [(0, T + 30), (1, None)]
    assert [lane.dues.bound(number) for number in range(2)] == [T + 30, None]


def test_a_person_due_earlier_lowers_a_bound_that_is_known_exactly() -> None:
    lane = memory(bounds={0: T + 1, 1: T + 1, 2: T + 1})
    people = [working(1, 7, is_new=True), working(SLICE_PEOPLE, 7, is_new=True), working(2 * SLICE_PEOPLE, 7, is_new=True)]
    commit, _ = build_commit(lane, changes_of(lane), people, {0: None, 1: T + 9, 2: T + 5}, 0, [])

    assert commit.slices == [(0, T + 7), (1, T + 7), (2, T + 5)]

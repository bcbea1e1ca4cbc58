"""Forgetting whoever was inactive for too long, as one lane does it: before a record, in a sweep, in a filling, told by another lane."""

from __future__ import annotations

import pytest

from schemas.definitions.bundle import next_bundle
from schemas.definitions.identity_model import IdentityRules
from schemas.definitions.parse import parse_files
from schemas.identities import IdentityPolicy
from schemas.identity_records import Edge, ForgetRecord, identity_value
from schemas.internal import CLOCK_HEADERS, CLOCK_VALUE, HEADER, list_value, read_internal
from segments.history import History
from stream.kafka.port import StoredRecord
from stream.store.layout import NOBODY, person_digest, shadow_digest
from stream.store.memory import MemoryStateStore
from stream.store.port import Filling, unpack_header
from stream.worker.batch import BatchStep, IntakeReader
from stream.worker.fill import Filler
from stream.worker.fill_merges import Known
from stream.worker.memory import Changes, LaneMemory, begin, build_commit
from stream.worker.outbox import unpack_entry
from stream.worker.people import People
from stream.worker.sweep import Sweeper
from tests.unit.worker.made import HOUR, ONE, T, memory, record, viewed

FORGETS = next_bundle(
    ONE, parse_files({"a.yaml": "settings: {forget_after: 1h}\nsegments: [{id: seen, when: {event: viewed, within: 1h}}]"})
)
COUNTS = next_bundle(
    FORGETS,
    parse_files({"a.yaml": "settings: {forget_after: 1h}\nsegments: [{id: twice, when: {event: viewed, count: {gte: 2}}}]"}),
)
POLICY = IdentityPolicy(IdentityRules())
U1, ANON = person_digest("user:u1"), person_digest("anon:a")


def lane() -> LaneMemory:
    held = memory()
    held.history = History({2: FORGETS}, ((2, T),))
    return held


def run(*records: StoredRecord, on: LaneMemory | None = None, pointers: dict[bytes, str] | None = None) -> tuple[Changes, People]:
    held = on or lane()
    intake, changes = IntakeReader().read(records, POLICY), begin(held)
    people = People(held, changes, {}, pointers or {})
    BatchStep(held, changes, people, {}).run(intake)
    assert intake.dead_letters == []
    return changes, people


def told(changes: Changes) -> list[tuple[str, int, int, str]]:
    return [(one.segment, one.incarnation - T, one.timestamp - T, one.cause) for one in changes.transitions]


def test_who_comes_back_is_another_who_knows_nothing_of_before() -> None:
    changes, people = run(viewed(0, 0), viewed(1, HOUR + 1, traits={"new": 1}))

    assert told(changes) == [("seen", 0, 0, "event"), ("seen", 0, HOUR, "erasure"), ("seen", HOUR + 1, HOUR + 1, "event")]
    (state,) = [one.person.state for one in people.working.values()]
    assert (state.incarnation, state.number) == (T + HOUR + 1, 1)
    commit, after = build_commit(lane(), changes, people.all(), {}, 0, [])
    assert ([digest for digest, _ in commit.persons], commit.gone, commit.tombstones) == ([U1], [shadow_digest(U1)], [])
    assert (commit.new_people[0], commit.new_people[1][:2]) == ((0, NOBODY, None), (1, U1))
    assert after.forgotten == unpack_header(commit.after).forgotten == 1


@pytest.mark.parametrize("last", [HOUR - 1, HOUR])
def test_who_comes_back_in_time_is_the_same(last: int) -> None:
    changes, people = run(viewed(0, 0), viewed(1, last), viewed(2, last + HOUR))

    assert [one.person.state.incarnation for one in people.working.values()] == [T]
    assert changes.forgotten == 0


def test_the_new_incarnation_begins_at_the_clock_whatever_the_append_time() -> None:
    """The broker's clock may go back, but two incarnations of one person must never be taken for each other."""
    _, people = run(viewed(0, 0), record(1, HOUR + 5, CLOCK_VALUE, CLOCK_HEADERS), viewed(2, 0))

    assert [one.person.state.incarnation - T for one in people.all()] == [0, HOUR + 5]


def test_a_list_that_no_longer_names_a_forgotten_person_makes_nobody_of_it() -> None:
    value = list_value("vip", 1, "user:u1", named=False)
    changes, people = run(viewed(0, 0), record(1, 2 * HOUR, value, ((HEADER, b"list"),)))

    assert (people.working, changes.forgotten) == ({}, 1)


def linked(held: LaneMemory) -> tuple[Changes, People]:
    """Somebody with two joined ids and one that was only asked for."""
    changes, people = run(viewed(0, 0), on=held)
    (working,) = people.working.values()
    known = working.person.identities()
    known.join(Edge("user:u1", "anon:a", T, "", "viewed"))
    known.ask("anon:b", T)
    working.person.keep_identities()
    return changes, people


def test_the_lanes_of_joined_ids_hear_of_it_and_those_of_ids_asked_for_do_not() -> None:
    held = lane()
    changes, people = linked(held)
    changes.clock = T + 2 * HOUR

    assert people.held(U1) is None
    (message,) = [message for _, message in map(unpack_entry, changes.internal)]
    assert read_internal(message.value) == ForgetRecord(origin=0, number=1, to="anon:a", ids=("user:u1", "anon:a"))
    assert (message.key, message.headers) == (b"anon:a", ((HEADER, b"forget"),))


def forgotten(number: int, *ids: str) -> StoredRecord:
    said = ForgetRecord(origin=0, number=number, to="anon:a", ids=ids)
    return record(number - 1, number, identity_value(said), ((HEADER, b"forget"),))


def test_the_lane_of_another_id_drops_its_pointer_and_only_that_pointer() -> None:
    changes, _ = run(forgotten(1, "user:u1", "anon:a"), pointers={ANON: "user:u1"})
    assert (changes.pointers, changes.tombstones, changes.erased_ms, changes.gone) == ({ANON: None}, {}, 0, [shadow_digest(ANON)])

    changes, _ = run(forgotten(1, "user:u1", "anon:a"), pointers={ANON: "user:u2"})
    assert changes.pointers == {}


def test_it_is_heard_of_once() -> None:
    changes, people = run(forgotten(1, "user:u1"), pointers={ANON: "user:u1"})
    people.pointers[ANON] = "user:u1"
    BatchStep(people.memory, changes, people, {}).run(IntakeReader().read([forgotten(1, "user:u1")], POLICY))

    assert (people.pointers, changes.repeated) == ({ANON: "user:u1"}, 1)


async def stored(held: LaneMemory, *records: StoredRecord) -> MemoryStateStore:
    store = MemoryStateStore()
    store._of(0).header = held.packed
    changes, people = run(*records, on=held)
    commit, after = build_commit(held, changes, people.all(), {}, 0, [])
    await store.commit(0, commit)
    held.header, held.packed = after, commit.after
    return store


async def test_a_sweep_forgets_and_says_so_without_any_record() -> None:
    held = lane()
    store = await stored(held, viewed(0, 0), viewed(1, 3 * HOUR, "u2"))
    changes = begin(held)

    result = await Sweeper(store, held).due(held.dues.ready(changes.clock, 1), changes)

    assert told(changes) == [("seen", 0, HOUR, "erasure")]
    assert (changes.forgotten, [one.is_absorbed for one in result.working.values()]) == (1, [True])
    commit, _ = build_commit(held, changes, result.working.values(), result.bounds, 0, [])
    commit.dues += result.index_only
    await store.commit(0, commit)
    assert await store.persons(0, [U1, person_digest("user:u2")]) != [None, None]
    assert await store.persons(0, [U1]) == [None]
    assert bytes(store._of(0).slices[0][:18]) == bytes(18)


def filled(*records: StoredRecord, begun: dict[bytes, int] | None) -> list[tuple[bytes, bytes]]:
    filler = Filler(lane(), FORGETS, COUNTS, {2: FORGETS, 3: COUNTS})
    assert filler.forgets
    intake = filler.read(records)
    filling = Filling(3, 2, len(records), settings=2, began=7)
    return filler.run(filling, intake, Known(dict.fromkeys(intake.digests), begun=begun)).shadows


def test_a_filling_passes_over_what_was_before_an_incarnation_and_over_whoever_is_no_more() -> None:
    records = (viewed(0, 0), viewed(1, HOUR), viewed(2, 3 * HOUR), viewed(3, 3 * HOUR, "u2"))
    (both,) = filled(*records[:2], begun={U1: T})
    assert filled(*records, begun={}) == []
    (mine,) = filled(*records, begun={U1: T + 3 * HOUR})
    (alone,) = filled(viewed(0, 3 * HOUR), begun={U1: T + 3 * HOUR})

    assert mine == alone != both
    assert mine[0] == shadow_digest(U1)


def test_without_the_setting_a_filling_asks_for_no_incarnations() -> None:
    assert not Filler(memory(), ONE, next_bundle(ONE, parse_files({"a.yaml": "segments: []"})), {1: ONE}).forgets

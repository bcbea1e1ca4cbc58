"""Erasing a person, as one lane does it: in a batch, in a filling, and against what is said belatedly."""

from __future__ import annotations

from msgspec import Raw

from schemas.definitions.bundle import next_bundle
from schemas.definitions.identity_model import IdentityRules
from schemas.definitions.parse import parse_files
from schemas.identities import IdentityPolicy
from schemas.identity_records import ErasedRecord, ForwardRecord, ListedRecord, identity_value
from schemas.internal import ERASE_HEADERS, HEADER, erase_value, read_internal
from schemas.routing import partition_of
from stream.kafka.port import StoredRecord
from stream.store.layout import NOBODY, person_digest, shadow_digest
from stream.store.port import Commit, Filling, Tombstone, unpack_header
from stream.worker.batch import BatchStep, Intake, IntakeReader
from stream.worker.fill import Filler
from stream.worker.fill_merges import Known
from stream.worker.memory import Changes, LaneMemory, Working, begin, build_commit
from stream.worker.outbox import unpack_entry
from stream.worker.people import People
from tests.unit.worker.made import BUNDLES, ONE, T, memory, record, viewed

POLICY = IdentityPolicy(IdentityRules())
U1 = person_digest("user:u1")


def erase(offset: int, at: int, person: str = "user:u1") -> StoredRecord:
    return record(offset, at, erase_value(person), ERASE_HEADERS)


def hop(offset: int, at: int, said: ErasedRecord | ForwardRecord | ListedRecord, kind: bytes) -> StoredRecord:
    return record(offset, at, identity_value(said), ((HEADER, kind),))


def forwarded(offset: int, at: int, said_ms: int, number: int = 1) -> StoredRecord:
    event = Raw(viewed(0, 0, "u1").value or b"")
    said = ForwardRecord(origin=0, number=number, to="user:u1", event_ms=T, event=event, said_ms=T + said_ms)
    return hop(offset, at, said, b"forward")


def run(*records: StoredRecord, lane: LaneMemory | None = None, pointers: dict[bytes, str] | None = None) -> tuple[Changes, Intake, People]:
    lane = lane or memory()
    intake, changes = IntakeReader().read(records, POLICY), begin(lane)
    people = People(lane, changes, {}, pointers or {})
    BatchStep(lane, changes, people, BUNDLES).run(intake)
    return changes, intake, people


def committed(changes: Changes, touched: list[Working]) -> Commit:
    return build_commit(memory(), changes, touched, {}, 0, [])[0]


def test_who_is_erased_leaves_each_segment_and_nothing_of_the_person_is_kept() -> None:
    changes, _, people = run(viewed(0, 0), erase(1, 5))

    assert [(one.segment, one.sequence, one.cause) for one in changes.transitions[2:]] == [("ever", 2, "erasure"), ("seen", 2, "erasure")]
    assert sorted(changes.members[2:]) == [(1, 0, False), (2, 0, False)]
    commit = committed(changes, people.all())
    assert (commit.persons, commit.gone) == ([], [shadow_digest(U1), U1])
    assert (commit.new_people[-1], commit.tombstones) == ((0, NOBODY, None), [(U1, Tombstone(1, T + 5))])
    assert unpack_header(commit.after).erased_ms == T + 5


def test_who_comes_again_in_the_same_batch_is_another_incarnation_even_in_the_same_millisecond() -> None:
    changes, _, people = run(viewed(0, 5), erase(1, 5), viewed(2, 5), viewed(3, 9, "u2"))

    assert [one.person.state.incarnation - T for one in people.all()] == [5, 6, 9]
    assert [(one.person, one.incarnation - T, one.sequence) for one in changes.transitions if one.segment == "ever"] == [
        ("user:u1", 5, 1),
        ("user:u1", 5, 2),
        ("user:u1", 6, 1),
        ("user:u2", 9, 1),
    ]
    commit = committed(changes, people.all())
    assert [digest for digest, _ in commit.persons] == [U1, person_digest("user:u2")]
    assert U1 not in commit.gone


def test_an_id_that_nobody_has_is_buried_all_the_same_and_one_of_another_partition_is_refused() -> None:
    changes, intake, _ = run(erase(0, 5))
    assert (changes.transitions, list(changes.tombstones), intake.dead_letters) == ([], [U1], [])

    stranger = next(f"user:u{number}" for number in range(99) if partition_of(f"user:u{number}", 8) != 0)
    changes, intake, _ = run(erase(0, 5, stranger), lane=memory(partitions=8))
    assert [letter.rejected.reason.code for letter in intake.dead_letters] == ["wrong-partition"]
    assert (changes.tombstones, changes.erased_ms) == ({}, 0)


def test_an_id_that_stands_for_somebody_else_passes_the_erasure_on() -> None:
    changes, _, _ = run(erase(0, 5), pointers={U1: "user:boss"})

    ((_, message),) = map(unpack_entry, changes.internal)
    assert read_internal(message.value) == ErasedRecord(origin=0, number=1, to="user:boss", hops=1)
    assert (message.headers, changes.tombstones) == (((HEADER, b"erased"),), {})


def test_a_pointer_goes_if_it_leads_to_the_erased_person_by_any_of_its_ids() -> None:
    said = ErasedRecord(origin=0, number=1, to="user:u1", ids=("user:boss", "user:u1"))
    gone, _, people = run(hop(0, 5, said, b"erased"), viewed(1, 6), pointers={U1: "user:boss"})
    assert (gone.pointers, list(gone.tombstones)) == ({U1: None}, [U1])
    assert [one.person.state.id for one in people.all()] == ["user:u1"]

    kept, _, _ = run(hop(0, 5, said, b"erased"), pointers={U1: "user:another"})
    assert (kept.pointers, kept.tombstones) == ({}, {})


def test_what_was_said_before_the_erasure_brings_nobody_back_and_what_was_said_after_it_does() -> None:
    listed = ListedRecord(origin=0, number=2, to="user:u1", id="anon:a", list="vip", version=1, named=True, said_ms=T + 5)
    changes, _, people = run(erase(0, 5), forwarded(1, 6, 5), hop(2, 7, listed, b"listed"))
    assert (people.all(), changes.received) == ([], [2])

    _, _, people = run(erase(0, 5), forwarded(1, 7, 6))
    assert [one.person.state.incarnation for one in people.all()] == [T + 7]


def test_a_filling_passes_over_what_came_before_the_erasure() -> None:
    counting = next_bundle(ONE, parse_files({"a.yaml": "segments: [{id: often, when: {event: viewed, count: {gte: 2}}}]"}))
    filler = Filler(memory(), ONE, counting, {1: ONE, 2: counting})
    records = [viewed(0, 0), viewed(1, 1, "u2"), forwarded(2, 2, 2), viewed(9, 9)]

    def filled(erased: dict[bytes, Tombstone]) -> tuple[int, set[bytes]]:
        done = filler.run(Filling(2, 1, 10, 0, 0, 1, began=4), filler.read(records), Known({}, {}, erased))
        assert done.filling.cursor == 10
        return len(done.shadows), {digest for digest, _ in done.shadows}

    u2 = shadow_digest(person_digest("user:u2"))
    assert filled({}) == (2, {shadow_digest(U1), u2})
    assert filled({U1: Tombstone(10, T + 9)}) == (1, {u2})
    assert filled({U1: Tombstone(9, T + 9)}) == (2, {shadow_digest(U1), u2})


def test_a_filling_passes_over_what_comes_late_and_reads_on_behind_it() -> None:
    counting = next_bundle(ONE, parse_files({"a.yaml": "segments: [{id: often, when: {event: viewed, count: {gte: 2}}}]"}))
    filler = Filler(memory(), ONE, counting, {1: ONE, 2: counting})
    erased = hop(2, 3, ErasedRecord(origin=0, number=2, to="user:u2", ids=("user:u2",)), b"erased")

    def filled(at: int, said: int, tombstone: Tombstone) -> int:
        records = [forwarded(1, 1, 1), erased, erase(3, 3), forwarded(at, at, said, number=3)]
        done = filler.run(Filling(2, 1, 10, 0, 0, 1, began=4), filler.read(records), Known({}, {}, {U1: tombstone}))
        assert done.filling.received == (3,)
        return len(done.shadows)

    assert filled(6, 2, Tombstone(3, T + 3)) == 0
    assert filled(6, 5, Tombstone(3, T + 3)) == 1

from __future__ import annotations

import msgspec
import pytest

from schemas.definitions.identity_model import IdentityRules
from schemas.errors import Rejected
from schemas.event import Event
from schemas.identities import IdentityPolicy
from schemas.identity_records import ForwardRecord
from schemas.internal import CLOCK_HEADERS, CLOCK_VALUE, DEFINITIONS_HEADERS, DefinitionsRecord, definitions_value, read_internal
from schemas.rejection import UNREADABLE_INTERNAL
from schemas.routing import partition_of
from stream.kafka.port import StoredRecord
from stream.store.layout import person_digest
from stream.worker import batch as batch_module
from stream.worker.batch import BatchStep, Intake, IntakeReader, load
from stream.worker.memory import Changes, LaneMemory, Working, begin
from stream.worker.outbox import unpack_entry
from stream.worker.people import People
from tagging.codec import pack
from tagging.person import TRAITS_BYTES_MAX
from tests.unit.worker.made import BUNDLES, HOUR, T, memory, record, viewed

POLICY = IdentityPolicy(IdentityRules())


def clock(offset: int, at: int) -> object:
    return record(offset, at, CLOCK_VALUE, CLOCK_HEADERS)


def activate(offset: int, at: int, version: int) -> object:
    return record(offset, at, definitions_value(version, "activate"), DEFINITIONS_HEADERS)


def run(
    *records: object, lane: LaneMemory | None = None, working: dict[bytes, Working] | None = None
) -> tuple[Changes, Intake, dict[bytes, Working]]:
    lane = lane or memory()
    working = {} if working is None else working
    intake = IntakeReader().read(records, POLICY)  # type: ignore[arg-type]  # protocols of properties and frozen fields do not meet
    changes = begin(lane)
    BatchStep(lane, changes, People(lane, changes, working), BUNDLES).run(intake)
    return changes, intake, working


def reasons(intake: Intake) -> list[tuple[int, str]]:
    return [(letter.record.offset, letter.rejected.reason.code) for letter in intake.dead_letters]


def test_records_become_steps_in_order() -> None:
    records = [viewed(0, 0), clock(1, 1), viewed(2, 2, "u2"), record(3, 3, b"{"), activate(4, 4, 2), viewed(5, 5)]
    records.append(record(6, 6, definitions_value(3, "prepare"), DEFINITIONS_HEADERS))
    records.append(record(7, 7, b"{}", CLOCK_HEADERS))
    intake = IntakeReader().read(records, POLICY)  # type: ignore[arg-type]  # see run

    kinds = [what.routing_id if isinstance(what, Event) else what for _, what, _ in intake.steps]
    assert kinds == ["user:u1", None, "user:u2", None, DefinitionsRecord(2, "activate"), "user:u1", DefinitionsRecord(3, "prepare"), None]
    assert [step.offset for step, _, _ in intake.steps] == list(range(8))
    assert list(intake.digests) == [person_digest("user:u1"), person_digest("user:u2")]
    assert intake.versions == [2]
    assert reasons(intake) == [(3, "not-json"), (7, "unreadable-internal")]


def test_headers_of_others_make_no_record_internal() -> None:
    intake = IntakeReader().read([record(0, 0, viewed(0, 0).value, (("trace", b"1"),))], POLICY)

    assert isinstance(intake.steps[0][1], Event)


def test_digests_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_module, "_DIGESTS_MAX", 2)
    reader = IntakeReader()
    for number in range(9):
        intake = reader.read([viewed(number, 0, f"u{number}"), viewed(number, 0, f"u{number}")], POLICY)
        assert list(intake.digests) == [person_digest(f"user:u{number}")]
        assert len(reader._digests) <= 2


def test_the_keys_of_records_tell_who_will_be_needed_before_anything_is_read() -> None:
    keys = [b"user:u1", None, b"user:u2", b"user:u1", b"\xff"]
    records = [StoredRecord(offset, T, key, b"unread") for offset, key in enumerate(keys)]
    reader = IntakeReader()

    guessed = reader.guess(records)
    assert guessed[:2] == [person_digest("user:u1"), person_digest("user:u2")]
    assert len(guessed) == 3
    assert reader.guess(records) == guessed
    assert list(reader.read([viewed(0, 0, "u2")], POLICY).digests) == [guessed[1]]


def test_a_version_that_is_not_on_the_log_becomes_a_dead_letter_that_moves_the_clock() -> None:
    intake = IntakeReader().read([viewed(0, 0), activate(1, 1, 9), activate(2, 2, 2), activate(3, 3, 9)], POLICY)  # type: ignore[list-item]
    intake.refuse(9, Rejected(UNREADABLE_INTERNAL, "no version 9"))

    assert [what for _, what, _ in intake.steps[1:]] == [None, DefinitionsRecord(2, "activate"), None]
    assert reasons(intake) == [(1, "unreadable-internal"), (3, "unreadable-internal")]


def test_a_batch_moves_cursor_and_clock_and_the_clock_never_back() -> None:
    changes, _, _ = run(viewed(7, 50), clock(8, 20), record(9, 10, b"{"))

    assert (changes.cursor, changes.clock) == (10, T + 50)


def test_new_people_are_numbered_in_order_and_known_within_the_batch() -> None:
    lane = memory(people=5)
    changes, _, working = run(viewed(0, 0, "a"), viewed(1, 1, "b"), viewed(2, 2, "a"), lane=lane)

    assert [one.person.state.number for one in working.values()] == [5, 6]
    assert [(one.is_new, one.changed) for one in working.values()] == [(True, True)] * 2
    assert (changes.people, changes.applied, changes.duplicates) == (7, 3, 0)
    assert working[person_digest("user:a")].person.state.incarnation == T


def test_transitions_become_membership_bits() -> None:
    changes, _, _ = run(viewed(0, 0), viewed(1, 2 * HOUR, properties={"late": 1}))
    seen, ever = BUNDLES[1].numbers.segments["seen"], BUNDLES[1].numbers.segments["ever"]

    assert changes.members == [(ever, 0, True), (seen, 0, True), (seen, 0, False), (seen, 0, True)]
    assert len(changes.transitions) == 4


def test_a_repeat_is_counted_and_changes_nobody() -> None:
    _, _, first = run(viewed(0, 0, id="m-1"))
    known = load((digest, pack(one.person.state)) for digest, one in first.items())
    changes, intake, working = run(viewed(1, 1, id="m-1"), working=known)

    assert (changes.applied, changes.duplicates, intake.dead_letters) == (0, 1, [])
    assert not working[person_digest("user:u1")].changed


def test_a_repeat_of_a_person_under_older_definitions_brings_them_to_the_newest() -> None:
    _, _, first = run(viewed(0, 0, id="m-1"))
    known = load((digest, pack(one.person.state)) for digest, one in first.items())
    changes, _, working = run(activate(1, 1, 2), viewed(2, 2, id="m-1"), working=known)

    one = working[person_digest("user:u1")]
    assert (changes.duplicates, one.changed, one.person.state.definitions) == (1, True, 2)
    assert [(left.segment, left.silent) for left in changes.transitions] == [("seen", True)]


def test_only_people_that_exist_are_loaded_with_when_they_are_due() -> None:
    _, _, working = run(viewed(0, 0), viewed(1, 0, "u2", event="other"))
    digests = [person_digest(f"user:{user}") for user in ("u1", "u2", "nobody")]
    loaded = load([*((digest, pack(working[digest].person.state)) for digest in digests[:2]), (digests[2], None)])

    assert {digest: one.due_before for digest, one in loaded.items()} == {digests[0]: T + HOUR, digests[1]: None}
    assert not any(one.is_new or one.changed for one in loaded.values())
    assert [one.due_ms for one in loaded.values()] == [T + HOUR, None]


def test_a_switch_holds_for_the_records_after_it() -> None:
    lane = memory()
    changes, _, _ = run(viewed(0, 0), activate(1, 1, 2), viewed(2, 2), lane=lane)

    assert lane.history.switches == ((1, T), (2, T + 1))
    assert changes.swept == 0
    assert [(one.segment, one.cause, one.definitions) for one in changes.transitions] == [
        ("ever", "event", 1),
        ("seen", "event", 1),
        ("seen", "definition", 2),
    ]


def test_a_switch_to_what_already_holds_or_to_older_ones_changes_nothing() -> None:
    lane = memory()
    changes, _, _ = run(activate(0, 0, 1), activate(1, 1, 0), lane=lane)

    assert (lane.history.switches, changes.swept) == (((1, T),), None)


def test_an_event_in_the_wrong_partition_is_forwarded_to_the_right_one() -> None:
    stranger = next(f"u{number}" for number in range(99) if partition_of(f"user:u{number}", 8) != 0)
    native = next(f"u{number}" for number in range(99) if partition_of(f"user:u{number}", 8) == 0)
    first = viewed(0, 0, stranger)
    changes, intake, working = run(first, viewed(1, 1, native), lane=memory(partitions=8))

    ((partition, message),) = map(unpack_entry, changes.internal)
    assert (partition, message.key) == (partition_of(f"user:{stranger}", 8), f"user:{stranger}".encode())
    assert read_internal(message.value) == ForwardRecord(
        origin=0, number=1, to=f"user:{stranger}", hops=1, event_ms=T, event=msgspec.Raw(first.value or b""), said_ms=T, stood=(0, 0)
    )
    assert (reasons(intake), list(working), changes.people, changes.forwarded) == ([], [person_digest(f"user:{native}")], 1, 1)


def test_an_event_older_than_allowed_is_refused_and_makes_nobody() -> None:
    oldest = BUNDLES[1].settings.oldest_ms
    changes, intake, working = run(
        viewed(0, 0, timestamp=T - oldest - 1), viewed(1, 0, "u2", timestamp=T - oldest), viewed(2, 0, "u3", timestamp=-(10**30))
    )

    assert reasons(intake) == [(0, "too-old"), (2, "too-old")]
    assert (list(working), changes.people) == ([person_digest("user:u2")], 1)


def test_an_event_is_never_later_than_the_lanes_clock_and_without_a_time_it_is_as_of_its_append() -> None:
    _, _, working = run(clock(0, 100), viewed(1, 50), viewed(2, 60, "u2", timestamp=T + 10**9), viewed(3, 60, "u3", timestamp=T + 7))
    times = [one.person.state.base + one.person.state.leaves[1][0] - T for one in working.values()]

    assert times == [50, 100, 7]


def test_a_new_person_whose_first_event_is_refused_does_not_exist() -> None:
    changes, intake, working = run(viewed(0, 0, traits={"x": "y" * TRAITS_BYTES_MAX}))

    assert reasons(intake) == [(0, "state-too-large")]
    assert (working, changes.people, changes.transitions, changes.members) == ({}, 0, [], [])


def test_what_time_did_before_a_refused_event_is_kept() -> None:
    changes, intake, working = run(viewed(0, 0), viewed(1, 2 * HOUR, traits={"x": "y" * TRAITS_BYTES_MAX}))

    assert reasons(intake) == [(1, "state-too-large")]
    assert [(one.segment, one.cause) for one in changes.transitions][2:] == [("seen", "time")]
    assert changes.members[2:] == [(BUNDLES[1].numbers.segments["seen"], 0, False)]
    assert working[person_digest("user:u1")].changed

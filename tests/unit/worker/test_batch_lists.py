"""Records of uploaded lists in a batch, and in the filling from the past."""

from __future__ import annotations

from schemas.definitions.bundle import next_bundle
from schemas.definitions.identity_model import IdentityRules
from schemas.definitions.model import Bundle
from schemas.definitions.parse import parse_files
from schemas.identities import IdentityPolicy
from schemas.internal import LIST_HEADERS, list_value
from schemas.routing import partition_of
from segments.history import History
from stream.kafka.port import StoredRecord
from stream.store.layout import person_digest
from stream.store.port import Filling, LaneHeader, pack_header
from stream.worker.batch import BatchStep, Intake, IntakeReader, load
from stream.worker.dues import DueIndex
from stream.worker.fill import Filler, is_switch
from stream.worker.fill_merges import Known
from stream.worker.memory import Changes, LaneMemory, Working, begin
from stream.worker.people import People
from tagging.codec import pack, unpack
from tests.unit.worker.made import HOUR, T, record, viewed

VIPS = next_bundle(
    Bundle(), parse_files({"a.yaml": "segments: [{id: vips, when: {list: vip}}, {id: seen, when: {event: viewed, within: 1h}}]"})
)
NOBODYS = next_bundle(Bundle(), parse_files({"a.yaml": "segments: []\ntags: [{id: views, rules: [{event: viewed}], ttl: 1h}]"}))

POLICY = IdentityPolicy(IdentityRules())


def listed(offset: int, at: int, version: int, person: str = "user:u1", *, named: bool = True) -> StoredRecord:
    return record(offset, at, list_value("vip", version, person, named=named), LIST_HEADERS)


def lane(bundle: Bundle = VIPS, partitions: int = 1) -> LaneMemory:
    held = LaneHeader(topic_id="topic", partitions=partitions, switches=((1, T),))
    return LaneMemory(0, held, pack_header(held), DueIndex({}), History({0: Bundle(), 1: bundle}, held.switches))


def run(*records: StoredRecord, memory: LaneMemory | None = None) -> tuple[Changes, Intake, dict[bytes, Working]]:
    memory = memory or lane()
    working: dict[bytes, Working] = {}
    intake, changes = IntakeReader().read(records, POLICY), begin(memory)
    BatchStep(memory, changes, People(memory, changes, working), {}).run(intake)
    return changes, intake, working


def story(changes: Changes) -> list[tuple[str, int, int, str]]:
    return [(one.segment, one.sequence, one.timestamp - T, one.cause) for one in changes.transitions]


def test_people_enter_and_leave_by_a_list() -> None:
    changes, _, working = run(viewed(0, 0), listed(1, 5, 1), listed(2, 9, 2, named=False))

    assert story(changes) == [("seen", 1, 0, "event"), ("vips", 1, 5, "list"), ("vips", 2, 9, "list")]
    assert [bits[2] for bits in changes.members] == [True, True, False]
    assert (changes.people, changes.applied, changes.cursor, changes.clock) == (1, 1, 3, T + 9)
    assert [one.person.state.lists for one in working.values()] == [[("vip", 4)]]


def test_a_person_whom_a_list_names_exists_from_then_on_and_is_no_applied_event() -> None:
    changes, _, working = run(listed(0, 5, 1), viewed(1, 7))

    assert (changes.people, changes.applied) == (1, 1)
    assert [(one.is_new, one.changed, one.person.state.incarnation) for one in working.values()] == [(True, True, T + 5)]


def test_nobody_begins_to_exist_by_being_named_no_longer() -> None:
    changes, intake, working = run(listed(0, 5, 1, named=False))

    assert (working, changes.people, changes.clock, intake.dead_letters) == ({}, 0, T + 5, [])
    assert list(intake.digests) == [person_digest("user:u1")]


def test_an_older_version_leaves_the_person_as_it_is() -> None:
    _, intake, working = run(listed(0, 0, 7), listed(1, 1, 6, named=False))

    assert [one.person.state.lists for one in working.values()] == [[("vip", 15)]]
    assert intake.dead_letters == []

    known = load((digest, pack(one.person.state)) for digest, one in working.items())
    changes = begin(memory := lane())
    BatchStep(memory, changes, People(memory, changes, known), {}).run(IntakeReader().read([listed(2, 2, 6, named=False)], POLICY))
    assert ([one.changed for one in known.values()], changes.transitions, changes.people) == ([False], [], 0)


def test_a_naming_is_kept_although_no_definition_asks_for_it_and_a_later_one_sees_it() -> None:
    memory = lane(NOBODYS)
    _, _, working = run(listed(0, 0, 1), memory=memory)
    (one,) = working.values()
    later = next_bundle(NOBODYS, parse_files({"a.yaml": "segments: [{id: vips, when: {list: vip}}]"}))
    memory.history.switch(later, T + 10)
    changes = begin(memory)
    BatchStep(memory, changes, People(memory, changes, working), {}).run(IntakeReader().read([listed(1, 20, 1)], POLICY))

    assert story(changes) == [("vips", 1, 10, "definition")]
    assert one.person.state.definitions == later.version


def test_of_several_those_of_other_partitions_are_passed_over_and_a_record_with_none_of_ours_is_a_dead_letter() -> None:
    mine, other = sorted((f"user:u{number}" for number in (1, 2)), key=lambda name: partition_of(name, 2))
    both = record(0, 0, b'{"type":"$list","id":"vip","version":1,"add":["%s","%s"]}' % (other.encode(), mine.encode()), LIST_HEADERS)
    nobody = record(1, 1, b'{"type":"$list","id":"vip","version":1}', LIST_HEADERS)
    changes, intake, working = run(both, nobody, listed(2, 2, 1, other), memory=lane(partitions=2))

    assert list(working) == [person_digest(mine)]
    assert [(letter.record.offset, letter.rejected.reason.code) for letter in intake.dead_letters] == [(2, "wrong-partition")]
    assert (changes.dead_letters, changes.cursor) == (1, 3)


def test_a_list_switches_nothing() -> None:
    assert is_switch(listed(0, 0, 99), 0) is None


def test_the_past_is_filled_as_if_there_were_no_lists_but_for_the_clock() -> None:
    old, new = Bundle(), NOBODYS
    memory = lane()
    filler = Filler(memory, old, new, {0: old, new.version: new})
    records = [listed(0, 0, 1), viewed(1, 1), listed(2, 2 * HOUR, 2), listed(3, 3 * HOUR, 1, "user:u2")]
    filled = filler.run(Filling(new.version, 0, 4, 0), filler.read(records), Known({}))

    assert (filled.filling.cursor, filled.filling.clock) == (4, T + 3 * HOUR)
    ((_, packed),) = filled.shadows
    shadow = unpack(packed)
    assert (shadow.lists, shadow.incarnation, len(shadow.tags)) == ([], T + 1, 1)

"""What other lanes have filled of absorbed persons, as a lane hears it."""

from __future__ import annotations

from typing import Any

from schemas.definitions.bundle import next_bundle
from schemas.definitions.model import Bundle
from schemas.definitions.parse import parse_files
from schemas.identities import IdentityPolicy
from schemas.identity_records import Edge, FilledRecord, TransferRecord, identity_value, state_text
from schemas.internal import HEADER, definitions_value
from stream.kafka.port import StoredRecord
from stream.store.layout import person_digest
from stream.store.port import Filling, Gathering
from stream.worker.batch import BatchStep, Intake, IntakeReader
from stream.worker.fill_merges import Known, awaited
from stream.worker.gathering import NOTHING, piece_name
from stream.worker.memory import Changes, LaneMemory, begin
from stream.worker.people import People
from tagging.codec import pack
from tagging.state import TagState, new_person
from tests.unit.worker.made import ONE, T, memory, record, viewed

DEFINITIONS = "tags: [{id: views, rules: [{event: viewed}]}]\nsegments: [{id: fan, when: {tag: views}}]"
COUNTED = next_bundle(ONE, parse_files({"a.yaml": DEFINITIONS}))
POLICY = IdentityPolicy(ONE.identity)
EDGE = Edge("user:u1", "anon:a", T, "shop", "viewed")
NAME = piece_name("user:u1", "anon:a", EDGE.link)
NUMBER = COUNTED.numbers.tags["views"]


def found() -> str:
    """One view, as another lane's filling has found it."""
    state = new_person("", 0, T, COUNTED.version)
    state.tags = {NUMBER: TagState(1, 1, 1, 0, 0, 1, None, None)}
    return state_text(pack(state))


def told(offset: int, number: int, **fields: Any) -> StoredRecord:
    said: dict[str, Any] = {
        "origin": 1,
        "to": "user:u1",
        "version": COUNTED.version,
        "old": 1,
        "absorbed": "anon:a",
        "link": EDGE.link,
    } | fields
    return record(offset, offset, identity_value(FilledRecord(number=number, **said)), ((HEADER, b"filled"),))


def activated(offset: int) -> StoredRecord:
    return record(offset, offset, definitions_value(COUNTED.version, "activate"), ((HEADER, b"definitions"),))


def run(*records: StoredRecord, lane: LaneMemory | None = None, pointers: dict[bytes, str] | None = None) -> tuple[Changes, Intake, People]:
    lane = lane or memory(partitions=2)
    intake, changes = IntakeReader().read(records, POLICY), begin(lane)
    people = People(lane, changes, {}, pointers or {})
    BatchStep(lane, changes, people, {0: Bundle(), 1: ONE, COUNTED.version: COUNTED}).run(intake)
    return changes, intake, people


def own() -> str:
    """Somebody whose partition is the lane's."""
    return next(f"u{number}" for number in range(9) if run(viewed(0, 0, f"u{number}"))[2].working)


def views(people: People, name: str) -> int:
    tag = people.working[person_digest(f"user:{name}")].person.state.tags.get(NUMBER)
    return 0 if tag is None else tag.count


def test_what_is_told_before_the_switch_is_kept_for_the_lanes_own_filling() -> None:
    changes, _, people = run(told(0, 1, absorbed="", to="", start=5), told(1, 2, state=found()), told(2, 3, absorbed="anon:b"))

    assert changes.gathering == Gathering(COUNTED.version, 1, (0, 3), (-1, 5))
    assert (len(changes.pieces), changes.pieces[piece_name("user:u1", "anon:b", EDGE.link)], changes.drop_pieces) == (2, NOTHING, True)
    assert people.all() == []


def test_what_is_told_again_or_has_overtaken_or_is_of_an_older_filling_changes_nothing() -> None:
    newer = told(2, 1, absorbed="", version=9)
    changes, _, _ = run(told(0, 1), told(1, 1, absorbed="anon:b"), told(2, 3, absorbed="anon:c"))
    assert (list(changes.pieces), changes.repeated) == ([NAME], 2)

    after, _, _ = run(told(0, 1), newer, told(3, 2))
    assert (after.pieces, after.repeated) == ({}, 1)


def test_what_comes_from_a_partition_that_does_not_exist_is_unreadable() -> None:
    changes, intake, _ = run(told(0, 1, origin=2))

    assert [letter.rejected.reason.code for letter in intake.dead_letters] == ["unreadable-internal"]
    assert changes.gathering is None


def test_what_is_told_after_the_switch_the_person_gets_at_once() -> None:
    name = own()
    changes, _, people = run(viewed(0, 0, name), activated(1), told(2, 1, to=f"user:{name}", state=found()), told(3, 2, to=f"user:{name}"))

    assert views(people, name) == 1
    entered = [(one.segment, one.cause, one.timestamp) for one in changes.transitions if one.segment == "fan"]
    assert entered == [("fan", "definition", T + 2)]


def test_what_is_told_late_of_nobody_is_left_alone_and_of_who_stands_for_somebody_else_passed_on() -> None:
    changes, _, people = run(activated(0), told(1, 1, to="user:nobody", state=found()))
    assert (people.all(), changes.internal) == ([], [])

    changes, _, _ = run(activated(0), told(1, 1, state=found()), pointers={person_digest("user:u1"): "user:boss"})
    assert (sum(changes.sent), len(changes.internal)) == (1, 1)


def test_at_the_switch_what_was_kept_for_it_goes() -> None:
    changes, _, _ = run(told(0, 1, state=found()), activated(1))

    assert (changes.pieces, changes.drop_pieces, changes.before) == ({}, True, 1)


def test_a_transfer_is_waited_for_unless_it_is_from_before_the_other_filling_or_has_what_is_needed() -> None:
    def waits(definitions: int, received: int = 0) -> list[bytes]:
        state = new_person("anon:a", 0, T, definitions)
        said = TransferRecord(origin=1, number=1, to="user:u1", absorbed="anon:a", edge=EDGE, state=state_text(pack(state)), at=7)
        intake = IntakeReader().read([record(3, 3, identity_value(said), ((HEADER, b"transfer"),))], POLICY)
        filling = Filling(COUNTED.version, 1, 9, received=(0, received))
        found = list(awaited(filling, intake, Known({})))
        gathering = Gathering(COUNTED.version, 1, (0, 1), (-1, 8))
        assert all(one.was_before(gathering, filling) for one in found)
        assert not any(one.was_before(None, filling) for one in found)
        return [one.name for one in found]

    assert waits(1) == [NAME]
    assert waits(COUNTED.version) == waits(1, received=1) == []

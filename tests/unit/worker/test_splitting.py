"""Splitting a person, as one lane does it: when it is done, what each side gets, and what comes for the other side afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec import Raw
from msgspec.structs import replace

from schemas.definitions.bundle import next_bundle
from schemas.definitions.model import Bundle
from schemas.definitions.parse import parse_files
from schemas.identities import IdentityPolicy
from schemas.identity_records import (
    Edge,
    FilledRecord,
    ForwardRecord,
    IdentityRecord,
    LinkRecord,
    ListedRecord,
    PartedRecord,
    TransferRecord,
    identity_value,
    packed_of,
    state_text,
)
from schemas.internal import HEADER, SPLIT_HEADERS, SplitRecord, read_internal, split_value
from schemas.routing import partition_of
from segments.history import History
from stream.kafka.port import StoredRecord
from stream.store.layout import former_name, parted_name, person_digest
from stream.store.port import LaneHeader, Pointer, pack_header
from stream.worker.batch import BatchStep, Intake, IntakeReader
from stream.worker.dues import DueIndex
from stream.worker.memory import Changes, LaneMemory, begin
from stream.worker.outbox import unpack_entry
from stream.worker.people import KINDS, People
from tagging.codec import pack, unpack
from tagging.identities import Parting, unpack_identities
from tagging.person import Person
from tagging.state import PersonState
from tests.unit.worker.made import HOUR, T, record, viewed

U1, A = person_digest("user:u1"), person_digest("anon:a")
DEFINITIONS = "tags: [{id: views, rules: [{event: viewed}]}]\nsegments: [{id: twice, when: {tag: views, count: {gte: 2}}}]"
ONE = next_bundle(Bundle(), parse_files({"a.yaml": DEFINITIONS}))
POLICY = IdentityPolicy(ONE.identity)
EDGE = Edge("user:u1", "anon:a", T, "shop", "viewed")
PARTING = Parting((("user:u1", "anon:a"),), ("user:u1", "anon:a"), ("anon:a",), "anon:a", (2,))
AT = 2


class Lane:
    """One lane that has applied some records; ``then`` applies more."""

    def __init__(self, *records: StoredRecord, partitions: int = 1, pointers: dict[bytes, str] | None = None) -> None:
        held = LaneHeader(topic_id="topic", partitions=partitions, switches=((1, T),))
        self.memory = LaneMemory(0, held, pack_header(held), DueIndex({}), History({1: ONE}, held.switches))
        self.changes: Changes = begin(self.memory)
        self.people = People(self.memory, self.changes, {}, pointers or {})
        self.then(*records)

    def then(self, *records: StoredRecord) -> Intake:
        intake = IntakeReader().read(records, POLICY)
        BatchStep(self.memory, self.changes, self.people, {1: ONE}).run(intake)
        return intake

    def person(self, digest: bytes = U1) -> Person:
        return self.people.working[digest].person

    def knows(self, *edges: Edge, partings: Sequence[Parting] = ()) -> None:
        """What the person knows of who it is."""
        identities = self.person().identities()
        identities.edges, identities.partings = [*edges], [*partings]
        self.person().keep_identities()

    def told(self) -> list[Any]:
        """What other lanes are told."""
        return [read_internal(message.value) for _, message in map(unpack_entry, self.changes.internal)]

    def rows(self) -> list[tuple[str, str, str, int]]:
        return [(one.person, one.segment, one.cause, one.timestamp - T) for one in self.changes.transitions]

    def views(self, digest: bytes = U1) -> int:
        return views(self.person(digest).state)


def views(state: PersonState) -> int:
    """How often somebody has looked at something."""
    return sum(tag.count for tag in state.tags.values())


def alone(*records: StoredRecord) -> str:
    """The packed state of whoever has done this, and nothing else."""
    return state_text(pack(Lane(*records).person().state))


def joined() -> Lane:
    """A person who looked at something as ``user:u1`` at 0, and as ``anon:a`` at 1."""
    lane = Lane(viewed(0, 0), viewed(1, 1))
    lane.knows(EDGE)
    lane.people.between = {AT: ()}
    return lane


def asked_of(lane: Lane, **said: Any) -> StoredRecord:
    """The record that splits it: each of the two has looked once."""
    state = lane.person().state
    states = (alone(viewed(0, 0)), alone(viewed(1, 1)))
    sides = (("user:u1",), ("anon:a",))
    asked = SplitRecord("user:u1", state.incarnation, 1, PARTING.cut, sides, "anon:a", states, (2,), T + 1)
    return record(AT, HOUR, split_value(replace(asked, **said)), SPLIT_HEADERS)


def hop(said: IdentityRecord, offset: int = 3, at: int = HOUR + 1) -> StoredRecord:
    return record(offset, at, identity_value(said), ((HEADER, KINDS[type(said)]),))


def test_the_person_keeps_its_side_and_the_other_is_told_to_the_lane_of_its_name() -> None:
    lane = joined()
    lane.then(asked_of(lane))

    assert lane.rows() == [("user:u1", "twice", "event", 1), ("user:u1", "twice", "split", HOUR)]
    assert (lane.views(), lane.person().identities().edges, lane.person().identities().partings) == (1, [], [PARTING])
    (parted,) = lane.told()
    assert (parted.to, parted.person, parted.said_ms) == ("anon:a", "anon:a", T + HOUR)
    other = unpack(packed_of(parted.state))
    known = unpack_identities(other.identities, "anon:a")
    assert (other.id, views(other), known.edges) == ("anon:a", 1, [])
    assert known.partings == [replace(PARTING, ids=("anon:a", "user:u1"), theirs=("user:u1",), into="user:u1")]
    assert lane.changes.pointers == {parted_name(U1, A): Pointer("", AT)}


@pytest.mark.parametrize(
    "said",
    [{"version": 2}, {"incarnation": T - 1}, {"sides": (("user:u1",), ("anon:a", "anon:b"))}, {"sides": (("user:u1",), ())}],
    ids=["other definitions", "another incarnation", "an id more", "an id less"],
)
def test_a_split_that_was_read_of_something_else_comes_to_nothing(said: dict[str, Any]) -> None:
    lane = joined()
    before = pack(lane.person().state)
    assert lane.then(asked_of(lane, **said)).dead_letters == []
    assert (pack(lane.person().state), lane.told(), lane.changes.parted) == (before, [], False)


def test_who_waits_for_an_answer_is_not_split_and_neither_is_anybody_while_a_set_is_asked_for() -> None:
    waiting = joined()
    waiting.person().identities().ask("anon:b", T)
    waiting.person().keep_identities()
    waiting.then(asked_of(waiting))
    assert waiting.told() == []

    asked = joined()
    asked.changes.prepared = 2
    asked.then(asked_of(asked))
    assert asked.told() == []


def test_where_too_much_came_between_or_nobody_is_there_nothing_happens() -> None:
    far = joined()
    far.people.between = {}
    far.then(asked_of(far))
    nobody = Lane()
    nobody.then(asked_of(joined()))

    assert (far.told(), nobody.told(), nobody.people.all()) == ([], [], [])


def test_a_split_in_the_wrong_partition_is_refused() -> None:
    stranger = next(f"user:u{number}" for number in range(99) if partition_of(f"user:u{number}", 8) != 0)
    lane = Lane(partitions=8)
    intake = lane.then(asked_of(joined(), id=stranger))
    assert [letter.rejected.reason.code for letter in intake.dead_letters] == ["wrong-partition"]


def by_visitor(offset: int, at: int) -> StoredRecord:
    return record(offset, at, b'{"type": "track", "event": "viewed", "anonymousId": "a"}')


def test_what_came_between_the_reading_and_the_split_counts_for_its_own_side_once() -> None:
    lane = joined()
    later = ForwardRecord(
        origin=0, number=9, to="user:u1", event_ms=T + 5, event=Raw(by_visitor(0, 0).value or b""), said_ms=T + 5, stood=(0, 7)
    )
    counted = replace(later, stood=(0, 1))
    lane.people.between = {AT: [hop(later, 2, 5), hop(later, 3, 6), hop(counted, 4, 7)]}
    lane.then(asked_of(lane))

    (parted,) = lane.told()
    assert (lane.views(), views(unpack(packed_of(parted.state)))) == (1, 2)


def recount_of(lane: Lane, at: int = AT) -> StoredRecord:
    """The record that counts it anew: it has looked once, as ``anon:a``."""
    counted = alone(viewed(1, 1))
    return asked_of(lane, cut=(), sides=(("user:u1", "anon:a"), ()), into="", states=(counted, counted), ends=(at,))


def test_who_is_counted_anew_holds_what_the_log_says_and_stays_one_whatever_it_waits_for() -> None:
    lane = joined()
    lane.person().identities().ask("anon:b", T)
    lane.person().identities().refuse("anon:c", "two-strong")
    lane.person().keep_identities()
    lane.then(recount_of(lane))

    known = lane.person().identities()
    assert lane.rows()[1:] == [("user:u1", "twice", "split", HOUR)]
    assert (lane.views(), known.edges, list(known.asked), list(known.refused)) == (1, [EDGE], ["anon:b"], ["anon:c"])
    assert known.partings == [Parting((), ("user:u1", "anon:a"), (), "", (AT,))]
    assert (lane.told(), lane.changes.pointers) == ([], {})


def test_who_is_counted_anew_again_remembers_the_last_time_and_every_split() -> None:
    lane = joined()
    lane.knows(EDGE, partings=[PARTING])
    lane.then(recount_of(lane))
    lane.people.between = {AT: ()}
    lane.then(recount_of(lane, 3))

    assert lane.person().identities().partings == [PARTING, Parting((), ("user:u1", "anon:a"), (), "", (3,))]


def parted(state: str | None, number: int = 1, **said: Any) -> StoredRecord:
    fields: dict[str, Any] = {"to": "anon:a", "person": "anon:a", "said_ms": T + HOUR} | said
    return hop(PartedRecord(origin=0, number=number, state=state, **fields))


def test_the_other_side_begins_as_a_person_of_its_own_after_all_that_was() -> None:
    lane = Lane(pointers={A: "user:u1"})
    lane.people.ending = {A: Pointer("user:u1", 1)}
    lane.then(parted(alone(viewed(1, HOUR - 1))))

    assert (lane.views(A), lane.person(A).state.incarnation) == (1, T + HOUR + 2)
    assert lane.changes.pointers == {A: None, former_name(A, 1): Pointer("", -1)}


def test_if_it_is_somebody_already_the_two_are_one() -> None:
    lane = Lane(by_visitor(0, HOUR))
    lane.then(parted(alone(viewed(1, HOUR - 1))))

    assert (lane.views(A), lane.person(A).state.incarnation) == (2, T + HOUR)
    assert lane.rows() == [("anon:a", "twice", "split", HOUR + 1)]


def test_an_id_of_the_other_side_stands_for_it_from_here_on() -> None:
    other = parted(None, person="user:u2")
    moved = Lane(other, pointers={A: "user:u1"})
    nobodys = Lane(other)

    assert (moved.people.pointers[A], moved.changes.pointers[A]) == ("user:u2", Pointer("user:u2", -1))
    assert nobodys.changes.pointers == {}


def apart() -> Lane:
    """A person from whom a split has taken ``anon:a``."""
    lane = Lane(viewed(0, 0))
    lane.knows(partings=[PARTING])
    return lane


CLAIM = LinkRecord(origin=0, number=1, to="user:u1", phase="claim", other="user:u9", edge=Edge("user:u9", "anon:a", T, "shop", "viewed"))
LISTED = ListedRecord(origin=0, number=1, to="user:u1", id="anon:a", list="vip", version=1, named=True, said_ms=T)


@pytest.mark.parametrize(
    ("said", "onward"),
    [
        (CLAIM, CLAIM),
        (replace(CLAIM, phase="accept"), CLAIM),
        (replace(CLAIM, phase="refuse"), replace(CLAIM, phase="refuse")),
        (LISTED, LISTED),
    ],
    ids=["claim", "accept", "refuse", "listed"],
)
def test_what_is_said_of_an_id_that_is_the_others_now_is_passed_on_and_an_answer_as_a_claim(said: Any, onward: Any) -> None:
    lane = apart()
    lane.then(hop(said))

    assert lane.told() == [replace(onward, to="anon:a", hops=1)]


def test_a_transfer_that_is_passed_on_takes_along_what_it_brings() -> None:
    lane = apart()
    said = TransferRecord(origin=0, number=1, to="user:u1", absorbed="anon:c", edge=replace(CLAIM.edge, one="anon:c", other="anon:a"))
    lane.then(hop(said))

    assert lane.told() == [replace(said, to="anon:a", hops=1)]
    assert lane.person().identities().partings == [replace(PARTING, theirs=("anon:a", "anon:c"))]


def test_what_was_filled_late_of_an_absorbed_person_is_in_what_the_split_found() -> None:
    lane = apart()
    lane.then(hop(FilledRecord(origin=0, number=1, to="user:u1", version=1, old=0, absorbed="anon:a", link=EDGE.link, hops=1)))
    assert lane.told() == []

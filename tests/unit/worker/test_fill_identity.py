"""Who is who, in the filling from the past: what was forwarded counts once, what was passed on does not count here."""

from __future__ import annotations

import json

import msgspec

from schemas.definitions.bundle import next_bundle
from schemas.definitions.model import Bundle
from schemas.definitions.parse import parse_files
from schemas.identity_records import Edge, ForwardRecord, TransferRecord, identity_value
from schemas.internal import HEADER
from stream.kafka.port import StoredRecord
from stream.store.layout import person_digest
from stream.store.port import Filling, Pointer
from stream.worker.fill import Filler
from stream.worker.fill_merges import Known
from tagging.codec import unpack
from tests.unit.worker.made import T, memory, record, viewed

VIEWS = next_bundle(Bundle(), parse_files({"a.yaml": "segments: []\ntags: [{id: views, rules: [{event: viewed}]}]"}))
EVENT = json.dumps({"type": "track", "event": "viewed", "anonymousId": "a"}).encode()


def forwarded(offset: int, number: int) -> StoredRecord:
    forward = ForwardRecord(origin=1, number=number, to="user:u1", hops=1, event_ms=T, event=msgspec.Raw(EVENT))
    return record(offset, offset, identity_value(forward), ((HEADER, b"forward"),))


def transferred(offset: int, number: int) -> StoredRecord:
    edge = Edge("user:u1", "anon:a", T, "shop", "viewed")
    transfer = TransferRecord(origin=1, number=number, to="user:u1", absorbed="anon:a", edge=edge)
    return record(offset, offset, identity_value(transfer), ((HEADER, b"transfer"),))


def counts(*records: StoredRecord, pointers: dict[bytes, Pointer] | None = None, trimmed: bool = False) -> list[int]:
    """What the tag counts in each shadow, the log read in two slices."""
    filler = Filler(memory(partitions=2), Bundle(), VIEWS, {0: Bundle(), 1: VIEWS})
    filling, shadows = Filling(VIEWS.version, 0, len(records), trimmed=trimmed), dict[bytes, bytes]()
    for part in (records[:2], records[2:]):
        intake = filler.read(part)
        done = filler.run(filling, intake, Known({digest: shadows.get(digest + b"f") for digest in intake.digests}, pointers or {}))
        filling = done.filling
        shadows.update(done.shadows)
    return [tag.count for packed in shadows.values() for tag in unpack(packed).tags.values()]


def test_an_event_that_was_forwarded_counts_for_whom_it_is_for() -> None:
    assert counts(forwarded(0, 1), forwarded(1, 2)) == [2]


def test_what_came_again_counts_once_and_what_overtook_counts_in_its_turn() -> None:
    assert counts(forwarded(0, 2), forwarded(1, 1), forwarded(2, 1), forwarded(3, 2), forwarded(4, 2)) == [2]


def test_records_that_are_no_events_have_their_numbers_too() -> None:
    assert counts(transferred(0, 1), forwarded(1, 2), forwarded(2, 1)) == [1]


def test_where_the_log_has_lost_its_beginning_the_first_number_there_is_the_first() -> None:
    assert counts(forwarded(0, 41), forwarded(1, 42), forwarded(2, 41)) == []
    assert counts(forwarded(0, 41), forwarded(1, 42), forwarded(2, 41), trimmed=True) == [2]


def test_events_of_an_id_that_stands_for_somebody_else_are_not_filled_here() -> None:
    native = next(f"u{number}" for number in range(9) if counts(viewed(0, 0, f"u{number}")) == [1])

    assert counts(viewed(0, 0, native), pointers={person_digest(f"user:{native}"): Pointer("user:u1", -1)}) == []

from __future__ import annotations

import msgspec
import pytest

from schemas.errors import Rejected
from schemas.identity_records import (
    Edge,
    ErasedRecord,
    FilledRecord,
    ForgetRecord,
    ForwardRecord,
    IdentityRecord,
    LinkRecord,
    PartedRecord,
    TransferRecord,
    identity_value,
    packed_of,
    state_text,
)
from schemas.internal import read_internal

T = 1_764_000_000_000
EDGE = Edge("user:u1", "anon:a", T, "shop-web", "viewed")


@pytest.mark.parametrize(
    "record",
    [
        ForwardRecord(origin=1, number=2, to="user:u1", hops=3, event_ms=T, event=msgspec.Raw(b'{"a": 1e3}')),
        ForwardRecord(origin=1, number=2, to="user:u1", event_ms=T, event=msgspec.Raw(b"{}"), stood=(3, 4)),
        PartedRecord(origin=1, number=2, to="anon:a", person="anon:a", said_ms=T, state=state_text(b"packed")),
        PartedRecord(origin=1, number=2, to="anon:b", person="anon:a", said_ms=T),
        LinkRecord(origin=1, number=2, to="anon:a", phase="claim", other="user:u1", edge=EDGE),
        LinkRecord(
            origin=1,
            number=2,
            to="anon:a",
            hops=1,
            phase="refuse",
            other="user:u1",
            edge=EDGE,
            strong=("user:u1",),
            explicit=True,
            first_login=True,
            reason="first-login",
        ),
        TransferRecord(origin=1, number=2, to="user:u1", absorbed="anon:a", edge=EDGE, state=state_text(b"\x00state")),
        ErasedRecord(origin=1, number=2, to="anon:a", ids=("user:u1", "anon:a")),
        FilledRecord(origin=1, number=1, to="", version=2, old=1, start=7),
        FilledRecord(origin=1, number=2, to="user:u1", version=2, old=1, absorbed="anon:a", link=EDGE.link, state=state_text(b"\x00")),
        ForgetRecord(origin=1, number=2, to="anon:a", ids=("user:u1", "anon:a")),
    ],
)
def test_a_record_is_read_back_as_it_was_written(record: IdentityRecord) -> None:
    assert read_internal(identity_value(record)) == record


def test_a_link_is_named_by_both_ids_and_the_time() -> None:
    assert EDGE.link == f"user:u1\nanon:a\n{T}"


def test_a_forwarded_event_keeps_its_bytes() -> None:
    original = b'{"price": 1.0e2,  "price": 7}'
    record = ForwardRecord(origin=0, number=1, to="user:u1", event_ms=T, event=msgspec.Raw(original))
    held = read_internal(identity_value(record))

    assert isinstance(held, ForwardRecord)
    assert bytes(held.event) == original


@pytest.mark.parametrize(
    "record",
    [
        TransferRecord(origin=0, number=1, to="user:u1", absorbed="anon:a", edge=EDGE),
        FilledRecord(origin=0, number=1, to="user:u1", version=2, old=1, absorbed="anon:a"),
        PartedRecord(origin=0, number=1, to="anon:b", person="anon:a", said_ms=T),
    ],
)
def test_a_record_carries_a_state_or_none(record: TransferRecord | FilledRecord | PartedRecord) -> None:
    assert record.packed() is None
    record.state = state_text(b"\x00state")
    assert record.packed() == b"\x00state"

    record.state = "no base64!"
    with pytest.raises(Rejected) as rejected:
        record.packed()
    assert rejected.value.reason.code == "unreadable-internal"


@pytest.mark.parametrize(
    "value", [b'{"type":"$link"}', b'{"type":"$transfer","origin":"x"}', b'{"type":"$forward","origin":1,"number":1,"to":"a:b"}']
)
def test_a_record_that_lacks_something_is_unreadable(value: bytes) -> None:
    with pytest.raises(Rejected) as rejected:
        read_internal(value)
    assert rejected.value.reason.code == "unreadable-internal"


def test_a_step_of_a_link_was_said_when_the_link_began() -> None:
    link = LinkRecord(origin=1, number=2, to="anon:a", phase="claim", other="user:u1", edge=EDGE)
    transfer = TransferRecord(origin=1, number=2, to="user:u1", absorbed="anon:a", edge=EDGE)

    assert (link.said_ms, transfer.said_ms) == (T, T)


def test_a_state_that_is_no_base64_is_unreadable() -> None:
    assert packed_of(state_text(b"packed")) == b"packed"
    with pytest.raises(Rejected):
        packed_of("?")

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.store.layout import (
    DIGEST_BYTES,
    DUE_BYTES,
    ENTRY_BYTES,
    SLICE_BYTES,
    SLICE_PEOPLE,
    PartitionKeys,
    due_bytes,
    entry_bytes,
    person_digest,
    read_slice,
)

LAST_MS = 253_402_300_799_999
digests = st.binary(min_size=DIGEST_BYTES, max_size=DIGEST_BYTES).filter(any)
dues = st.none() | st.integers(1, LAST_MS)


def test_the_layout_is_the_same_for_ever() -> None:
    """States outlive versions: another layout would read old ones wrongly."""
    keys = PartitionKeys(7)

    assert (keys.header, keys.outbox, keys.dues) == (b"{7}h", b"{7}o", b"{7}d")
    assert (keys.slice(12), keys.members(3), keys.person(b"x" * 12)) == (b"{7}s12", b"{7}m3", b"{7}" + b"x" * 12)
    assert (SLICE_PEOPLE, DIGEST_BYTES, DUE_BYTES, ENTRY_BYTES, SLICE_BYTES) == (128, 12, 6, 18, 2_304)
    assert person_digest("user:u1").hex() == "5abd207945603536989e45bb"
    assert entry_bytes(b"d" * 12, 1_764_000_000_000).hex() == "64" * 12 + "019ab697e800"


def test_every_key_of_a_partition_has_its_hash_tag() -> None:
    keys = PartitionKeys(12)

    for key in (keys.header, keys.outbox, keys.dues, keys.slice(0), keys.members(0), keys.person(person_digest("{x}"))):
        assert key.startswith(b"{12}")


def test_no_key_of_one_kind_is_a_key_of_another() -> None:
    keys = PartitionKeys(1)
    names = {keys.header, keys.outbox, keys.dues}
    names |= {key(number) for key in (keys.slice, keys.members) for number in range(1_000)}

    assert len(names) == 2_003
    assert all(len(name) != len(keys.person(person_digest("user:u1"))) for name in names)


def test_digests_of_people_differ() -> None:
    assert len({person_digest(f"user:{number}") for number in range(10_000)} | {person_digest("user:人")}) == 10_001


@settings(deadline=None)
@given(st.lists(st.none() | st.tuples(digests, dues), max_size=12))
def test_a_slice_is_read_back_without_its_empty_places(places: list[tuple[bytes, int | None] | None]) -> None:
    packed = b"".join(bytes(ENTRY_BYTES) if place is None else entry_bytes(*place) for place in places)

    assert list(read_slice(packed)) == [place for place in places if place is not None]


def test_a_place_that_is_cut_off_is_no_place() -> None:
    whole = entry_bytes(person_digest("user:u1"), 5)

    assert list(read_slice(whole + whole[:17])) == [(person_digest("user:u1"), 5)]
    assert list(read_slice(b"")) == []


def test_a_due_time_takes_six_bytes_up_to_the_year_9999_and_nobody_due_is_zero() -> None:
    assert due_bytes(None) == bytes(6)
    assert int.from_bytes(due_bytes(LAST_MS), "big") == LAST_MS

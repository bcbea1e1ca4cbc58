"""What every state store promises, asked of the one in memory and of the real one alike."""

from __future__ import annotations

from dataclasses import replace

import hiredis
import pytest

from stream.store.layout import ENTRY_BYTES, NOBODY, SLICE_BYTES, SLICE_PEOPLE, PartitionKeys, person_digest, read_slice
from stream.store.port import Commit, CommitRefused, LaneHeader, Pointer, StateStore, Tombstone, pack_header, unpack_header
from stream.store.redis import RedisStateStore, commit_arguments

ANN, BOB, EVE = (person_digest(f"user:{name}") for name in ("ann", "bob", "eve"))
DUE = 1_764_000_000_123


def header(number: int, **fields: int) -> bytes:
    return pack_header(LaneHeader(number=number, **fields))  # type: ignore[arg-type]  # only the counters are set here


def full(before: bytes, number: int) -> Commit:
    """A commit that changes one thing of every kind."""
    return Commit(
        before,
        header(number),
        persons=[(ANN, b"ann")],
        new_people=[(0, ANN, DUE)],
        slices=[(0, DUE)],
        members=[(3, 0, True)],
        outbox=[b"first", b"second"],
    )


async def everything(store: StateStore, partition: int = 0) -> tuple[object, ...]:
    """All that a partition holds of what the suite writes."""
    return (
        await store.header(partition),
        await store.persons(partition, [ANN, BOB, EVE]),
        await store.slices(partition, [0, 1]),
        await store.slice_bounds(partition),
        await store.outbox(partition),
        await store.member_bits(partition, 3),
        await store.member_count(partition, 3),
    )


NOTHING: tuple[object, ...] = (None, [None, None, None], [b"", b""], {}, [], b"", 0)


async def test_a_store_that_nobody_wrote_to_holds_nothing(store: StateStore) -> None:
    assert await everything(store) == NOTHING
    assert await store.persons(0, []) == []


async def test_a_commit_is_there_as_a_whole(store: StateStore) -> None:
    await store.commit(0, full(b"", 1))

    assert await store.header(0) == header(1)
    assert await store.persons(0, [BOB, ANN]) == [None, b"ann"]
    (part,) = await store.slices(0, [0])
    assert list(read_slice(part)) == [(ANN, DUE)]
    assert await store.slice_bounds(0) == {0: DUE}
    assert await store.outbox(0) == [b"first", b"second"]
    assert await store.member_bits(0, 3) == b"\x80"
    assert await store.member_count(0, 3) == 1


@pytest.mark.parametrize("before", [b"", header(2), b"nonsense"])
async def test_a_commit_on_another_header_than_the_one_held_changes_nothing_and_hears_what_is_held(
    store: StateStore, before: bytes
) -> None:
    await store.commit(0, full(b"", 1))
    held = await everything(store)

    with pytest.raises(CommitRefused) as refused:
        await store.commit(0, Commit(before, header(9), persons=[(ANN, b"other")], outbox=[b"third"], members=[(3, 0, False)], published=1))

    assert refused.value.found == header(1)
    assert await everything(store) == held


async def test_a_commit_on_a_header_that_is_not_there_is_refused_with_none(store: StateStore) -> None:
    with pytest.raises(CommitRefused) as refused:
        await store.commit(0, full(header(1), 2))

    assert refused.value.found is None
    assert await everything(store) == NOTHING


async def test_the_same_commit_sent_again_is_recognised_and_changes_nothing(store: StateStore) -> None:
    """As after an answer that got lost."""
    await store.commit(0, full(b"", 1))
    held = await everything(store)
    await store.commit(0, full(b"", 1))

    assert await everything(store) == held


async def test_of_two_owners_the_second_wins_and_the_first_is_told(store: StateStore) -> None:
    """Both read the same header; the token makes what they write differ."""
    mine, other = (pack_header(LaneHeader(number=1, epoch=1, token=token)) for token in (b"mine", b"other"))
    await store.commit(0, Commit(b"", mine))
    await store.commit(0, Commit(mine, other))
    with pytest.raises(CommitRefused) as refused:
        await store.commit(0, Commit(mine, header(2), persons=[(ANN, b"stale")]))

    assert refused.value.found is not None
    assert unpack_header(refused.value.found).token == b"other"
    assert await store.persons(0, [ANN]) == [None]


async def test_a_due_time_is_written_in_place_and_taken_back(store: StateStore) -> None:
    people = [(0, ANN, DUE), (1, BOB, None), (2, EVE, DUE + 5)]
    await store.commit(0, Commit(b"", header(1), new_people=people))
    await store.commit(0, Commit(header(1), header(2), dues=[(0, None), (1, DUE + 1)]))

    (part,) = await store.slices(0, [0])
    assert list(read_slice(part)) == [(ANN, None), (BOB, DUE + 1), (EVE, DUE + 5)]
    assert len(part) == SLICE_BYTES


async def test_people_beyond_a_slice_stand_in_the_next(store: StateStore) -> None:
    digests = [person_digest(f"user:{number}") for number in range(SLICE_PEOPLE + 2)]
    people: list[tuple[int, bytes, int | None]] = [(number, digest, DUE + number) for number, digest in enumerate(digests)]
    await store.commit(0, Commit(b"", header(1), new_people=people))

    second, first, none = await store.slices(0, [1, 0, 7])
    assert [digest for digest, _ in read_slice(first)] == digests[:SLICE_PEOPLE]
    assert list(read_slice(second)) == [(digests[-2], DUE + SLICE_PEOPLE), (digests[-1], DUE + SLICE_PEOPLE + 1)]
    assert none == b""


async def test_a_slices_bound_may_fall_rise_and_go(store: StateStore) -> None:
    await store.commit(0, Commit(b"", header(1), slices=[(0, 500), (1, 700), (12, 2**47)]))
    await store.commit(0, Commit(header(1), header(2), slices=[(0, 400), (1, None), (3, None)]))
    assert await store.slice_bounds(0) == {0: 400, 12: 2**47}

    await store.commit(0, Commit(header(2), header(3), slices=[(0, 900)]))
    assert await store.slice_bounds(0) == {0: 900, 12: 2**47}


async def test_of_a_slice_named_twice_the_last_bound_holds(store: StateStore) -> None:
    await store.commit(0, Commit(b"", header(1), slices=[(0, 400), (0, 600)]))

    assert await store.slice_bounds(0) == {0: 600}


async def test_who_enters_and_leaves_within_one_commit_is_where_the_last_word_puts_them(store: StateStore) -> None:
    members = [(3, 0, True), (3, 9, True), (3, 9, False), (3, 10, False), (3, 10, True), (4, 17, True)]
    await store.commit(0, Commit(b"", header(1), members=members))

    assert await store.member_count(0, 3) == 2
    assert (await store.member_bits(0, 3)).ljust(2, b"\0") == bytes([0x80, 0x20])
    assert await store.member_bits(0, 4) == bytes([0, 0, 0x40])
    assert await store.member_count(0, 5) == 0

    await store.commit(0, Commit(header(1), header(2), members=[(4, 17, False)]))
    assert await store.member_count(0, 4) == 0
    assert not any(await store.member_bits(0, 4))


async def test_the_outbox_is_a_queue(store: StateStore) -> None:
    await store.commit(0, Commit(b"", header(1), outbox=[b"1", b"2", b"3"]))
    await store.commit(0, Commit(header(1), header(2), outbox=[b"4"], published=2))
    assert await store.outbox(0) == [b"3", b"4"]

    await store.commit(0, Commit(header(2), header(3), published=2))
    assert await store.outbox(0) == []


async def test_what_is_published_goes_before_what_is_new_comes(store: StateStore) -> None:
    """An entry of the same commit is never counted among the published."""
    await store.commit(0, Commit(b"", header(1), outbox=[b"1"]))
    await store.commit(0, Commit(header(1), header(2), outbox=[b"2", b"3"], published=1))

    assert await store.outbox(0) == [b"2", b"3"]


async def test_five_thousand_people_go_in_one_commit(store: StateStore) -> None:
    """More than a Lua call takes arguments at once, in each list."""
    digests = [person_digest(f"user:{number}") for number in range(5_000)]
    commit = Commit(
        b"",
        header(1, people=5_000),
        persons=[(digest, b"state-%d" % number) for number, digest in enumerate(digests)],
        new_people=[(number, digest, DUE + number) for number, digest in enumerate(digests)],
        slices=[(number, DUE + number * SLICE_PEOPLE) for number in range(5_000)],
        members=[(number % 3, number, True) for number in range(5_000)],
        outbox=[b"entry-%d" % number for number in range(5_000)],
    )
    await store.commit(0, commit)

    assert await store.persons(0, digests) == [b"state-%d" % number for number in range(5_000)]
    slices = await store.slices(0, list(range(5_000 // SLICE_PEOPLE + 1)))
    assert [entry for part in slices for entry in read_slice(part)] == [(digest, DUE + number) for number, digest in enumerate(digests)]
    assert await store.slice_bounds(0) == {number: DUE + number * SLICE_PEOPLE for number in range(5_000)}
    assert await store.outbox(0) == [b"entry-%d" % number for number in range(5_000)]
    assert [await store.member_count(0, number) for number in range(3)] == [1667, 1667, 1666]

    gone = replace(commit, before=header(1, people=5_000), after=header(2), slices=[(number, None) for number in range(5_000)], outbox=[])
    gone.published = 5_000
    await store.commit(0, gone)
    assert await store.slice_bounds(0) == {}
    assert await store.outbox(0) == []


async def test_any_bytes_are_kept_as_they_are(store: StateStore) -> None:
    odd = bytes(range(256)) + b"\r\n$-1\r\n{0}"
    await store.commit(0, Commit(b"", odd, persons=[(ANN, odd), (BOB, b"")], outbox=[odd, b""]))

    assert await store.header(0) == odd
    assert await store.persons(0, [ANN, BOB]) == [odd, b""]
    assert await store.outbox(0) == [odd, b""]


async def test_two_partitions_do_not_touch_each_other(store: StateStore) -> None:
    await store.commit(1, full(b"", 1))
    await store.commit(11, full(b"", 7))
    held = await everything(store, 11)
    await store.commit(1, Commit(header(1), header(2), persons=[(ANN, b"new")], members=[(3, 0, False)], slices=[(0, None)], published=2))

    assert await everything(store, 11) == held
    assert await everything(store, 0) == NOTHING


async def test_a_commit_with_the_wrong_number_of_arguments_changes_nothing(redis_url: str) -> None:
    """The script checks them all before it writes: Redis would keep what it wrote before an error."""
    store = RedisStateStore(redis_url)
    try:
        await store.commit(0, full(b"", 1))
        held = await everything(store)
        keys = PartitionKeys(0)
        good = commit_arguments(keys, full(header(1), 2))
        counts = range(3, 11)
        for wrong in [good[:-1], [*good, b"more"], *[[*good[:at], int(good[at]) + 1, *good[at + 1 :]] for at in counts]]:
            with pytest.raises(hiredis.ReplyError, match="EBBTIDE"):
                await store._run(store._commit, keys.header, (keys.outbox, keys.dues), wrong)
        assert await everything(store) == held
    finally:
        store.close()


async def test_a_store_that_has_forgotten_the_script_is_given_it_again(redis_url: str) -> None:
    store = RedisStateStore(redis_url)
    try:
        await store._call("SCRIPT", "FLUSH")
        await store.commit(0, full(b"", 1))
        assert await store.header(0) == header(1)
    finally:
        store.close()


async def test_tombstones_stay_beside_whatever_else_an_id_is(store: StateStore) -> None:
    first, second = Tombstone(7, DUE), Tombstone(2**40, DUE + 1)
    await store.commit(0, Commit(b"", header(1), pointers=[(ANN, Pointer("user:bob", 70_000))], tombstones=[(ANN, first), (EVE, first)]))
    assert await store.tombstones(0, [BOB, ANN, EVE]) == [None, first, first]
    assert await store.pointers(0, [ANN]) == [Pointer("user:bob", 70_000)]

    await store.commit(0, Commit(header(1), header(2), persons=[(ANN, b"ann")], pointers=[(ANN, None)], tombstones=[(ANN, second)]))
    assert await store.tombstones(0, [ANN, EVE]) == [second, first]
    assert (await store.pointers(0, [ANN]), await store.persons(0, [ANN])) == ([None], [b"ann"])
    assert (await store.tombstones(0, []), await store.tombstones(1, [ANN])) == ([], [None])


async def test_a_place_that_is_emptied_leaves_its_neighbours_as_they_are(store: StateStore) -> None:
    people: list[tuple[int, bytes, int | None]] = [(0, ANN, DUE), (SLICE_PEOPLE - 1, BOB, DUE)]
    await store.commit(0, Commit(b"", header(1), new_people=people))
    await store.commit(0, Commit(header(1), header(2), new_people=[(0, NOBODY, None)]))

    (part,) = await store.slices(0, [0])
    assert list(read_slice(part)) == [(BOB, DUE)]
    assert part[:ENTRY_BYTES] == bytes(ENTRY_BYTES)


async def test_what_was_told_of_absorbed_persons_is_kept_by_name_until_it_is_used_or_all_goes(store: StateStore) -> None:
    await store.commit(0, Commit(b"", header(1), pieces=[(ANN, b"one"), (BOB, b"two"), (EVE, b"three")]))
    assert await store.pieces(0, [BOB, ANN]) == [b"two", b"one"]

    await store.commit(0, Commit(header(1), header(2), pieces=[(ANN, None)]))
    assert await store.pieces(0, [ANN, BOB]) == [None, b"two"]

    await store.commit(0, Commit(header(2), header(3), pieces=[(EVE, b"four")], drop_pieces=True))
    assert await store.pieces(0, [ANN, BOB, EVE]) == [None, None, b"four"]
    assert await store.pieces(0, []) == []


async def test_a_pointer_of_an_id_that_was_never_a_person_has_no_offset(store: StateStore) -> None:
    pointers = [(ANN, Pointer("user:bob", -1)), (BOB, Pointer("user:eve", 0)), (EVE, Pointer("user:ann", 1 << 40))]
    await store.commit(0, Commit(b"", header(1), pointers=list(pointers)))

    assert await store.pointers(0, [ANN, BOB, EVE]) == [pointer for _, pointer in pointers]

"""The store in memory: for replays, and for tests of what stands above the port. It passes the port's suite."""

from __future__ import annotations

from typing import TypeVar

from stream.store.layout import ENTRY_BYTES, SLICE_PEOPLE, due_bytes, entry_bytes
from stream.store.port import Commit, CommitRefused, Pointer, Tombstone

T = TypeVar("T")


class _Partition:
    def __init__(self) -> None:
        self.header: bytes | None = None
        self.persons: dict[bytes, bytes] = {}
        self.slices: dict[int, bytearray] = {}
        self.bounds: dict[int, int] = {}
        self.outbox: list[bytes] = []
        self.members: dict[int, set[int]] = {}
        self.pointers: dict[bytes, Pointer] = {}
        self.pieces: dict[bytes, bytes] = {}
        self.tombstones: dict[bytes, Tombstone] = {}


class MemoryStateStore:
    """Keeps what it is given; forgets it with the process."""

    def __init__(self) -> None:
        self._partitions: dict[int, _Partition] = {}

    def _of(self, partition: int) -> _Partition:
        return self._partitions.setdefault(partition, _Partition())

    async def header(self, partition: int) -> bytes | None:
        """See StateStore."""
        return self._of(partition).header

    async def persons(self, partition: int, digests: list[bytes]) -> list[bytes | None]:
        """See StateStore."""
        held = self._of(partition).persons
        return [held.get(digest) for digest in digests]

    async def pointers(self, partition: int, digests: list[bytes]) -> list[Pointer | None]:
        """See StateStore."""
        held = self._of(partition).pointers
        return [held.get(digest) for digest in digests]

    async def pieces(self, partition: int, names: list[bytes]) -> list[bytes | None]:
        """See StateStore."""
        held = self._of(partition).pieces
        return [held.get(name) for name in names]

    async def tombstones(self, partition: int, digests: list[bytes]) -> list[Tombstone | None]:
        """See StateStore."""
        held = self._of(partition).tombstones
        return [held.get(digest) for digest in digests]

    async def slices(self, partition: int, numbers: list[int]) -> list[bytes]:
        """See StateStore."""
        held = self._of(partition).slices
        return [bytes(held.get(number, b"")) for number in numbers]

    async def slice_bounds(self, partition: int) -> dict[int, int]:
        """See StateStore."""
        return dict(self._of(partition).bounds)

    async def outbox(self, partition: int) -> list[bytes]:
        """See StateStore."""
        return list(self._of(partition).outbox)

    async def commit(self, partition: int, commit: Commit) -> None:
        """See StateStore."""
        held = self._of(partition)
        if (held.header or b"") != commit.before:
            if held.header == commit.after:
                return
            raise CommitRefused(held.header)
        held.header = commit.after
        held.persons.update(commit.persons)
        for digest in commit.gone:
            held.persons.pop(digest, None)
        if commit.drop_pieces:
            held.pieces.clear()
        _put(held.pieces, commit.pieces)
        _put(held.pointers, commit.pointers)
        held.tombstones.update(commit.tombstones)
        for number, digest, due in commit.new_people:
            _write(held, number, 0, entry_bytes(digest, due))
        for number, due in commit.dues:
            _write(held, number, ENTRY_BYTES - len(due_bytes(due)), due_bytes(due))
        for number, bound in commit.slices:
            held.bounds.pop(number, None)
            if bound is not None:
                held.bounds[number] = bound
        for segment, number, inside in commit.members:
            people = held.members.setdefault(segment, set())
            people.add(number) if inside else people.discard(number)
        del held.outbox[: commit.published]
        held.outbox.extend(commit.outbox)

    async def member_count(self, partition: int, segment: int) -> int:
        """See StateStore."""
        return len(self._of(partition).members.get(segment, ()))

    async def member_bits(self, partition: int, segment: int) -> bytes:
        """See StateStore."""
        people = self._of(partition).members.get(segment, set())
        bits = bytearray(max(people, default=-1) // 8 + 1)
        for number in people:
            bits[number // 8] |= 0x80 >> (number % 8)
        return bytes(bits)


def _put(held: dict[bytes, T], items: list[tuple[bytes, T | None]]) -> None:
    for name, value in items:
        held.pop(name, None)
        if value is not None:
            held[name] = value


def _write(held: _Partition, number: int, offset: int, packed: bytes) -> None:
    part = held.slices.setdefault(number // SLICE_PEOPLE, bytearray(SLICE_PEOPLE * ENTRY_BYTES))
    at = number % SLICE_PEOPLE * ENTRY_BYTES + offset
    part[at : at + len(packed)] = packed

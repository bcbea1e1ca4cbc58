"""The store in Redis: one read and one script a batch, over one link that is made again whenever it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha1
from importlib.resources import files
from itertools import chain
from typing import Any, Final, TypeVar

import hiredis

from schemas.errors import Unavailable
from stream.store.layout import DIGEST_BYTES, ENTRY_BYTES, NOBODY, SLICE_BYTES, SLICE_PEOPLE, PartitionKeys, due_bytes, entry_bytes
from stream.store.link import RedisLink, connect
from stream.store.port import Commit, CommitRefused, Pointer, Tombstone

_NOT_NOW: Final = ("LOADING", "MASTERDOWN", "READONLY", "CLUSTERDOWN", "TRYAGAIN", "OOM", "MISCONF", "BUSY")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Script:
    text: bytes
    sha: bytes

    @classmethod
    def named(cls, name: str) -> _Script:
        text = files("stream.store").joinpath(name).read_bytes()
        return cls(text, sha1(text, usedforsecurity=False).hexdigest().encode())


class RedisStateStore:
    """Partitions' states in one Redis. ``url`` names it; ``timeout_seconds`` bounds every answer."""

    def __init__(self, url: str, timeout_seconds: float = 5.0) -> None:
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._link: RedisLink | None = None
        self._connecting = asyncio.Lock()
        self._keys: dict[int, PartitionKeys] = {}
        self._commit, self._pointers = _Script.named("commit.lua"), _Script.named("pointers.lua")

    def close(self) -> None:
        """Drop the connection."""
        if self._link is not None:
            self._link.close()

    async def ping(self) -> None:
        """Raises Unavailable if Redis does not answer."""
        await self._call("PING")

    async def header(self, partition: int) -> bytes | None:
        """See StateStore."""
        packed: bytes | None = await self._call("GET", self._of(partition).header)
        return packed

    async def persons(self, partition: int, digests: list[bytes]) -> list[bytes | None]:
        """See StateStore."""
        if not digests:
            return []
        key = self._of(partition).person
        packed: list[bytes | None] = await self._call("MGET", *[key(digest) for digest in digests])
        return packed

    async def pointers(self, partition: int, digests: list[bytes]) -> list[Pointer | None]:
        """See StateStore."""
        if not digests:
            return []
        found = await self._fields(partition, map(self._of(partition).pointer, digests))
        return [None if packed is None else Pointer.unpack(packed) for packed in found]

    async def pieces(self, partition: int, names: list[bytes]) -> list[bytes | None]:
        """See StateStore."""
        if not names:
            return []
        key = self._of(partition).pieces
        return await self._fields(partition, ((key, name) for name in names))

    async def tombstones(self, partition: int, digests: list[bytes]) -> list[Tombstone | None]:
        """See StateStore."""
        if not digests:
            return []
        found = await self._fields(partition, map(self._of(partition).tombstone, digests))
        return [None if packed is None else Tombstone.unpack(packed) for packed in found]

    async def _fields(self, partition: int, places: Iterable[tuple[bytes, bytes]]) -> list[bytes | None]:
        found: list[bytes] = await self._run(self._pointers, self._of(partition).header, (), chain.from_iterable(places))
        return [held or None for held in found]

    async def slices(self, partition: int, numbers: list[int]) -> list[bytes]:
        """See StateStore."""
        keys = self._of(partition)
        packed: list[bytes | None] = await self._call("MGET", *[keys.slice(number) for number in numbers])
        return [part or b"" for part in packed]

    async def slice_bounds(self, partition: int) -> dict[int, int]:
        """See StateStore."""
        found: list[bytes] = await self._call("ZRANGE", self._of(partition).dues, 0, -1, "WITHSCORES")
        return {int(found[at]): int(float(found[at + 1])) for at in range(0, len(found), 2)}

    async def outbox(self, partition: int) -> list[bytes]:
        """See StateStore."""
        entries: list[bytes] = await self._call("LRANGE", self._of(partition).outbox, 0, -1)
        return entries

    async def commit(self, partition: int, commit: Commit) -> None:
        """See StateStore. A commit whose answer is lost is sent again: the header tells whether it happened."""
        keys = self._of(partition)
        answer = await self._run(self._commit, keys.header, (keys.outbox, keys.dues), commit_arguments(keys, commit))
        if answer != 1:
            raise CommitRefused(answer[0] or None)

    async def member_count(self, partition: int, segment: int) -> int:
        """See StateStore."""
        count: int = await self._call("BITCOUNT", self._of(partition).members(segment))
        return count

    async def member_bits(self, partition: int, segment: int) -> bytes:
        """See StateStore."""
        bits: bytes | None = await self._call("GET", self._of(partition).members(segment))
        return bits or b""

    def _of(self, partition: int) -> PartitionKeys:
        keys = self._keys.get(partition)
        if keys is None:
            keys = self._keys[partition] = PartitionKeys(partition)
        return keys

    async def _run(self, script: _Script, key: bytes, keys: Sequence[bytes], arguments: Iterable[bytes | int]) -> Any:
        call = ("EVALSHA", script.sha, 1 + len(keys), key, *keys, *arguments)
        try:
            return await self._call(*call)
        except hiredis.ReplyError as error:
            if not str(error).startswith("NOSCRIPT"):
                raise
        await self._call("SCRIPT", "LOAD", script.text)
        return await self._call(*call)

    async def _call(self, *arguments: bytes | str | int) -> Any:
        link = self._link
        if link is None or not link.is_open:
            link = await self._connected()
        try:
            return await link.call(*arguments)
        except hiredis.ReplyError as error:
            text = str(error)
            if text.startswith(_NOT_NOW):
                raise Unavailable(f"Redis answers: {text}") from None
            raise

    async def _connected(self) -> RedisLink:
        async with self._connecting:
            if self._link is None or not self._link.is_open:
                self._link = await connect(self._url, self._timeout_seconds)
            return self._link


def commit_arguments(keys: PartitionKeys, commit: Commit) -> list[bytes | int]:
    """The script's arguments for a commit."""
    persons = [item for digest, packed in commit.persons for item in (keys.person(digest), packed)]
    ranges = _ranges(keys, commit)
    bounds: list[bytes | int] = [item for number, bound in commit.slices if bound is not None for item in (bound, number)]
    unbounds: list[bytes | int] = [number for number, bound in commit.slices if bound is None]
    bits: list[bytes | int] = [item for segment, number, inside in commit.members for item in (keys.members(segment), number, int(inside))]
    gone = [*map(keys.person, commit.gone), *([keys.pieces] if commit.drop_pieces else [])]
    pointers: list[bytes | int] = [
        item for digest, target in commit.pointers for item in (*keys.pointer(digest), b"" if target is None else target.pack())
    ]
    pointers += [item for name, piece in commit.pieces for item in (keys.pieces, name, piece or b"")]
    pointers += [item for digest, erasure in commit.tombstones for item in (*keys.tombstone(digest), erasure.pack())]
    items: tuple[Sequence[bytes | int], ...] = (persons, ranges, bounds, unbounds, bits, commit.outbox, gone, pointers)
    return [commit.before, commit.after, commit.published, *map(len, items), *chain.from_iterable(items)]


def _ranges(keys: PartitionKeys, commit: Commit) -> list[bytes | int]:
    """SETRANGE items. A slice is made whole with its first person, because Redis doubles a string that grows; whose place is emptied has
    been there before.
    """
    ranges: list[bytes | int] = []
    for number, digest, due in commit.new_people:
        key, place = keys.slice(number // SLICE_PEOPLE), number % SLICE_PEOPLE
        if place == 0 and digest != NOBODY:
            ranges += (key, SLICE_BYTES - 1, b"\0")
        ranges += (key, place * ENTRY_BYTES, entry_bytes(digest, due))
    for number, due in commit.dues:
        place = number % SLICE_PEOPLE
        ranges += (keys.slice(number // SLICE_PEOPLE), place * ENTRY_BYTES + DIGEST_BYTES, due_bytes(due))
    return ranges


async def until_available(call: Callable[[], Awaitable[T]], pause_seconds: float = 0.05, longest_seconds: float = 1.0) -> T:
    """Repeat a call while it raises Unavailable, with a growing pause; the caller's watchdog bounds the whole."""
    while True:
        try:
            return await call()
        except Unavailable:
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(pause_seconds * 2, longest_seconds)

"""How a partition's state lies in Redis. Every key carries the hash tag ``{partition}``: one script can touch them all.

| key | type | holds |
|---|---|---|
| ``{p}h`` | string | the lane's header: token, commit number, cursor, clock, counters (LaneHeader, msgpack) |
| ``{p}o`` | list | the outbox: transitions that are committed and not yet known to be published |
| ``{p}d`` | sorted set | slice → a time before which nobody in it is due |
| ``{p}s<n>`` | string | slice n: 128 entries of 18 bytes, digest (12) and due time (6, big-endian ms; 0: none) |
| ``{p}m<n>`` | bitmap | segment n: the numbers of the people who are in it |
| ``{p}i<n>`` | hash | pointers whose digest begins with the 11 bits n: the digest's other bytes → offset (6 bytes), canonical id |
| ``{p}e<n>`` | hash | tombstones, by digest as pointers are: offset and time of an erasure, 14 bytes |
| ``{p}g`` | hash | while a set of definitions is being filled: what other lanes have told of absorbed persons |
| ``{p}`` + digest | string | one person (tagging.codec) |
| ``{p}`` + digest + ``f`` | string | the person's shadow, while a set of definitions is being filled |

A person is named by a digest, because an id may hold braces, which would move the hash tag.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Final

SLICE_PEOPLE: Final = 128
DIGEST_BYTES: Final = 12
DUE_BYTES: Final = 6
ENTRY_BYTES: Final = DIGEST_BYTES + DUE_BYTES
SLICE_BYTES: Final = SLICE_PEOPLE * ENTRY_BYTES


def person_digest(person_id: str) -> bytes:
    """Twelve bytes of BLAKE2b: two people share one with a chance of 10⁻¹¹ among a thousand million."""
    return blake2b(person_id.encode(), digest_size=DIGEST_BYTES).digest()


def shadow_digest(digest: bytes) -> bytes:
    """The name of a person's shadow: longer than any digest, so no person has it."""
    return digest + b"f"


def former_name(digest: bytes, offset: int) -> bytes:
    """The name of a pointer that a split has ended: it was made by the record at the offset. Longer than any digest, so no id has it."""
    return digest + offset.to_bytes(8, "big")


def parted_name(digest: bytes, other: bytes) -> bytes:
    """The name of the mark that a split took an id away from a person; both by their digests. Longer than any other name."""
    return digest + other


class PartitionKeys:
    """The keys of one partition."""

    __slots__ = ("_tag", "dues", "header", "outbox", "pieces")

    def __init__(self, partition: int) -> None:
        self._tag = b"{%d}" % partition
        self.header = self._tag + b"h"
        self.outbox = self._tag + b"o"
        self.dues = self._tag + b"d"
        self.pieces = self._tag + b"g"

    def person(self, digest: bytes) -> bytes:
        """Key of a person. Digests have a length of their own, so no other key collides."""
        return self._tag + digest

    def slice(self, number: int) -> bytes:
        """Key of a slice."""
        return self._tag + b"s%d" % number

    def pointer(self, digest: bytes) -> tuple[bytes, bytes]:
        """Key of the hash that a pointer is in, and its field there.

        Hashes of up to 128 fields are lists to Redis: some forty bytes a pointer among 12 000 in a partition (54 with twice as many
        hashes, 100 with eight times; a key of its own costs as much).
        """
        return self._tag + b"i%d" % (int.from_bytes(digest[:2], "big") >> 5), digest[1:]

    def tombstone(self, digest: bytes) -> tuple[bytes, bytes]:
        """Key of the hash that a tombstone is in, and its field there."""
        return self._tag + b"e%d" % (int.from_bytes(digest[:2], "big") >> 2), digest[1:]

    def members(self, segment: int) -> bytes:
        """Key of a segment's bitmap."""
        return self._tag + b"m%d" % segment


def entry_bytes(digest: bytes, due_ms: int | None) -> bytes:
    """One entry of a slice."""
    return digest + due_bytes(due_ms)


def due_bytes(due_ms: int | None) -> bytes:
    """A due time as a slice holds it."""
    return (due_ms or 0).to_bytes(DUE_BYTES, "big")


def read_slice(packed: bytes) -> Iterator[tuple[bytes, int | None]]:
    """(digest, due time or None) of each person in a slice, in order of their numbers; empty places are left out."""
    for at in range(0, len(packed) - ENTRY_BYTES + 1, ENTRY_BYTES):
        digest = packed[at : at + DIGEST_BYTES]
        if digest != NOBODY:
            yield digest, int.from_bytes(packed[at + DIGEST_BYTES : at + ENTRY_BYTES], "big") or None


NOBODY: Final = bytes(DIGEST_BYTES)
"""What stands in a slice where nobody is any more."""

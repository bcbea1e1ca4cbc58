"""The port of the state store, and what goes through it.

One writer: a commit names the header it was read under; the store refuses it if that is not, byte for byte, what it
holds. So a commit either happens whole, once, on top of the state it was computed from, or not at all; and the same
commit sent again after a lost answer is recognised.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

import msgspec

from schemas.errors import EbbtideError, Misconfigured

HEADER_FORMAT: Final = 2


class Filling(msgspec.Struct, array_like=True, frozen=True):
    """A set of definitions that is being filled from the past beside the one that holds.

    The records before ``cursor`` have been read; ``until``: where the set was asked for. ``old``: the version that held then;
    ``settings``: the one whose settings hold at the cursor. ``clock`` in absolute ms. ``began``: the number of the commit that began it;
    no other filling of the partition has it, not even of the same set after one that was given up. ``received``: how many internal
    records have been taken from each partition (empty: none); ``trimmed``: the log had lost its beginning. ``marks``: as in the header.
    ``told``: how many records of absorbed persons the filling has sent to each partition (empty: none). ``switches``: (version, barrier)
    of the sets before the cursor at which the time changed after which people are forgotten.
    """

    version: int
    old: int
    until: int
    cursor: int = 0
    clock: int = 0
    settings: int = 0
    began: int = 0
    received: tuple[int, ...] = ()
    trimmed: bool = False
    marks: tuple[tuple[bytes, int], ...] = ()
    told: tuple[int, ...] = ()
    switches: tuple[tuple[int, int], ...] = ((0, 0),)


class Gathering(msgspec.Struct, array_like=True, frozen=True):
    """What other lanes have told of absorbed persons for the filling of ``version`` over ``old``: how many records of each partition have
    been taken, and at which offset its filling began (-1: it has not told).
    """

    version: int
    old: int
    heard: tuple[int, ...]
    starts: tuple[int, ...]


class Pointer(NamedTuple):
    """For whom an id stands: the canonical id of that person, and the offset of the record that decided it; -1 if the id had never
    been a person itself.
    """

    target: str
    offset: int

    def pack(self) -> bytes:
        """The number of the offset's bytes, the offset, the id."""
        offset = b"" if self.offset < 0 else self.offset.to_bytes(max(1, -(-self.offset.bit_length() // 8)), "big")
        return bytes([len(offset)]) + offset + self.target.encode()

    @classmethod
    def unpack(cls, packed: bytes) -> Pointer:
        """Read it back."""
        end = 1 + packed[0]
        return cls(packed[end:].decode(), int.from_bytes(packed[1:end], "big") if end > 1 else -1)


class Tombstone(NamedTuple):
    """An erasure: the offset of the record that asked for it, and the lane's clock at it, absolute ms."""

    offset: int
    at_ms: int

    def pack(self) -> bytes:
        """Fourteen bytes, whoever was erased."""
        return self.offset.to_bytes(8, "big") + self.at_ms.to_bytes(6, "big")

    @classmethod
    def unpack(cls, packed: bytes) -> Tombstone:
        """Read it back."""
        return cls(int.from_bytes(packed[:8], "big"), int.from_bytes(packed[8:], "big"))


class LaneHeader(msgspec.Struct, array_like=True, frozen=True):
    """What is true of a partition as a whole, as of its last commit. Times are absolute milliseconds.

    ``cursor``: the next offset to read. ``switches``: (version, barrier) of the definitions that people may still be
    under, oldest first; the last is the current one. ``swept`` of ``sweep_to`` people have been brought to it (who came
    later was under it from the start). ``prepared``: the greatest version that a record has asked for; ``filling``: what is being
    filled; ``filled``: ``began`` of the filling whose shadows people adopt as they are brought to the current version, 0 for none.
    ``sent``, ``received``: how many internal records have gone to, and come from, each partition (empty: none).
    ``erased_ms``: the clock at the newest erasure of an id of the partition, 0 for none; whoever begins to exist does so after it.
    ``marks``: (collector's name, greatest number) of those heard of last, the newest at the end (see ``schemas.spool_mark``).
    ``gathering``: what has been told for the filling of the newest set; ``before``: the version that held before the current one.
    ``parted``: whether anybody of the partition may come from a split.
    ``forgotten``: how many people have been forgotten because they were inactive.
    """

    format: int = HEADER_FORMAT
    epoch: int = 0
    token: bytes = b""
    number: int = 0
    topic_id: str = ""
    partitions: int = 0
    cursor: int = 0
    clock: int = 0
    people: int = 0
    applied: int = 0
    duplicates: int = 0
    dead_letters: int = 0
    transitions: int = 0
    switches: tuple[tuple[int, int], ...] = ((0, 0),)
    swept: int = 0
    sweep_to: int = 0
    prepared: int = 0
    filling: Filling | None = None
    filled: int = 0
    sent: tuple[int, ...] = ()
    received: tuple[int, ...] = ()
    erased_ms: int = 0
    marks: tuple[tuple[bytes, int], ...] = ()
    gathering: Gathering | None = None
    before: int = 0
    parted: bool = False
    forgotten: int = 0


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(LaneHeader)


def pack_header(header: LaneHeader) -> bytes:
    """The header as the store holds it."""
    return _encoder.encode(header)


def unpack_header(packed: bytes) -> LaneHeader:
    """Read a header.

    Raises:
        Misconfigured: it was written by another version of Ebbtide.
    """
    header = _decoder.decode(packed)
    if header.format != HEADER_FORMAT:
        raise Misconfigured(f"the store has lane format {header.format}, this version reads {HEADER_FORMAT}")
    return header


@dataclass(slots=True)
class Commit:
    """Everything one batch changes in one partition.

    ``persons``: (digest, packed). ``new_people``: (number, digest, due). ``dues``: (number, due) of people who are known.
    ``slices``: (slice, lower bound or None). ``members``: (segment, person's number, in). ``outbox`` is appended;
    the oldest ``published`` entries go. ``gone``: digests whose state is deleted. ``pointers``: (digest, for whom it stands; None: for
    nobody any more). ``tombstones``: (digest, the newest erasure of the id). ``pieces``: (name, what was told of an absorbed person; None:
    it has been used); with ``drop_pieces`` all that there were go first.
    """

    before: bytes
    after: bytes
    persons: list[tuple[bytes, bytes]] = field(default_factory=list)
    new_people: list[tuple[int, bytes, int | None]] = field(default_factory=list)
    dues: list[tuple[int, int | None]] = field(default_factory=list)
    slices: list[tuple[int, int | None]] = field(default_factory=list)
    members: list[tuple[int, int, bool]] = field(default_factory=list)
    outbox: list[bytes] = field(default_factory=list)
    published: int = 0
    gone: list[bytes] = field(default_factory=list)
    pointers: list[tuple[bytes, Pointer | None]] = field(default_factory=list)
    tombstones: list[tuple[bytes, Tombstone]] = field(default_factory=list)
    pieces: list[tuple[bytes, bytes | None]] = field(default_factory=list)
    drop_pieces: bool = False


class CommitRefused(EbbtideError):
    """The store holds another header than the commit was computed under: ``found`` (None: it holds none)."""

    def __init__(self, found: bytes | None) -> None:
        super().__init__("the partition's header is not the one that was read")
        self.found = found


class StateStore(Protocol):
    """Where partitions' states are kept. All calls may raise ``Unavailable``; none may be cancelled half way."""

    async def header(self, partition: int) -> bytes | None:
        """The packed header; None for a partition that never had an owner."""
        ...

    async def persons(self, partition: int, digests: list[bytes]) -> list[bytes | None]:
        """The packed persons, in the order asked for."""
        ...

    async def pointers(self, partition: int, digests: list[bytes]) -> list[Pointer | None]:
        """For whom ids stand that are not persons themselves, in the order asked for."""
        ...

    async def pieces(self, partition: int, names: list[bytes]) -> list[bytes | None]:
        """What has been told of absorbed persons, in the order asked for."""
        ...

    async def tombstones(self, partition: int, digests: list[bytes]) -> list[Tombstone | None]:
        """The newest erasures of ids, in the order asked for."""
        ...

    async def slices(self, partition: int, numbers: list[int]) -> list[bytes]:
        """The packed slices, in the order asked for; empty where there is none."""
        ...

    async def slice_bounds(self, partition: int) -> dict[int, int]:
        """Slice → a time before which nobody in it is due; slices in which nobody is due are left out."""
        ...

    async def outbox(self, partition: int) -> list[bytes]:
        """What is committed and perhaps not published, oldest first."""
        ...

    async def commit(self, partition: int, commit: Commit) -> None:
        """Make all of the commit true, or none of it.

        Raises:
            CommitRefused: the header found is neither ``before`` nor ``after``.
        """
        ...

    async def member_count(self, partition: int, segment: int) -> int:
        """How many people of the partition are in a segment."""
        ...

    async def member_bits(self, partition: int, segment: int) -> bytes:
        """The segment's bitmap: bit n (the highest of a byte first) is person n."""
        ...

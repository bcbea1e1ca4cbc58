"""The register of uploaded lists: whom the log has been told that each list names.

The log says of a person what the last record about it said; a put must know whom the puts before it named, to take back those who are
not in its file. The register is that knowledge, in buckets by the digest of the id, so that no list need be in memory as a whole.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from schemas.errors import EbbtideError
from stream.store.layout import person_digest

BUCKETS: Final = 256
_pairs: Final = msgspec.msgpack.Decoder(tuple[list[str], list[str]])


@dataclass(frozen=True, slots=True)
class Bucket:
    """A part of a list: ids that the log is ``sure`` to name, and those of which it is ``unsure`` because a put is or was under way."""

    sure: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()

    def announced(self, wanted: frozenset[str]) -> Bucket:
        """The bucket while a put makes it ``wanted``: whatever it is about to add or to take back is unsure."""
        return Bucket(self.sure & wanted, (self.sure | self.unsure | wanted) - (self.sure & wanted))


NOBODY: Final = Bucket()


class ListBusy(EbbtideError):
    """Another put of the list is under way."""


class ListTaken(EbbtideError):
    """This put has lost its hold of the list: it paused for too long, and another may have begun."""


class ListRegister(Protocol):
    """Where lists are kept. Every write is made only while the put that ``token`` names holds the list. All calls may raise
    what the store raises when it is away.
    """

    async def begin(self, list_id: str, token: str, now_ms: int) -> int:
        """Hold the list; the version of this put: greater than all before it, and not less than the time in ms.

        Raises:
            ListBusy: another put holds it.
        """
        ...

    async def numbers(self, list_id: str) -> list[int]:
        """The buckets in which somebody is, ascending."""
        ...

    async def bucket(self, list_id: str, number: int) -> Bucket:
        """One bucket."""
        ...

    async def write(self, list_id: str, token: str, number: int, bucket: Bucket) -> None:
        """Write one bucket, and hold the list anew.

        Raises:
            ListTaken: the put does not hold it any more.
        """
        ...

    async def settle(self) -> None:
        """Return when what was written will be there after a crash of the store."""
        ...

    async def end(self, list_id: str, token: str) -> None:
        """Let the list go, if the put still holds it."""
        ...

    async def lists(self) -> dict[str, int]:
        """The version of every list that was ever put, by id."""
        ...


def bucket_of(person: str) -> int:
    """The bucket that an id belongs to."""
    return person_digest(person)[0]


def pack_bucket(bucket: Bucket) -> bytes:
    """The stored form: about a third of the ids' own length."""
    return zlib.compress(msgspec.msgpack.encode((sorted(bucket.sure), sorted(bucket.unsure))))


def unpack_bucket(packed: bytes | None) -> Bucket:
    """Read the stored form; None is nobody."""
    if packed is None:
        return NOBODY
    sure, unsure = _pairs.decode(zlib.decompress(packed))
    return Bucket(frozenset(sure), frozenset(unsure))

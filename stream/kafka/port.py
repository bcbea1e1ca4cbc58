"""The ports of the log: what a lane reads, and how something is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from schemas.definitions.model import Bundle

Headers = Sequence[tuple[str, bytes]]


class Record(Protocol):
    """One record as read; aiokafka's ConsumerRecord is one. ``timestamp`` is the append time in ms since 1970 UTC."""

    @property
    def offset(self) -> int: ...  # noqa: D102 - a field
    @property
    def timestamp(self) -> int: ...  # noqa: D102 - a field
    @property
    def key(self) -> bytes | None: ...  # noqa: D102 - a field
    @property
    def value(self) -> bytes | None: ...  # noqa: D102 - a field
    @property
    def headers(self) -> Headers: ...  # noqa: D102 - a field


class PastLog(Protocol):
    """Reads the events topic again, apart from those who follow it. Both may raise Unavailable."""

    async def start(self, partition: int) -> int:
        """The first offset that the log still has."""
        ...

    async def read(self, partition: int, offset: int, most: int) -> Sequence[Record]:
        """Up to ``most`` records from an offset on; empty if the log has none there."""
        ...


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record outside of a client library: from a replay, or in a test."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Message:
    """One record to be written."""

    key: bytes | None
    value: bytes | None
    headers: Headers = field(default=())


class Publisher(Protocol):
    """Writes records durably."""

    async def publish(self, topic: str, partition: int, messages: Iterable[Message]) -> None:
        """Write in order; return once all replicas have them. Raises Unavailable; then some may have been written."""
        ...


class Bundles(Protocol):
    """The sets of definitions by version."""

    async def bundle(self, version: int) -> Bundle:
        """The set of a version. A set is always on the log before a record names it.

        Raises:
            Unavailable: the log cannot be read now.
            Rejected: ``unreadable-internal``, the log has been read to its end and holds no such set.
        """
        ...

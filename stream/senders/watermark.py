"""Which offset of a partition may be committed: everything before it is delivered or dead-lettered.

Committing only the lowest unfinished offset would send again, after a kill, all that was finished beyond it, and one
transition that waits for days makes that a lot. So the unfinished offsets travel with the commit, as its metadata.
"""

from __future__ import annotations

import base64
import binascii
from collections import deque

_VERSION = "1"
LONGEST_METADATA = 3_500
"""Characters; the broker's default bound is 4 096 bytes."""


class Watermark:
    """The unfinished offsets of one partition, in order; offsets are begun in rising order and finished in any."""

    def __init__(self, metadata: str = "", position: int | None = None) -> None:
        self._unfinished: dict[int, None] = {}
        self._from_before: deque[int] = deque()
        self._resumed = 0
        self._next: int | None = None
        if position is not None:
            self._next, pending = _decoded(metadata, position)
            self._resumed = self._next
            self._from_before.extend(pending)
            self._unfinished.update(dict.fromkeys(pending))

    def begin(self, offset: int) -> bool:
        """A record was read; False when an earlier owner had finished it already."""
        while self._from_before and self._from_before[0] < offset:
            # Offsets that are skipped now are gone from the log: nobody will ever finish them.
            self._unfinished.pop(self._from_before.popleft(), None)
        if offset < self._resumed:
            if not self._from_before or self._from_before[0] != offset:
                return False
            self._from_before.popleft()
            return True
        self._unfinished[offset] = None
        self._next = offset + 1
        return True

    def finish(self, offset: int) -> None:
        """The record is delivered, dead-lettered or not wanted."""
        self._unfinished.pop(offset, None)

    @property
    def position(self) -> int | None:
        """The offset to commit; None: nothing is known yet."""
        return next(iter(self._unfinished), self._next)

    def metadata(self) -> str:
        """What is unfinished from ``position`` on; cut at ``LONGEST_METADATA``, which may send some again and loses nothing."""
        position = self.position
        if position is None or self._next is None:
            return ""
        return _encoded(position, self._next, list(self._unfinished))


def _encoded(position: int, following: int, unfinished: list[int]) -> str:
    most_bytes = (LONGEST_METADATA - 1) * 3 // 4 - 20
    gaps = bytearray()
    at = position
    for offset in unfinished:
        if len(gaps) > most_bytes:
            following = offset
            break
        _put(gaps, offset - at)
        at = offset
    head = bytearray()
    _put(head, following - position)
    return _VERSION + base64.b64encode(bytes(head + gaps)).decode()


def _decoded(metadata: str, position: int) -> tuple[int, list[int]]:
    if not metadata.startswith(_VERSION):
        return position, []
    try:
        numbers = _numbers(base64.b64decode(metadata[1:], validate=True))
    except (binascii.Error, ValueError):
        return position, []
    if not numbers:
        return position, []
    unfinished = []
    at = position
    for gap in numbers[1:]:
        at += gap
        unfinished.append(at)
    return position + numbers[0], unfinished


def _put(into: bytearray, number: int) -> None:
    while number > 0x7F:
        into.append(number & 0x7F | 0x80)
        number >>= 7
    into.append(number)


def _numbers(data: bytes) -> list[int]:
    numbers = []
    number = shift = 0
    for byte in data:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(number)
            number = shift = 0
    return numbers

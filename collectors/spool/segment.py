"""One file of the spool: records are appended to it until it is full, and it goes when all of them are drained."""

from __future__ import annotations

import os
import re
import secrets
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from collectors.spool.frame import HEAD_BYTES, Spooled, frame_of, frames_in, read_frame
from schemas.spool_mark import NAME_BYTES

_FILE: Final = re.compile(r"(\d{10})-([0-9a-f]{16})-([0-9a-f]{16})\.spool")
_READ_BYTES: Final = 4_096
SEGMENT_BYTES_MAX: Final = 1 << 30

Places = dict[int, int]
"""Lane → a place in a file; what begins before it is drained."""


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes that are no record: ``is_tail`` if no whole record follows them."""

    start: int
    data: bytes
    is_tail: bool


class Segment:
    """An open file. Its name holds its number, the name of the collector that wrote it, and its salt.

    Of each lane the places of the records that are still to be drained are kept: four bytes a record.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        parts = _FILE.fullmatch(path.name)
        assert parts is not None
        self.path = path
        self.number = int(parts[1])
        self.name = bytes.fromhex(parts[2])
        self._salt = int(parts[3], 16)
        self._descriptor = descriptor
        self.bytes = 0
        self.waiting = 0
        self._places: dict[int, array[int]] = {}
        self._next: dict[int, int] = {}

    @classmethod
    def create(cls, folder: Path, number: int, name: bytes) -> Segment:
        """A new, empty file. Raises OSError."""
        path = folder / f"{number:010}-{name.hex()}-{secrets.token_hex(8)}.spool"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            sync_folder(folder)
        except OSError:
            os.close(descriptor)
            raise
        return cls(path, descriptor)

    @classmethod
    def open(cls, path: Path, drained: Places) -> tuple[Segment, list[Damage]]:
        """A file that is there, and what of it cannot be read. Raises OSError."""
        segment = cls(path, os.open(path, os.O_RDWR | os.O_CLOEXEC))
        data = path.read_bytes()
        damages = []
        for start, end, record in frames_in(data, segment._salt):
            if record is None:
                damages.append(Damage(start, data[start:end], is_tail=end == len(data)))
            elif start >= drained.get(record.lane, 0):
                segment._note(record.lane, start)
        segment.bytes = len(data)
        return segment, damages

    def append(self, records: Sequence[Spooled]) -> None:
        """Write records and wait until the disk has them. Raises OSError; then the file must not be written to again."""
        frames = [frame_of(record, self._salt) for record in records]
        data = memoryview(b"".join(frames))
        at = self.bytes
        while data:
            written = os.pwrite(self._descriptor, data, at)
            data, at = data[written:], at + written
        os.fdatasync(self._descriptor)
        for record, frame in zip(records, frames, strict=True):
            self._note(record.lane, self.bytes)
            self.bytes += len(frame)

    def forget_the_rest(self) -> None:
        """Cut off what a failed write may have left. Raises OSError."""
        os.ftruncate(self._descriptor, self.bytes)

    def of(self, lane: int) -> int:
        """How many records of a lane are still to be drained."""
        return len(self._places.get(lane, ())) - self._next.get(lane, 0)

    @property
    def lanes(self) -> list[int]:
        """Lanes that have records here to be drained."""
        return [lane for lane in self._places if self.of(lane)]

    def read(self, lane: int, most: int, most_bytes: int) -> tuple[list[Spooled], Damage | None]:
        """The next records of a lane, and what keeps the one after them from being read. At least one, however large. Raises OSError."""
        records: list[Spooled] = []
        first = self._next.get(lane, 0)
        for place in self._places.get(lane, array("I"))[first : first + most]:
            record, size = self._read_at(place)
            if record is None:
                return records, Damage(place, os.pread(self._descriptor, size, place), is_tail=False)
            most_bytes -= size
            if records and most_bytes < 0:
                break
            records.append(record)
        return records, None

    def oldest_ms(self) -> int | None:
        """When the first record that is to be drained was accepted, if it can be read. Raises OSError."""
        first = min((self._places[lane][self._next.get(lane, 0)] for lane in self.lanes), default=None)
        record = None if first is None else self._read_at(first)[0]
        return None if record is None else record.at_ms

    def pass_over(self, lane: int, count: int) -> int:
        """Count the next records of a lane as drained; the place for ``Places``."""
        self._next[lane] = self._next.get(lane, 0) + count
        self.waiting -= count
        last = self._places[lane][self._next[lane] - 1]
        return last + 1

    def remove(self) -> None:
        """Close and delete the file. Raises OSError."""
        self.close()
        self.path.unlink()

    def close(self) -> None:
        """Close the file. Raises OSError."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)

    def _read_at(self, place: int) -> tuple[Spooled | None, int]:
        """A record and its size, or None and the size of what is there instead."""
        data = os.pread(self._descriptor, _READ_BYTES, place)
        if len(data) >= HEAD_BYTES:
            needed = HEAD_BYTES + int.from_bytes(data[4:8], "little")
            if len(data) < needed <= self.bytes - place:
                data = os.pread(self._descriptor, needed, place)
        found = read_frame(data, 0, self._salt)
        if found is None or found.record is None:
            return None, min(len(data), self._room_at(place))
        return found.record, found.end

    def _room_at(self, place: int) -> int:
        """Bytes from a place to the next record that is known of any lane."""
        following = [other for places in self._places.values() for other in places if other > place]
        return min(following, default=self.bytes) - place

    def _note(self, lane: int, place: int) -> None:
        self._places.setdefault(lane, array("I")).append(place)
        self.waiting += 1


def segments_in(folder: Path) -> list[Path]:
    """The spool's files, oldest first. Raises OSError."""
    return sorted(path for path in folder.iterdir() if _FILE.fullmatch(path.name))


def number_of(path: Path) -> int:
    """A file's number."""
    return int(path.name[:10])


def new_name() -> bytes:
    """A name that no other collector has, nor this one had in another life."""
    return secrets.token_bytes(NAME_BYTES)


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the folder's entries. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

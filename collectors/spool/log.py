"""The spool's files together: what is appended last is drained last, lane by lane. Blocking; one thread at a time.

Nothing here throws bytes away that are not drained: what cannot be read is copied aside, counted, and passed over.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from collectors.spool.frame import Spooled
from collectors.spool.segment import Damage, Places, Segment, new_name, number_of, segments_in, sync_folder
from schemas.errors import Misconfigured

_ASIDE_BYTES_MAX: Final = 256 << 20
_log: Final = logging.getLogger(__name__)

Positions = dict[int, tuple[int, int]]
"""Lane → (a file's number, place): what is before it is drained."""


@dataclass(slots=True)
class Tally:
    """What has happened since the spool was opened."""

    cut_tails: int = 0
    set_aside: int = 0
    errors: int = 0


class SegmentLog:
    """The files of one folder. ``name``: of this collector in this life. ``counted``: what went wrong."""

    def __init__(self, folder: Path, segment_bytes: int) -> None:
        self.name = new_name()
        self.counted = Tally()
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._segments: list[Segment] = []
        self._active: Segment | None = None
        self._positions: Positions = {}
        self._last_number = 0
        self._is_saved = True
        self._lock = -1

    def open(self) -> None:
        """Take the folder, and find what is to be drained. A file that is damaged, or cannot be read at all, keeps nobody from starting.

        Raises:
            Misconfigured: there can be no such folder, or another collector has it.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for parent in self._folder.parents[:2]:
                sync_folder(parent)
            self._lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            paths = segments_in(self._folder)
        except BlockingIOError:
            self.close()
            raise Misconfigured(f"another collector spools to {self._folder}: give this one an EBBTIDE_DATA of its own") from None
        except OSError as error:
            self.close()
            raise Misconfigured(f"the spool's folder {self._folder} cannot be used: {error.strerror}; see EBBTIDE_DATA") from error
        self._positions = self._read_positions()
        self._last_number = max([*map(number_of, paths), *(number for number, _ in self._positions.values())], default=0)
        for path in paths:
            self._open_segment(path)
        self._drop_drained()

    @property
    def total_bytes(self) -> int:
        """What the files hold, drained parts of files that are still needed included."""
        return sum(segment.bytes for segment in self._segments)

    def counts(self) -> dict[int, int]:
        """How many records of each lane are to be drained."""
        lanes = {lane for segment in self._segments for lane in segment.lanes}
        return {lane: sum(segment.of(lane) for segment in self._segments) for lane in lanes}

    def append(self, records: Sequence[Spooled]) -> None:
        """Make records durable, all or none of them. Raises OSError; another try goes to another file."""
        segment = self._active
        try:
            if segment is None or segment.bytes >= self._segment_bytes:
                self._last_number += 1
                segment = self._active = Segment.create(self._folder, self._last_number, self.name)
                self._segments.append(segment)
            segment.append(records)
        except OSError:
            self.counted.errors += 1
            self._give_up_active()
            raise

    def read(self, lane: int, most: int, most_bytes: int) -> tuple[list[Spooled], int]:
        """The next records of a lane, all of one collector's name; and how many damaged ones were passed over. Raises OSError."""
        damaged = 0
        for segment in self._segments:
            while segment.of(lane):
                records, damage = segment.read(lane, most, most_bytes)
                if records:
                    return [msgspec.structs.replace(record, name=segment.name) for record in records], damaged
                assert damage is not None
                self._set_aside(segment, damage)
                self._pass_over(segment, lane, 1)
                damaged += 1
        return [], damaged

    def done(self, lane: int, count: int) -> None:
        """The next so many records of a lane are with the broker."""
        for segment in self._segments:
            here = min(count, segment.of(lane))
            if here:
                self._pass_over(segment, lane, here)
            count -= here
            if not count:
                break
        self._drop_drained()

    def refuse(self, lane: int) -> None:
        """The next record of a lane is one that the broker will never take: it goes aside. Raises OSError."""
        for segment in self._segments:
            records, _ = segment.read(lane, 1, 1) if segment.of(lane) else ([], None)
            for record in records:
                self._put_aside(f"refused-{segment.name.hex()}-{record.number}", msgspec.msgpack.encode(record))
                self.done(lane, 1)
                return

    def save(self) -> None:
        """Write down how far lanes are drained. An error only means that more is written twice after a crash, and skipped by its marks."""
        if self._is_saved:
            return
        text = msgspec.json.encode({str(lane): place for lane, place in self._positions.items()})
        try:
            write_whole(self._folder / "drained.json", text)
            self._is_saved = True
        except OSError as error:
            self.counted.errors += 1
            _log.warning("how far the spool is drained cannot be written: %s", error)

    def oldest_ms(self) -> int | None:
        """When the oldest record that is to be drained was accepted. Raises OSError."""
        return next((segment.oldest_ms() for segment in self._segments if segment.waiting), None)

    def free_bytes(self) -> int:
        """What the disk has left for us. Raises OSError."""
        found = os.statvfs(self._folder)
        return found.f_bavail * found.f_frsize

    def close(self) -> None:
        """Let go of the files and of the folder."""
        if self._lock >= 0:
            self._drop_drained(active_too=True)
            self.save()
        for segment in self._segments:
            _quietly(segment.close)
        self._segments = []
        self._active = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    # ── files that go and files that are damaged ──

    def _open_segment(self, path: Path) -> None:
        try:
            segment, damages = Segment.open(path, self._drained_of(number_of(path)))
        except OSError as error:
            self.counted.errors += 1
            _log.error("the spool's file %s cannot be read and stays where it is: %s", path, error)
            return
        for damage in damages:
            self._set_aside(segment, damage)
            if damage.is_tail:
                segment.bytes = damage.start
                _quietly(segment.forget_the_rest)
        self._segments.append(segment)

    def _drained_of(self, number: int) -> Places:
        return {lane: place if at == number else 1 << 62 for lane, (at, place) in self._positions.items() if at >= number}

    def _pass_over(self, segment: Segment, lane: int, count: int) -> None:
        self._positions[lane] = (segment.number, segment.pass_over(lane, count))
        self._is_saved = False

    def _drop_drained(self, *, active_too: bool = False) -> bool:
        gone = [
            segment for segment in self._segments if not segment.waiting and (active_too or segment is not self._active or segment.bytes)
        ]
        for segment in gone:
            self._segments.remove(segment)
            if segment is self._active:
                self._active = None
            try:
                segment.remove()
            except OSError as error:
                self.counted.errors += 1
                _log.warning("a drained file of the spool cannot be deleted: %s", error)
        return bool(gone)

    def _give_up_active(self) -> None:
        """What the disk has of a failed write is not known: the file is read from, and never written to again."""
        segment, self._active = self._active, None
        if segment is not None:
            _quietly(segment.forget_the_rest)
            self._drop_drained()

    def _set_aside(self, segment: Segment, damage: Damage) -> None:
        if damage.is_tail:
            self.counted.cut_tails += 1
        self._put_aside(f"{segment.path.stem}-{damage.start}", damage.data, counted=not damage.is_tail)

    def _put_aside(self, name: str, data: bytes, *, counted: bool = True) -> None:
        folder = self._folder / "set-aside"
        if (folder / name).exists():
            return
        self.counted.set_aside += counted
        try:
            folder.mkdir(exist_ok=True, mode=0o700)
            if sum(path.stat().st_size for path in folder.iterdir()) + len(data) > _ASIDE_BYTES_MAX:
                _log.error("%d bytes of the spool that cannot be used are lost: %s is full", len(data), folder)
                return
            write_whole(folder / name, data)
            _log.error("%d bytes of the spool that cannot be used are in %s", len(data), folder / name)
        except OSError as error:
            self.counted.errors += 1
            _log.error("%d bytes of the spool that cannot be used are lost: %s", len(data), error)

    def _read_positions(self) -> Positions:
        try:
            found = msgspec.json.decode((self._folder / "drained.json").read_bytes(), type=dict[str, tuple[int, int]])
            return {int(lane): place for lane, place in found.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            self.counted.errors += 1
            _log.warning("how far the spool is drained cannot be read, so all of it is written again: %s", error)
            return {}


def check_no_other_number(folder: Path) -> None:
    """Raises Misconfigured if there are records of the same topic with another number of partitions: nobody would drain them."""
    topic = folder.name.rpartition("-")[0]
    for other in folder.parent.glob(f"{topic}-*"):
        if other.name.removeprefix(f"{topic}-").isdigit() and other != folder and segments_in(other):
            raise Misconfigured(
                f"{other} holds events of before EBBTIDE_PARTITIONS was changed: run a collector as it was until it is empty"
            )


def write_whole(path: Path, data: bytes) -> None:
    """Put a file in the place of another, whole or not at all, and wait until the disk has it. Raises OSError."""
    new = path.with_name(path.name + ".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    new.replace(path)
    sync_folder(path.parent)


def _quietly(work: Callable[[], None]) -> None:
    try:
        work()
    except OSError as error:
        _log.warning("the spool: %s", error)

"""A spool's folder on a disk that fails when told, and a collector that dies there."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from collectors.spool.frame import Spooled
from collectors.spool.log import SegmentLog

SEGMENT_BYTES = 4_096


class Killed(BaseException):
    """The collector ends here."""


def record(lane: int, number: int, size: int = 20) -> Spooled:
    return Spooled(lane, number, 1_764_000_000_000 + number, b"user:%d" % lane, b"%d " % number + b"x" * size)


def opened(folder: Path, segment_bytes: int = SEGMENT_BYTES) -> SegmentLog:
    log = SegmentLog(folder, segment_bytes)
    log.open()
    return log


def kill(log: SegmentLog) -> None:
    """What the kernel does when the process is gone: nothing is saved."""
    for each in log._segments:
        with suppress(OSError):
            each.close()
    os.close(log._lock)
    log._lock = -1


@contextmanager
def failing(at_byte: int, error: BaseException, *, in_sync: bool = False) -> Iterator[None]:
    """The next write ends after so many bytes with this error; or all is written, and waiting for the disk fails."""
    pwrite = os.pwrite
    left = at_byte

    def some(descriptor: int, data: memoryview, at: int) -> int:
        nonlocal left
        if left <= 0:
            raise error
        written = pwrite(descriptor, data[:left], at)
        left -= written
        return written

    def sync(_descriptor: int) -> None:
        raise error

    with pytest.MonkeyPatch.context() as patch:
        if in_sync:
            patch.setattr(os, "fdatasync", sync)
        else:
            patch.setattr(os, "pwrite", some)
        yield


def no_space() -> OSError:
    return OSError(errno.ENOSPC, "no space left on device")


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.spool"))


def numbers(log: SegmentLog, lane: int, most: int = 1_000) -> list[int]:
    return [each.number for each in log.read(lane, most, 1 << 20)[0]]


def drained(log: SegmentLog, lane: int) -> list[int]:
    """All that is left of a lane, taken out of it."""
    found: list[int] = []
    while here := numbers(log, lane, 7):
        log.done(lane, len(here))
        found += here
    return found

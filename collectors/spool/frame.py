"""One spooled record as bytes, and finding the records in bytes that may be damaged.

A frame is a magic word, the length of what follows, a checksum over both and the salt of its file, and the record as MessagePack. The
salt is drawn for each file, so nobody who sends events can write bytes that pass for a frame when the reader looks for the next one.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import Final, NamedTuple

import msgspec
import xxhash

_MAGIC: Final = b"\xebSP\x01"
_HEAD: Final = Struct("<4sIQ")
HEAD_BYTES: Final = _HEAD.size
PAYLOAD_BYTES_MAX: Final = 16 << 20


class Spooled(msgspec.Struct, array_like=True, frozen=True):
    """One record to be written to the log.

    ``lane``: place of its lane among the collector's. ``number``: of its mark. ``at_ms``: when it was accepted, in ms since 1970 UTC.
    ``headers``: without the mark. ``name``: of the collector that accepted it; a file's name tells it, the frame does not.
    """

    lane: int
    number: int
    at_ms: int
    key: bytes | None
    value: bytes
    headers: list[tuple[str, bytes]] = []
    name: bytes = b""


class Found(NamedTuple):
    """Where a stretch of a file begins and ends, and the record that it is; None: bytes that are no record."""

    start: int
    end: int
    record: Spooled | None


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Spooled)


def frame_of(record: Spooled, salt: int) -> bytes:
    """The record's bytes in a file with this salt."""
    payload = _encoder.encode(record)
    length = len(payload)
    return _HEAD.pack(_MAGIC, length, _checksum(length, payload, salt)) + payload


def read_frame(data: bytes | memoryview, at: int, salt: int) -> Found | None:
    """The whole frame that begins at a place, or None if there is none."""
    if len(data) - at < HEAD_BYTES:
        return None
    magic, length, checksum = _HEAD.unpack_from(data, at)
    start = at + HEAD_BYTES
    if magic != _MAGIC or length > PAYLOAD_BYTES_MAX or length > len(data) - start:
        return None
    payload = bytes(data[start : start + length])
    if _checksum(length, payload, salt) != checksum:
        return None
    try:
        return Found(at, start + length, _decoder.decode(payload))
    except msgspec.MsgspecError:
        return None


def frames_in(data: bytes, salt: int) -> Iterator[Found]:
    """Every stretch of the bytes, in order and without gaps: frames, and between them what is none."""
    at = 0
    while at < len(data):
        found = read_frame(data, at, salt)
        if found is None:
            found = _damaged(data, at, salt)
        yield found
        at = found.end


def _damaged(data: bytes, start: int, salt: int) -> Found:
    """From a bad byte to the next whole frame, or to the end."""
    at = data.find(_MAGIC, start + 1)
    while at >= 0:
        if read_frame(data, at, salt) is not None:
            return Found(start, at, None)
        at = data.find(_MAGIC, at + 1)
    return Found(start, len(data), None)


def _checksum(length: int, payload: bytes, salt: int) -> int:
    # A length that was damaged must not pass because what it spans happens to be whole.
    return xxhash.xxh3_64_intdigest(payload, seed=salt ^ length)

"""The recent event ids of one person: what makes a repeat count once.

Twelve bytes an id: eight of its hash, four of its time modulo 2³² ms. The window is at most 28 days, and the list is
pruned at each application, so no entry is more than a window older than the newest: ages counted from that one are
unambiguous. Bytes instead of a table: the search is one ``find`` in C, and nothing is unpacked for a person who only
gets one event.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

ENTRY_BYTES: Final = 12
KEPT_MAX: Final = 256
_MODULUS: Final = 1 << 32
_MASK: Final = _MODULUS - 1


def id_hash(event_id: str) -> bytes:
    """Eight bytes of BLAKE2b: short, and not to be steered by a client."""
    return blake2b(event_id.encode(), digest_size=8).digest()


def seen(recent: bytes, newest_at: int, hashed: bytes, clock: int, window_ms: int) -> bool:
    """Whether the id was applied less than the window ago, by the absolute clock (ms)."""
    at = recent.find(hashed)
    while at >= 0:
        if at % ENTRY_BYTES == 0:
            return clock - _applied_at(recent, at, newest_at) < window_ms
        at = recent.find(hashed, at + 1)
    return False


def remember(recent: bytes, newest_at: int, hashed: bytes, clock: int, window_ms: int) -> bytes:
    """The list with one id more; ids out of the window and beyond the newest 256 are gone."""
    kept = recent
    if recent:
        oldest_at = newest_at - ((newest_at - int.from_bytes(recent[8:12], "little")) & _MASK)
        if clock - oldest_at >= window_ms:
            kept = prune(recent, newest_at, clock, window_ms)
    if len(kept) >= KEPT_MAX * ENTRY_BYTES:
        kept = kept[len(kept) - (KEPT_MAX - 1) * ENTRY_BYTES :]
    return kept + hashed + (clock & _MASK).to_bytes(4, "little")


def prune(recent: bytes, newest_at: int, clock: int, window_ms: int) -> bytes:
    """The ids applied less than the window ago; ``newest_at`` is the absolute time of the newest."""
    if not recent or clock - newest_at >= window_ms:
        return b""
    start = 0
    while clock - _applied_at(recent, start, newest_at) >= window_ms:
        start += ENTRY_BYTES
    return recent[start:] if start else recent


def merged(one: tuple[bytes, int], other: tuple[bytes, int], clock: int, window_ms: int) -> tuple[bytes, int]:
    """The ids of two persons as one list, and the absolute time of its newest; each comes with its own newest time.

    An id of both counts from the later of its two times. Ids out of the window and beyond the newest 256 are gone.
    """
    times: dict[bytes, int] = {}
    for recent, newest_at in (one, other):
        kept = prune(recent, newest_at, clock, window_ms)
        for start in range(0, len(kept), ENTRY_BYTES):
            # The other's lane may be ahead of this one: what lies in the future would make everything older seem out of the window.
            hashed, at = kept[start : start + 8], min(clock, _applied_at(kept, start, newest_at))
            times[hashed] = max(at, times.get(hashed, at))
    newest = sorted(times.items(), key=lambda entry: entry[1])[-KEPT_MAX:]
    packed = b"".join(hashed + (at & _MASK).to_bytes(4, "little") for hashed, at in newest)
    return packed, newest[-1][1] if newest else clock


def _applied_at(recent: bytes, at: int, newest_at: int) -> int:
    """Seen from the clock an entry may be two windows old, more than 2³² ms; seen from the newest entry it is at most one."""
    return newest_at - (newest_at - int.from_bytes(recent[at + 8 : at + 12], "little")) % _MODULUS

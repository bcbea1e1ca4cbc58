"""Who an event is about, and which partition that is: the one rule for collectors, lanes and tools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

ROUTING_ID_PATTERN: Final = r"(?s)\A.+:.+\Z"
"""What every routing id looks like: a namespace and a value, neither of them empty; either may hold further colons."""

_SEED = 0x9747B28C
_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """Kafka's 32-bit MurmurHash2 (``org.apache.kafka.common.utils.Utils.murmur2``), unsigned."""
    length = len(data)
    h = (_SEED ^ length) & _MASK
    end = length & ~3
    for at in range(0, end, 4):
        k = (int.from_bytes(data[at : at + 4], "little") * _M) & _MASK
        k = ((k ^ (k >> 24)) * _M) & _MASK
        h = ((h * _M) & _MASK) ^ k
    rest = data[end:]
    if rest:
        h = ((h ^ int.from_bytes(rest, "little")) * _M) & _MASK
    h = ((h ^ (h >> 13)) * _M) & _MASK
    return h ^ (h >> 15)


def partition_of(routing_id: str, partitions: int) -> int:
    """The partition of ``events`` and ``transitions`` that belongs to a routing id, as Kafka's own clients choose it."""
    return (murmur2(routing_id.encode()) & 0x7FFFFFFF) % partitions


def routing_id(user_id: Any, anonymous_id: Any, ids: Any) -> str | None:
    """``user:…``, else ``anon:…``, else the first of ``ids``; empty or non-text ids count as missing."""
    if user_id and type(user_id) is str:
        return f"user:{user_id}"
    if anonymous_id and type(anonymous_id) is str:
        return f"anon:{anonymous_id}"
    if isinstance(ids, Mapping):
        for namespace, value in ids.items():
            if namespace and value and type(value) is str:
                return f"{namespace}:{value}"
    return None

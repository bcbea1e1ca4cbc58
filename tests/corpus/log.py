"""Events laid out as logs: which partition, which offset, which append time."""

from __future__ import annotations

import json
from collections.abc import Iterable
from random import Random

from tests.corpus.shop import ShopEvent
from tests.oracle.classify import Raw, partition_of


def internal(name: str, append_ms: int, **fields: int | str) -> Raw:
    """An internal record (``clock``, ``definitions``); its offset is set by ``lay_out``."""
    value = json.dumps({"type": f"${name}", **fields}).encode()
    return Raw(0, append_ms, None, value, [("ebbtide-internal", name.encode())])


def activate(version: int, append_ms: int) -> Raw:
    """A record that makes a version of the definitions active."""
    return internal("definitions", append_ms, version=version, phase="activate")


def prepare(version: int, append_ms: int) -> Raw:
    """A record that asks for a version of the definitions."""
    return internal("definitions", append_ms, version=version, phase="prepare")


def log_of(events: Iterable[tuple[int, ShopEvent]], partitions: int) -> list[list[Raw]]:
    """One log per partition. ``events``: each with its append time in milliseconds, in order."""
    logs: list[list[Raw]] = [[] for _ in range(partitions)]
    for append_ms, event in events:
        log = logs[partition_of(event.routing_id, partitions)]
        log.append(Raw(len(log), append_ms, event.routing_id.encode(), event.value, []))
    return logs


def lay_out(records: Iterable[Raw]) -> list[Raw]:
    """The records of one partition under offsets from 0."""
    return [Raw(offset, raw.append_ms, raw.key, raw.value, raw.headers) for offset, raw in enumerate(records)]


def strew(seed: int, log: list[Raw], values: Iterable[bytes | None]) -> list[Raw]:
    """The log with further values at places drawn from the seed, each with the append time of what stands there."""
    random = Random(seed)
    mixed = list(log)
    for value in values:
        at = random.randrange(len(mixed)) if mixed else 0
        append_ms = mixed[at].append_ms if mixed else 0
        mixed.insert(at, Raw(0, append_ms, None, value, []))
    return lay_out(mixed)

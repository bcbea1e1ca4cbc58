"""Taking a partition over: become its owner, publish what the last owner could not, find where to read on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from secrets import token_bytes

from msgspec.structs import replace

from schemas.errors import Misconfigured
from segments.history import History
from stream.store.port import Commit, CommitRefused, LaneHeader, pack_header, unpack_header
from stream.store.redis import until_available
from stream.worker.dues import DueIndex
from stream.worker.lane import Lane, LaneParts
from stream.worker.memory import LaneMemory

_TOKEN_BYTES = 16


@dataclass(frozen=True, slots=True)
class LogState:
    """What the log says of a partition: the topic's id, and the offsets from ``start`` (inclusive) to ``end``."""

    topic_id: str
    partitions: int
    start: int
    end: int


ReadLog = Callable[[int], Awaitable[LogState]]


async def open_lane(partition: int, read_log: ReadLog, parts: LaneParts) -> Lane:
    """Become the owner of a partition.

    The log is asked after the store: the owner so far may still go on, and with it the cursor, past an end that was asked for before.

    Raises:
        Misconfigured: the store's cursor does not belong to this log.
    """
    store = parts.store
    while True:
        packed = await until_available(lambda: store.header(partition))
        before = packed or b""
        header = check_header(partition, unpack_header(packed) if packed else None, await read_log(partition))
        taken = replace(header, epoch=header.epoch + 1, token=token_bytes(_TOKEN_BYTES), number=header.number + 1)
        commit = Commit(before, pack_header(taken))
        try:
            await until_available(lambda commit=commit: store.commit(partition, commit))  # type: ignore[misc]
        except CommitRefused:
            continue
        return await _build(partition, taken, commit.after, parts)


async def _build(partition: int, header: LaneHeader, packed: bytes, parts: LaneParts) -> Lane:
    store, bundles = parts.store, parts.bundles
    bounds = await until_available(lambda: store.slice_bounds(partition))
    entries = await until_available(lambda: store.outbox(partition))
    held = {}
    for version in {*dict(header.switches), header.before}:
        held[version] = await until_available(lambda version=version: bundles.bundle(version))  # type: ignore[misc]
    history = History(held, header.switches, parts.identity_secret, header.before)
    lane = Lane(LaneMemory(partition, header, packed, DueIndex(bounds), history), parts)
    lane.outbox.add(entries, [])
    return lane


def check_header(partition: int, header: LaneHeader | None, log: LogState) -> LaneHeader:
    """The header if it belongs to this log, or a first one for a log that begins at its true start."""
    if header is None:
        if log.start > 0:
            raise Misconfigured(
                f"partition {partition}: the store knows nothing of it and the log begins at offset {log.start}, not 0; "
                "restore the store from a backup, or start a new deployment under another EBBTIDE_PREFIX"
            )
        return LaneHeader(topic_id=log.topic_id, partitions=log.partitions)
    if header.partitions != log.partitions:
        raise Misconfigured(
            f"partition {partition}: the store was made for {header.partitions} partitions, the topic has {log.partitions}; "
            "the number is fixed for a deployment"
        )
    if header.topic_id != log.topic_id:
        raise Misconfigured(f"partition {partition}: the topic has been deleted and made again since the store was written")
    if not log.start <= header.cursor <= log.end:
        raise Misconfigured(
            f"partition {partition}: the store's cursor {header.cursor} is outside the log, which holds {log.start} to {log.end}"
        )
    return header

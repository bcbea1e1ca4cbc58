"""Filling beside the live lane: one slice after each batch, every slice a commit, so that a crash loses no more than one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from msgspec.structs import replace

from schemas.errors import Rejected
from stream.kafka.port import Bundles, PastLog, Record
from stream.store.layout import shadow_digest
from stream.store.port import Commit, Filling, LaneHeader, StateStore, Tombstone, pack_header
from stream.store.redis import until_available
from stream.worker.fill import Filler
from stream.worker.memory import LaneMemory

_SLICE_RECORDS = 256

CommitLane = Callable[[Commit, LaneHeader], Awaitable[None]]


class LaneFilling:
    """What one lane fills. ``commit`` makes a commit of the lane true; the log is read through ``past``, apart from the live fetches."""

    def __init__(self, memory: LaneMemory, store: StateStore, bundles: Bundles, past: PastLog, commit: CommitLane) -> None:
        self._memory = memory
        self._store = store
        self._bundles = bundles
        self._past = past
        self._commit = commit
        self._filler: tuple[tuple[int, int], Filler] | None = None
        self._ahead: tuple[int, Sequence[Record]] | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether there is a slice to do: a set has been asked for, and the filling is not where the live lane is."""
        header = self._memory.header
        if header.prepared <= self._memory.history.current.version or header.filled:
            return False
        filling = header.filling
        return filling is None or filling.version != header.prepared or filling.cursor < header.cursor

    async def read_ahead(self) -> None:
        """Read the records of the next slice, so that ``slice`` does not wait for the log: other lanes may be waiting for their turn."""
        filling = self._memory.header.filling
        if filling is not None and filling.cursor < self._memory.header.cursor:
            await self._records(filling.cursor)

    async def slice(self) -> None:
        """Do one slice for the set that was asked for last."""
        await self._slice(self._memory.header.prepared)

    async def complete(self, version: int) -> None:
        """Fill a set up to where the live lane is, whatever it takes: the next record switches to it."""
        while not self._is_complete(version):
            await self._slice(version)

    def _is_complete(self, version: int) -> bool:
        header, current = self._memory.header, self._memory.history.current.version
        filling = header.filling
        return filling is not None and filling.version == version and filling.old == current and filling.cursor >= header.cursor

    async def _slice(self, version: int) -> None:
        header, current = self._memory.header, self._memory.history.current.version
        filling = header.filling
        if filling is None or filling.version != version or filling.old != current:
            await self._begin(version, current)
            return
        filler = await self._filler_of(filling)
        if filler is None or filler.fill.is_empty or header.people == 0:
            await self._moved(replace(filling, cursor=header.cursor), [])
            return
        records = await self._records(filling.cursor)
        self._ahead = None
        if not records:
            # The log ends before the live lane's cursor with offsets that have no record.
            await self._moved(replace(filling, cursor=header.cursor), [])
            return
        intake = filler.read([record for record in records if record.offset < header.cursor])
        shadows, pointers, erased = await until_available(lambda: self._known(list(intake.digests)))
        done = filler.run(filling, intake, shadows, pointers, erased)
        await self._moved(done.filling, done.shadows)

    async def _known(self, digests: list[bytes]) -> tuple[dict[bytes, bytes | None], dict[bytes, str], dict[bytes, Tombstone]]:
        """The shadows, whom the ids stand for, and who was erased, each by digest."""
        store, partition = self._store, self._memory.partition
        found = await store.persons(partition, [shadow_digest(digest) for digest in digests])
        targets = await store.pointers(partition, digests)
        buried = await store.tombstones(partition, digests) if self._memory.header.erased_ms else []
        pointers = {digest: target.decode() for digest, target in zip(digests, targets, strict=True) if target is not None}
        erased = {digest: erasure for digest, erasure in zip(digests, buried, strict=False) if erasure is not None}
        return dict(zip(digests, found, strict=True)), pointers, erased

    async def _records(self, offset: int) -> Sequence[Record]:
        if self._ahead is None or self._ahead[0] != offset:
            most = min(_SLICE_RECORDS, self._memory.header.cursor - offset)
            self._ahead = (offset, await self._past.read(self._memory.partition, offset, most))
        return self._ahead[1]

    async def _begin(self, version: int, current: int) -> None:
        start = await self._past.start(self._memory.partition)
        header = self._memory.header
        filling = Filling(version, current, header.cursor, min(start, header.cursor), began=header.number + 1, trimmed=start > 0)
        await self._moved(filling, [])

    async def _moved(self, filling: Filling, shadows: list[tuple[bytes, bytes]]) -> None:
        memory = self._memory
        after = replace(memory.header, number=memory.header.number + 1, filling=filling)
        await self._commit(Commit(memory.packed, pack_header(after), persons=shadows), after)

    async def _filler_of(self, filling: Filling) -> Filler | None:
        """None if there is no such set: the switch to it will be a dead letter."""
        key = (filling.old, filling.version)
        if self._filler is None or self._filler[0] != key:
            try:
                sets = {version: await self._bundles.bundle(version) for version in range(filling.version + 1)}
            except Rejected:
                return None
            self._filler = (key, Filler(self._memory, sets[filling.old], sets[filling.version], sets))
        return self._filler[1]

"""What a new set of definitions would find in the past: read from the log as the lanes would read it, kept in memory, written nowhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from schemas.definitions.model import Bundle
from segments.fill import Fill
from segments.history import History
from stream.kafka.port import Bundles, PastLog
from stream.store.layout import shadow_digest
from stream.store.port import Filling, LaneHeader
from stream.worker.batch import Intake
from stream.worker.dues import DueIndex
from stream.worker.fill import Filler
from stream.worker.fill_merges import Known
from stream.worker.memory import LaneMemory

_SLICE_RECORDS: Final = 2_000
_ROUNDS: Final = 4

Read = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Held:
    """From when the log holds records. ``since_ms``: append time of the first in the partition that begins last; None: all there
    ever were. ``retention_ms``: for how long the broker is told to keep them; None: for ever.
    """

    since_ms: int | None
    retention_ms: int | None


async def held(past: PastLog, partitions: int, retention_ms: int | None, now_ms: int) -> Held:
    """Ask each partition for its first record. Raises Unavailable."""
    firsts = []
    for partition in range(partitions):
        start = await past.start(partition)
        if start > 0:
            records = await past.read(partition, start, 1)
            firsts.append(records[0].timestamp if records else now_ms)
    return Held(max(firsts, default=None), retention_ms)


class Past:
    """The log of one partition under a new set of definitions. ``read`` hears how many offsets have been passed."""

    def __init__(self, partition: int, past: PastLog, filler: Filler, versions: tuple[int, int], read: Read) -> None:
        self._partition = partition
        self._past = past
        self._filler = filler
        self._old, self._new = versions
        self._read = read

    @classmethod
    async def of(cls, partition: int, header: LaneHeader, bundles: Bundles, past: PastLog, new: Bundle, read: Read) -> Past | None:
        """None if ``new`` needs nothing from before, under what the lane has now."""
        current = header.switches[-1][0]
        sets = {version: await bundles.bundle(version) for version in range(current + 1)}
        memory = LaneMemory(partition, header, b"", DueIndex({}), History({current: sets[current]}, header.switches[-1:]))
        filler = Filler(memory, sets[current], new, {**sets, new.version: new})
        return None if filler.fill.is_empty else cls(partition, past, filler, (current, new.version), read)

    @property
    def fill(self) -> Fill:
        """The tags and leaves that are worked out."""
        return self._filler.fill

    async def first(self) -> int:
        """The first offset that the log has."""
        return await self._past.start(self._partition)

    @property
    def forgets(self) -> bool:
        """Whether people may have been forgotten, and begun anew."""
        return self._filler.forgets

    async def shadows(
        self, wanted: Collection[bytes] | None, cursor: Callable[[], Awaitable[int]], begun: Mapping[bytes, int] | None = None
    ) -> dict[bytes, bytes]:
        """The packed shadows, by ``shadow_digest``, of the people with these digests (None: of all), as of where the lane is now.

        ``begun``: their incarnations, before which nothing counts; None: all that the log has does.
        ``cursor`` tells where that is. While this reads the lane goes on, so it is asked again, a few times.
        """
        until = await cursor()
        filling = Filling(self._new, self._old, until, min(await self.first(), until))
        found: dict[bytes, bytes] = {}
        for _ in range(_ROUNDS):
            while filling.cursor < until:
                before = filling.cursor
                filling = await self._slice(filling, until, wanted, found, begun)
                self._read(filling.cursor - before)
            until = await cursor()
        return found

    async def _slice(
        self, filling: Filling, until: int, wanted: Collection[bytes] | None, found: dict[bytes, bytes], begun: Mapping[bytes, int] | None
    ) -> Filling:
        records = await self._past.read(self._partition, filling.cursor, min(_SLICE_RECORDS, until - filling.cursor))
        records = [record for record in records if record.offset < until]
        if not records:
            return replace(filling, cursor=until)
        intake = self._filler.read(records)
        if wanted is not None:
            _keep(intake, wanted)
        shadows = {digest: found.get(shadow_digest(digest)) for digest in intake.digests}
        done = self._filler.run(filling, intake, Known(shadows, begun=begun))
        found.update(done.shadows)
        return done.filling


def _keep(intake: Intake, wanted: Collection[bytes]) -> None:
    """Leave out the events of others; their records still move the clock."""
    for at, (record, _, digest) in enumerate(intake.steps):
        if digest is not None and digest not in wanted:
            intake.steps[at] = (record, None, None)
    intake.digests = {digest: None for digest in intake.digests if digest in wanted}

"""Filling beside the live lane: one slice after each batch, every slice a commit, so that a crash loses no more than one."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Iterator, Sequence
from time import perf_counter
from typing import TypeVar

from msgspec.structs import replace

from schemas.errors import Rejected
from schemas.identity_records import LinkRecord, TransferRecord
from stream.kafka.port import Bundles, PastLog, Record
from stream.store.layout import former_name, parted_name, person_digest, shadow_digest
from stream.store.port import Commit, Filling, LaneHeader, StateStore, pack_header, unpack_header
from stream.store.redis import until_available
from stream.worker.batch import Forwarded, Intake
from stream.worker.fill import FilledSlice, Filler
from stream.worker.fill_merges import Awaited, Known, awaited
from stream.worker.memory import LaneMemory
from tagging.codec import unpack
from tagging.identities import has_parted, unpack_identities

_SLICE_RECORDS = 256
_ASK_SECONDS = 0.2

T = TypeVar("T")

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
        self._waits: tuple[object, ...] | None = None
        self._asks_again = 0.0

    @property
    def is_wanted(self) -> bool:
        """Whether there is a slice to do: a set has been asked for, the filling is not where the live lane is, and waits for no other."""
        header = self._memory.header
        if header.prepared <= self._memory.history.current.version or header.filled:
            return False
        filling = header.filling
        if filling is None or filling.version != header.prepared:
            return True
        return filling.cursor < header.cursor and (self._waits != self._told(filling) or 0 < self._asks_again <= perf_counter())

    @property
    def asks_again(self) -> bool:
        """Whether a filling waits for another lane's, and must look now and then whether what it waits for will come."""
        filling = self._memory.header.filling
        return filling is not None and self._waits == self._told(filling)

    def _told(self, filling: Filling) -> tuple[object, ...]:
        """What must change before a filling that waits for another lane's goes on."""
        header = self._memory.header
        return filling.cursor, header.gathering, header.erased_ms, filling.began

    async def read_ahead(self) -> None:
        """Read the records of the next slice, so that ``slice`` does not wait for the log: other lanes may be waiting for their turn."""
        filling = self._memory.header.filling
        if filling is not None and filling.cursor < self._memory.header.cursor:
            await self._records(filling.cursor)

    async def slice(self) -> None:
        """Do one slice for the set that was asked for last."""
        await self._slice(self._memory.header.prepared, waits=True)

    async def complete(self, version: int) -> None:
        """Fill a set up to where the live lane is: the next record switches to it. What other lanes have not told yet comes late."""
        while not self._is_complete(version):
            await self._slice(version, waits=False)

    def _is_complete(self, version: int) -> bool:
        header, current = self._memory.header, self._memory.history.current.version
        filling = header.filling
        return filling is not None and filling.version == version and filling.old == current and filling.cursor >= header.cursor

    async def _slice(self, version: int, *, waits: bool) -> None:
        header, current = self._memory.header, self._memory.history.current.version
        filling = header.filling
        if filling is None or filling.version != version or filling.old != current:
            await self._begin(version, current)
            return
        filler = await self._filler_of(filling)
        if filler is None or filler.fill.is_empty or header.people == 0:
            # Whoever comes later lives under the set that holds now: what is passed over may be what switched to it.
            after = replace(filling, cursor=header.cursor, settings=current, switches=((current, 0),))
            await self._moved(FilledSlice(after, []))
            return
        records = [record for record in await self._records(filling.cursor) if record.offset < header.cursor]
        if not records:
            # The log ends before the live lane's cursor with offsets that have no record.
            await self._moved(FilledSlice(replace(filling, cursor=header.cursor), []))
            return
        intake = filler.read(records)
        known = await until_available(lambda: self._known(filling, intake, forgets=filler.forgets))
        missing = await until_available(lambda: self._missing(filling, intake, known)) if waits else None
        if missing is not None:
            records = [record for record in records if record.offset < missing]
            if not records:
                self._waits = self._told(filling)
                self._asks_again = perf_counter() + _ASK_SECONDS
                return
            intake = filler.read(records)
        self._ahead = None
        await self._moved(filler.run(filling, intake, known))

    async def _missing(self, filling: Filling, intake: Intake, known: Known) -> int | None:
        """The offset of the first transfer that another lane has yet to say something about."""
        gathering = self._memory.header.gathering
        for one in awaited(filling, intake, known):
            if one.name in known.pieces or one.was_before(gathering, filling):
                continue
            if not await self._never_comes(one, filling):
                return one.offset
        return None

    async def _never_comes(self, one: Awaited, filling: Filling) -> bool:
        """Whether the other lane's filling has passed the place, and all that it has told has been heard: the absorbed person has been
        forgotten there, or has begun anew, or a split has undone the merge.
        """
        packed, mine = await self._store.header(one.origin), self._memory.header.gathering
        theirs = unpack_header(packed).filling if packed else None
        if theirs is None or mine is None or (theirs.version, theirs.old) != (filling.version, filling.old):
            return False
        told = theirs.told[self._memory.partition] if theirs.told else 0
        return theirs.cursor > one.at and mine.version == filling.version and mine.heard[one.origin] >= told

    async def _known(self, filling: Filling, intake: Intake, *, forgets: bool) -> Known:
        store, partition, header = self._store, self._memory.partition, self._memory.header
        digests = list(intake.digests)
        found = await store.persons(partition, [shadow_digest(digest) for digest in digests])
        pointers = _found(digests, await store.pointers(partition, digests))
        erased = _found(digests, await store.tombstones(partition, digests)) if header.erased_ms else {}
        shadows, begun = dict(zip(digests, found, strict=True)), await self._begun(digests) if forgets else None
        known = Known(shadows, pointers, erased, parted=await self._parted(digests) if header.parted else {}, begun=begun)
        names = [one.name for one in awaited(filling, intake, known)]
        gathering = header.gathering
        is_told = gathering is not None and (gathering.version, gathering.old) == (filling.version, filling.old)
        known = dataclasses.replace(known, pieces=_found(names, await store.pieces(partition, names)) if is_told else {})
        if not header.parted:
            return known
        links = {former_name(to, record.offset): record.offset for record, said, to in intake.steps if to and isinstance(said, LinkRecord)}
        ended = _found(list(links), await store.pointers(partition, list(links)))
        names = list(dict.fromkeys(parted_name(to, person_digest(named)) for named, to in _brought(intake)))
        marks = {name: mark.offset for name, mark in _found(names, await store.pointers(partition, names)).items()}
        former = frozenset(links[name] for name in ended)
        return dataclasses.replace(known, is_split=True, marks=marks, former=former)

    async def _parted(self, digests: list[bytes]) -> dict[bytes, frozenset[str]]:
        """Who comes from a split, and which ids went to others."""
        found = await self._store.persons(self._memory.partition, digests)
        states = {digest: unpack(packed) for digest, packed in zip(digests, found, strict=True) if packed is not None}
        known = {digest: unpack_identities(state.identities, state.id) for digest, state in states.items() if has_parted(state.identities)}
        return {digest: frozenset(one for parting in each.partings for one in parting.theirs) for digest, each in known.items()}

    async def _begun(self, digests: list[bytes]) -> dict[bytes, int]:
        """The incarnations of those who exist now."""
        found = _found(digests, await self._store.persons(self._memory.partition, digests))
        return {digest: unpack(packed).incarnation for digest, packed in found.items()}

    async def _records(self, offset: int) -> Sequence[Record]:
        if self._ahead is None or self._ahead[0] != offset:
            most = min(_SLICE_RECORDS, self._memory.header.cursor - offset)
            self._ahead = (offset, await self._past.read(self._memory.partition, offset, most))
        return self._ahead[1]

    async def _begin(self, version: int, current: int) -> None:
        start = await self._past.start(self._memory.partition)
        header = self._memory.header
        filling = Filling(version, current, header.cursor, min(start, header.cursor), began=header.number + 1, trimmed=start > 0)
        filler = await self._filler_of(filling)
        await self._moved(FilledSlice(filling, []) if filler is None else filler.begin(filling))

    async def _moved(self, done: FilledSlice) -> None:
        memory = self._memory
        after = replace(memory.header, number=memory.header.number + 1, filling=done.filling)
        commit = Commit(memory.packed, pack_header(after), persons=done.shadows, outbox=done.entries, gone=done.gone)
        commit.pieces += [(name, None) for name in done.used]
        await self._commit(commit, after)

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


def _brought(intake: Intake) -> Iterator[tuple[str, bytes]]:
    """Whose events and states other lanes brought to whom."""
    for _, said, to in intake.steps:
        if to is not None and isinstance(said, Forwarded):
            yield said.event.routing_id, to
        elif to is not None and isinstance(said, TransferRecord):
            yield said.absorbed, to


def _found(names: list[bytes], held: Sequence[T | None]) -> dict[bytes, T]:
    return {name: one for name, one in zip(names, held, strict=True) if one is not None}

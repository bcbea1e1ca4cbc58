"""Sweeps: people whose time has come without a record, and people who are still under older definitions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from stream.store.layout import SLICE_PEOPLE, read_slice, shadow_digest
from stream.store.port import LaneHeader, StateStore
from stream.worker.batch import load
from stream.worker.fill import is_shadow_of
from stream.worker.forgetting import forget
from stream.worker.memory import Changes, LaneMemory, Working
from stream.worker.people import People
from tagging.codec import unpack
from tagging.state import PersonState

_PEOPLE_A_BREATH = 32


@dataclass(slots=True)
class SweepResult:
    """Who was visited, and the exact bounds of the slices that were read whole."""

    working: dict[bytes, Working]
    bounds: dict[int, int | None]
    index_only: list[tuple[int, int | None]]


async def shadows_of(store: StateStore, partition: int, header: LaneHeader, digests: list[bytes]) -> dict[bytes, PersonState]:
    """What people who are not under the newest set yet will adopt as they are brought to it, by digest."""
    if not header.filled or not digests:
        return {}
    found = await store.persons(partition, [shadow_digest(digest) for digest in digests])
    shadows = {digest: unpack(packed) for digest, packed in zip(digests, found, strict=True) if packed is not None}
    return {digest: shadow for digest, shadow in shadows.items() if is_shadow_of(shadow, header.filled)}


class Sweeper:
    """Visits slices of people of one lane. ``breathe`` lets others have their turn of the event loop every few people."""

    def __init__(self, store: StateStore, memory: LaneMemory, breathe: Callable[[], Awaitable[None]] | None = None) -> None:
        self._store = store
        self._memory = memory
        self._breathe = breathe

    async def due(self, slices: list[int], changes: Changes) -> SweepResult:
        """Fire what is due before the clock in the given slices."""
        packed = await self._store.slices(self._memory.partition, slices)
        result = SweepResult({}, {}, [])
        entries = {number: list(read_slice(body)) for number, body in zip(slices, packed, strict=True)}
        clock = changes.clock
        wanted = [digest for found in entries.values() for digest, due in found if due is not None and due < clock]
        result.working = await self._load(wanted)
        await self._visit_all(result.working.values(), changes)
        for number, found in entries.items():
            self._reindex(number, found, result)
        return result

    async def definitions(self, number: int, changes: Changes) -> SweepResult:
        """Bring the people of one slice to the newest definitions."""
        (packed,) = await self._store.slices(self._memory.partition, [number])
        found = list(read_slice(packed))
        wanted = [digest for digest, _ in found]
        working = await self._load(wanted)
        await self._visit_all(working.values(), changes)
        changes.swept = min((number + 1) * SLICE_PEOPLE, self._memory.header.sweep_to)
        result = SweepResult(working, {}, [])
        self._reindex(number, found, result)
        return result

    async def shadows(self, digests: list[bytes]) -> dict[bytes, PersonState]:
        """What the newest set's filling has found of people, by digest; empty once everybody has been brought to it."""
        return await shadows_of(self._store, self._memory.partition, self._memory.header, digests)

    async def _load(self, digests: list[bytes]) -> dict[bytes, Working]:
        packed = await self._store.persons(self._memory.partition, digests)
        return load(zip(digests, packed, strict=True), await self.shadows(digests))

    async def _visit_all(self, people: Iterable[Working], changes: Changes) -> None:
        for count, working in enumerate(people, start=1):
            self._visit(working, changes)
            if self._breathe is not None and count % _PEOPLE_A_BREATH == 0:
                await self._breathe()

    def _visit(self, working: Working, changes: Changes) -> None:
        history = self._memory.history
        person = working.person
        end_ms = history.end_of(person.state, changes.clock)
        if end_ms is not None:
            forget(People(self._memory, changes, {}), working, end_ms)
            return
        since = len(changes.transitions)
        brought = history.bring(person, changes.transitions, working.shadow)
        if brought:
            changes.note_adopted(working)
        until = changes.clock - person.state.base
        due = person.state.due
        if brought or (due is not None and due < until):
            history.current.advance(person, until, changes.transitions)
            working.changed = True
        changes.note_members(since, working, history)

    def _reindex(self, number: int, found: list[tuple[bytes, int | None]], result: SweepResult) -> None:
        """Entries are written exactly here, because only here a due time may rise; so is the slice's bound."""
        earliest: int | None = None
        for digest, entry_due in found:
            working = result.working.get(digest)
            due = entry_due if working is None else working.due_ms
            if working is not None and due != entry_due:
                result.index_only.append((working.person.state.number, due))
                working.due_before = due
            if due is not None and (earliest is None or due < earliest):
                earliest = due
        result.bounds[number] = earliest

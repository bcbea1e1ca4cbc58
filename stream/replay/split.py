"""What a split writes into the log: two persons as if an edge between them had never been, worked out from all partitions."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from schemas.errors import Misconfigured
from schemas.identities import IdentityPolicy
from schemas.identity_records import state_text
from schemas.internal import SplitRecord
from schemas.routing import partition_of
from segments.engine import Engine
from stream.kafka.port import PastLog
from stream.store.port import Tombstone
from stream.worker.rebuilding import Original, Origins, Rebuilding
from tagging.codec import pack
from tagging.identities import EDGES_BYTES_MAX, edges_bytes
from tagging.parting import Cut, cut_off
from tagging.person import Person

_SLICE_RECORDS: Final = 5_000
_NEARLY: Final = 0.9


def cut_of(person: Person, one: str, other: str, policy: IdentityPolicy) -> Cut | None:
    """What cutting one id of a person off from another comes to; None if no edge of ``other`` leads to ``one``.

    Raises:
        Misconfigured: the person has more ids than it remembers, so that it can not be told whose an event is.
    """
    _check_ids(person)
    return cut_off(person.identities(), person.state.id, one, other, lambda typed_id: policy.joins(typed_id) == "never")


def nothing_cut(person: Person, policy: IdentityPolicy) -> Cut:
    """As ``cut_of``, of somebody who is only worked out anew.

    Raises:
        Misconfigured: as ``cut_of``.
    """
    _check_ids(person)
    return Cut((), tuple(dict.fromkeys((person.state.id, *(one for one in person.ids() if policy.joins(one) != "never")))), ())


def other_person(cut: Cut, policy: IdentityPolicy) -> str:
    """The canonical id of those that are cut off; an empty one of nobody."""
    return min(cut.theirs, key=policy.rank, default="")


def _check_ids(person: Person) -> None:
    if edges_bytes(person.identities().edges) > EDGES_BYTES_MAX * _NEARLY:
        raise Misconfigured(f"{person.state.id} is known by more ids than it remembers: it can not be told whose each event is")


@dataclass(slots=True)
class SidesReader:
    """Reads the log up to ``ends`` (offsets by partition, exclusive) for a cut through a person.

    The end of the person's own partition must have been asked for before those of the others: what was passed on to it is then
    found where it stood first. ``tombstones``: the newest erasures of the person's ids.
    """

    engine: Engine
    past: PastLog
    ends: Sequence[int]
    tombstones: Mapping[str, Tombstone] = field(default_factory=dict)

    async def record(self, person: Person, cut: Cut) -> SplitRecord:
        """The record that splits the person.

        Raises:
            Misconfigured: the log has lost its beginning.
            Unavailable: the broker does not answer.
        """
        (record,) = await self.records([(person, cut)])
        return record

    async def records(self, asked: Sequence[tuple[Person, Cut]]) -> list[SplitRecord]:
        """The records of some people of one partition, from one reading of the log.

        Raises: as ``record``.
        """
        quiet, wanted = self.engine.quiet(), frozenset(typed_id for _, cut in asked for typed_id in (*cut.mine, *cut.theirs))
        found: list[Original] = []
        readers = []
        for partition in range(len(self.ends)):
            reader = Origins(partition, len(self.ends), quiet, wanted, self.tombstones)
            found += await self._read(reader)
            readers.append(reader)
        return [self._record(person, cut, found, readers) for person, cut in asked]

    def _record(self, person: Person, cut: Cut, found: Iterable[Original], readers: Sequence[Origins]) -> SplitRecord:
        state, ids = person.state, frozenset((*cut.mine, *cut.theirs))
        own = [one for one in found if one.event.routing_id in ids]
        into = other_person(cut, self.engine.policy)
        since_ms = min((one.clock_ms for one in own), default=state.incarnation)
        rebuilding = Rebuilding.anew(self.engine, (cut.mine, cut.theirs), (state.id, into), since_ms)
        rebuilding.apply_all(own)
        lane = readers[partition_of(state.id, len(self.ends))]
        one, other = (state_text(pack(each.state)) for each in rebuilding.persons)
        marks = tuple((name.hex(), number) for name, number in lane.marks.items())
        sides = (cut.mine, cut.theirs)
        return SplitRecord(
            state.id, state.incarnation, self.engine.version, cut.pairs, sides, into, (one, other), tuple(self.ends), lane.clock_ms, marks
        )

    async def _read(self, reader: Origins) -> list[Original]:
        partition, end = reader.partition, self.ends[reader.partition]
        at = await self.past.start(partition)
        if at > 0:
            raise Misconfigured(
                f"partition {partition} begins at offset {at}, not 0: its first records are gone (retention), and with them what tells "
                "whose was what; a person can be split only while the log still has all it did"
            )
        found: list[Original] = []
        while at < end:
            records = [one for one in await self.past.read(partition, at, min(_SLICE_RECORDS, end - at)) if one.offset < end]
            if not records:
                break
            found += [original for original in map(reader.read, records) if original is not None]
            at = records[-1].offset + 1
            await asyncio.sleep(0)
        return found

"""What other lanes' fillings have found of absorbed persons, as a lane hears it: kept for its own filling, or taken over at once.

A filling tells things in the order of its log, numbered by partition from 1, so what comes again changes nothing. See docs/adr/0015.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from schemas import rejection
from schemas.errors import Rejected
from schemas.identity_records import FilledRecord
from stream.store.layout import person_digest
from stream.store.port import Gathering
from stream.worker.people import People
from stream.worker.unpacking import unpacked

NOTHING: Final = b"-"
"""What is kept of a person of whom nothing was found; no state is as short."""


def piece_name(into: str, absorbed: str, link: str) -> bytes:
    """By what name the part of an absorbed person is kept: a person is absorbed once by one link, and may be passed on within a lane."""
    return person_digest(f"{link}\n{absorbed}\n{into}")


class Gatherer:
    """Hears what other lanes have filled, in one batch."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._engine = people.memory.history.current

    def is_next(self, record: FilledRecord) -> bool:
        """Whether a record follows on the last of that filling; it then counts as taken. The first of a newer filling ends the one before.

        Raises:
            Rejected: it comes from a partition that does not exist.
        """
        changes = self._people.changes
        partitions = len(changes.received)
        if not 0 <= record.origin < partitions:
            raise Rejected(rejection.UNREADABLE_INTERNAL, f"origin is {record.origin}, there are {partitions} partitions")
        held, filling = changes.gathering, (record.version, record.old)
        if held is None or filling > (held.version, held.old):
            held = Gathering(*filling, (0,) * partitions, (-1,) * partitions)
            changes.gathering = held
            changes.forget_pieces()
        if filling != (held.version, held.old) or record.number != held.heard[record.origin] + 1:
            changes.repeated += 1
            return False
        changes.gathering = replace(held, heard=_with(held.heard, record.origin, record.number))
        return True

    def take(self, record: FilledRecord) -> None:
        """Take what follows. After the switch a part comes late, and the person gets it at once.

        Raises:
            Rejected: ``too-many-hops``; ``unreadable-internal``.
        """
        changes, held = self._people.changes, self._people.changes.gathering
        if not record.absorbed:
            if held is not None:
                changes.gathering = replace(held, starts=_with(held.starts, record.origin, record.start))
        elif record.version > self._engine.version and not record.hops:
            changes.pieces[piece_name(record.to, record.absorbed, record.link)] = record.packed() or NOTHING
        else:
            self._take_late(record)

    def _take_late(self, record: FilledRecord) -> None:
        state = unpacked(record)
        if state is None:
            return
        working, target = self._people.find(record.to)
        if target is not None:
            self._people.send(replace(record, to=target, hops=record.hops + 1))
        elif working is not None and record.version == self._engine.version:
            changes = self._people.changes
            self._people.bring(working)
            since = len(changes.transitions)
            self._engine.take_over(working.person, state, changes.clock, changes.transitions, "definition")
            self._people.note(working, since)
            working.changed = True


def _with(counts: tuple[int, ...], at: int, count: int) -> tuple[int, ...]:
    return (*counts[:at], count, *counts[at + 1 :])

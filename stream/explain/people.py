"""People as they are now: read from the store, brought forward in memory under the definitions that hold.

What the store has is as of a person's last commit. Scores have faded since, and due times may have passed that nobody has fired
yet; so a copy is brought to the newest definitions and to the time asked about. Nothing is written.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from schemas.definitions.model import Bundle
from schemas.identity_records import HOPS_MAX
from schemas.routing import partition_of
from schemas.transition import Transition
from segments.history import History
from stream.kafka.port import Bundles
from stream.store.layout import DIGEST_BYTES, ENTRY_BYTES, NOBODY, SLICE_PEOPLE, person_digest
from stream.store.port import LaneHeader, StateStore, unpack_header
from stream.worker.sweep import shadows_of
from tagging.codec import unpack
from tagging.person import Person
from tagging.state import PersonState


@dataclass(frozen=True, slots=True)
class Found:
    """One person at a time (absolute ms). ``transitions``: what happened on the way from the last commit to it.

    ``asked_for``: the id by which the person was looked for, if by one.
    """

    person: Person
    as_of_ms: int
    partition: int
    history: History
    transitions: list[Transition]
    asked_for: str = ""

    @property
    def bundle(self) -> Bundle:
        """The definitions that the person is under."""
        return self.history.current.program.bundle


class PeopleReader:
    """Reads people of any partition. All calls may raise Unavailable. ``secret``: the key under which ids are hashed."""

    def __init__(self, store: StateStore, bundles: Bundles, partitions: int, secret: bytes | None = None) -> None:
        self._store = store
        self._bundles = bundles
        self._partitions = partitions
        self._secret = secret
        self._histories: dict[int, tuple[tuple[tuple[int, int], ...], History]] = {}

    async def header(self, partition: int) -> LaneHeader | None:
        """What is true of a partition as a whole; None before its first owner."""
        packed = await self._store.header(partition)
        return None if packed is None else unpack_header(packed)

    async def find(self, person_id: str, now_ms: int) -> Found | None:
        """The person of any id at the given time, or at the lane's clock if that is later; None if there is no such person."""
        canonical, packed = await self._stored(person_id)
        partition, digest = partition_of(canonical, self._partitions), person_digest(canonical)
        header = await self.header(partition)
        if packed is None or header is None:
            return None
        history = await self._history(partition, header)
        if history.end_of(unpack(packed), max(now_ms, header.clock)) is not None:
            return None
        shadows = await shadows_of(self._store, partition, header, [digest])
        found = brought(packed, partition, history, max(now_ms, header.clock), shadows.get(digest))
        history.current.advance(found.person, found.as_of_ms - found.person.state.base + 1, found.transitions)
        return replace(found, asked_for=person_id)

    async def as_stored(self, person_id: str) -> Person | None:
        """The person of any id as of the last commit, under the definitions of then."""
        _, packed = await self._stored(person_id)
        return None if packed is None else Person(unpack(packed))

    async def _stored(self, typed_id: str) -> tuple[str, bytes | None]:
        """The canonical id of whom an id stands for, and that person as the store has it."""
        for _ in range(HOPS_MAX):
            partition, digests = partition_of(typed_id, self._partitions), [person_digest(typed_id)]
            (packed,) = await self._store.persons(partition, digests)
            (pointer,) = await self._store.pointers(partition, digests)
            if packed is not None or pointer is None:
                return typed_id, packed
            typed_id = pointer.target
        return typed_id, None

    async def stored(self, partition: int) -> AsyncIterator[Person]:
        """All people of a partition as of the last commit, slice by slice."""
        header = await self.header(partition)
        for number in range(-(-header.people // SLICE_PEOPLE) if header is not None else 0):
            (packed_slice,) = await self._store.slices(partition, [number])
            digests = [digest for digest in digests_of(packed_slice) if digest is not None]
            for packed in await self._store.persons(partition, digests):
                if packed is not None:
                    yield Person(unpack(packed))

    async def everybody(self, partition: int, now_ms: int, slices: range | None = None) -> AsyncIterator[Found]:
        """All people of a partition, or of some slices of it, slice by slice; without those whom the lane will forget before anything else.

        What is due exactly at the time has not fired: whoever evaluates them then decides it, as a record would.
        """
        header = await self.header(partition)
        if header is None:
            return
        history = await self._history(partition, header)
        for number in slices_of(header) if slices is None else slices:
            digests = await self.digests(partition, number)
            shadows = await shadows_of(self._store, partition, header, digests)
            for digest, packed in zip(digests, await self._store.persons(partition, digests), strict=True):
                if packed is not None and history.end_of(unpack(packed), max(now_ms, header.clock)) is None:
                    yield brought(packed, partition, history, max(now_ms, header.clock), shadows.get(digest))

    async def digests(self, partition: int, number: int) -> list[bytes]:
        """The digests of the people of one slice."""
        (packed_slice,) = await self._store.slices(partition, [number])
        return [digest for digest in digests_of(packed_slice) if digest is not None]

    async def begun(self, partition: int, digests: list[bytes]) -> dict[bytes, int]:
        """The incarnations (absolute ms), by digest, of those who exist."""
        found = await self._store.persons(partition, digests)
        return {digest: unpack(packed).incarnation for digest, packed in zip(digests, found, strict=True) if packed is not None}

    async def members(self, partition: int, segment: int) -> AsyncIterator[str]:
        """The ids of the people of a partition who are in a segment (by its number), in the order of their first record."""
        bits = await self._store.member_bits(partition, segment)
        for start in range(0, len(bits) * 8, SLICE_PEOPLE):
            places = [place for place in range(SLICE_PEOPLE) if _bit(bits, start + place)]
            if not places:
                continue
            (packed_slice,) = await self._store.slices(partition, [start // SLICE_PEOPLE])
            found = digests_of(packed_slice)
            digests = [digest for place in places if place < len(found) and (digest := found[place]) is not None]
            for packed in await self._store.persons(partition, digests):
                if packed is not None:
                    yield unpack(packed).id

    async def _history(self, partition: int, header: LaneHeader) -> History:
        held = self._histories.get(partition)
        if held is None or held[0] != header.switches:
            bundles = {version: await self._bundles.bundle(version) for version, _ in header.switches}
            held = self._histories[partition] = (header.switches, History(bundles, header.switches, self._secret))
        return held[1]


def slices_of(header: LaneHeader) -> range:
    """The numbers of a partition's slices."""
    return range(-(-header.people // SLICE_PEOPLE))


def brought(packed: bytes, partition: int, history: History, at_ms: int, shadow: PersonState | None = None) -> Found:
    """A packed person under the newest definitions, with all that is due before ``at_ms`` fired.

    ``shadow``: what the person adopts on the way, if the newest set was filled and its sweep has not come by yet.
    """
    person = Person(unpack(packed))
    transitions: list[Transition] = []
    history.bring(person, transitions, shadow)
    history.current.advance(person, at_ms - person.state.base, transitions)
    return Found(person, at_ms, partition, history, transitions)


def digests_of(packed_slice: bytes) -> list[bytes | None]:
    """The digests of a slice by place; None where nobody is."""
    found = [packed_slice[at : at + DIGEST_BYTES] for at in range(0, len(packed_slice) - ENTRY_BYTES + 1, ENTRY_BYTES)]
    return [None if digest == NOBODY else digest for digest in found]


def _bit(bits: bytes, number: int) -> bool:
    return number >> 3 < len(bits) and bool(bits[number >> 3] & (0x80 >> (number & 7)))

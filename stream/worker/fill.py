"""Working out, from the log, what a new set of definitions must know of the past: one slice of records at a time, in memory.

A person's *shadow* is a person of its own: it has the recent ids and the traits too, so that repeats count once and conditions on
traits are decided as they were. It is kept beside the person until the switch (see ``segments.fill``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from schemas.definitions.model import Bundle
from schemas.errors import Rejected
from schemas.event import Event
from schemas.identity_records import FilledRecord, ForwardRecord, IdentityRecord, LinkRecord, TransferRecord
from schemas.internal import HEADER, DefinitionsRecord, EraseRecord, ListRecord, SplitRecord, read_internal
from schemas.spool_mark import is_repeat
from segments.compile import compile_bundle
from segments.engine import Engine
from segments.fill import Fill, fill_of, filling_program
from segments.history import History
from stream.kafka.port import Record
from stream.store.layout import shadow_digest
from stream.store.port import Filling
from stream.worker.batch import BatchStep, Forwarded, Intake, IntakeReader, Said, load
from stream.worker.dues import DueIndex
from stream.worker.fill_lives import Lives
from stream.worker.fill_merges import Known, Merging, begins
from stream.worker.memory import Changes, LaneMemory, Working
from stream.worker.people import People
from tagging.codec import pack
from tagging.state import PersonState


@dataclass(frozen=True, slots=True)
class FilledSlice:
    """What a slice of records has come to: how far the filling is, the shadows that changed, by their names in the store, and those that
    are ``gone``; ``entries`` for the outbox; ``used``: names of pieces that are of no more use.
    """

    filling: Filling
    shadows: list[tuple[bytes, bytes]]
    gone: list[bytes] = field(default_factory=list)
    entries: list[bytes] = field(default_factory=list)
    used: list[bytes] = field(default_factory=list)


class _FillStep(BatchStep):
    """Applies records to shadows. Of definitions in the log only the settings matter; what lists say, a person holds whatever set holds."""

    settings: int
    sets: Mapping[int, Bundle]
    trimmed: bool
    merging: Merging

    def _definitions(self, record: DefinitionsRecord) -> None:
        if record.phase == "activate" and record.version > self.settings and record.version in self.sets:
            self.settings = record.version
            self.merging.lives.switch(record.version, self._changes.clock)
            self._engine.use(self.sets[record.version].settings)

    def people(self) -> list[Working]:
        """Whose shadows there are."""
        return self._people.all()

    def _forward(self, record: ForwardRecord) -> None:
        """The lane it went to reads it in its own past."""

    def _claim(self, working: Working, event: Event) -> None:
        """What there was to ask has been asked when the event was applied."""

    def _event(self, event: Event, digest: bytes, record: Record) -> None:
        if self._is_before(digest) or self.merging.is_elsewhere(digest, record.offset):
            # A second copy may stand behind the erasure.
            is_repeat(record.headers, self._changes.marks)
        else:
            self.merging.end(digest)
            super()._event(event, digest, record)

    def _from_lane(self, said: Said | DefinitionsRecord | ListRecord | None, digest: bytes) -> None:
        if isinstance(said, EraseRecord | SplitRecord):
            return
        hop = said.record if isinstance(said, Forwarded) else said
        assert isinstance(hop, IdentityRecord)
        if isinstance(hop, FilledRecord) and not hop.hops:
            return
        received = self._changes.received
        if self.trimmed and 0 <= hop.origin < len(received) and not received[hop.origin]:
            received[hop.origin] = hop.number - 1
        # What is left out counts as taken all the same, or nothing after it would be next.
        if not self._people.is_next(hop) or self._is_before(digest):
            return
        if isinstance(hop, ForwardRecord | LinkRecord | TransferRecord | FilledRecord) and not self._people.is_late(digest, hop.said_ms):
            self._said(said, hop, digest)

    def _said(self, said: object, hop: ForwardRecord | LinkRecord | TransferRecord | FilledRecord, digest: bytes) -> None:
        merging, offset = self.merging, self._changes.cursor - 1
        if isinstance(said, Forwarded):
            if not merging.is_elsewhere(digest, offset) and not self._is_anothers(digest, said, offset):
                merging.end(digest)
                self._forwarded(said, digest)
        elif isinstance(hop, LinkRecord):
            merging.linked(hop, digest, offset)
        elif isinstance(hop, TransferRecord):
            merging.transferred(hop, digest, offset)
        elif isinstance(hop, FilledRecord):
            merging.passed_on(hop, digest, offset)

    def _is_anothers(self, digest: bytes, said: Forwarded, offset: int) -> bool:
        """Whether a split has given the event to another person, or it is found where it stood first."""
        return said.record.back or self.merging.known.is_anothers(digest, said.event.routing_id, offset)

    def _is_before(self, digest: bytes) -> bool:
        """Whether the record under way is of an incarnation that is no more."""
        return self.merging.known.is_before(digest, self._changes.cursor - 1, self._changes.clock)

    def _list(self, record: ListRecord, append_ms: int) -> None:
        """No tag and no leaf changes by it: a tag whose time is over by then counts as absent, deleted or not."""


class Filler:
    """Fills ``new``, in one partition where ``old`` holds. ``sets``: all sets of definitions by version."""

    def __init__(self, memory: LaneMemory, old: Bundle, new: Bundle, sets: Mapping[int, Bundle]) -> None:
        self.fill: Fill = fill_of(old, new)
        history = memory.history
        self._engine = Engine(new, filling_program(compile_bundle(new), self.fill), history.tally, history.secret)
        self._memory = LaneMemory(memory.partition, memory.header, b"", DueIndex({}), History.of(self._engine))
        self._sets = sets
        self.forgets = any(bundle.settings.forget_after_ms is not None for bundle in sets.values())
        self._reader = IntakeReader()

    def begin(self, filling: Filling) -> FilledSlice:
        """Before the first slice: say where the filling begins."""
        memory = self._memory
        if self.fill.is_empty:
            return FilledSlice(filling, [])
        partitions = range(memory.header.partitions)
        entries = [begins(filling, memory.partition, partition) for partition in partitions]
        return FilledSlice(replace(filling, told=(1,) * len(partitions)), [], entries=entries)

    def read(self, records: Sequence[Record]) -> Intake:
        """Sort a slice of records; the intake's digests say whose shadows are wanted."""
        return self._reader.read(records, self._engine.policy)

    def run(self, filling: Filling, intake: Intake, known: Known) -> FilledSlice:
        """Apply a slice that begins at the filling's cursor."""
        partitions = self._memory.header.partitions
        received, told = (list(counts or (0,) * partitions) for counts in (filling.received, filling.told))
        changes = Changes(filling.clock, filling.cursor, 0, received=received, marks=dict(filling.marks))
        shadows = load(known.shadows.items())
        working = {digest: one for digest, one in shadows.items() if is_shadow_of(one.person.state, filling.began)}
        people = People(self._memory, changes, working)
        people.tombstones, people.forgets = dict(known.erased), False
        step = _FillStep(self._memory, changes, people, {})
        step.settings, step.sets, step.trimmed = filling.settings, self._sets, filling.trimmed
        lives = Lives(self._sets, filling.switches)
        step.merging = merging = Merging(people, filling, self.fill, known, told, lives)
        self._engine.use(self._sets[filling.settings].settings)
        step.run(intake)
        changed = [one for one in step.people() if one.changed]
        for one in changed:
            one.person.state.number = filling.began
        packed = [(shadow_digest(one.digest), pack(one.person.state)) for one in changed]
        after = replace(filling, cursor=changes.cursor, clock=changes.clock, settings=step.settings)
        after = replace(after, received=_counts(received), told=_counts(told), marks=tuple(changes.marks.items()), switches=lives.switches)
        return FilledSlice(after, packed, merging.gone, merging.entries, merging.used)


def _counts(counts: Sequence[int]) -> tuple[int, ...]:
    return tuple(counts) if any(counts) else ()


def is_shadow_of(state: PersonState, began: int) -> bool:
    """Whether a shadow is of the filling that began with this commit, and not left from one that was given up."""
    return state.number == began


def is_switch(record: Record, current: int) -> int | None:
    """The version that a record switches to, if it is greater than ``current``."""
    if not record.headers or all(name != HEADER for name, _ in record.headers):
        return None
    try:
        internal = read_internal(record.value)
    except Rejected:
        return None
    is_newer = isinstance(internal, DefinitionsRecord) and internal.phase == "activate" and internal.version > current
    return internal.version if is_newer and isinstance(internal, DefinitionsRecord) else None


def until_switch(records: Sequence[Record], current: int) -> Sequence[Record]:
    """The records before the first that switches; that record alone if it comes first."""
    for at, record in enumerate(records):
        if is_switch(record, current) is not None:
            return records[: max(1, at)]
    return records

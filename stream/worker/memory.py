"""What a lane knows between two batches: the header it wrote last, the dues, and the definitions it went through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec
from msgspec.structs import replace

from schemas.person_merged import PersonMerged
from schemas.spool_mark import Marks
from schemas.transition import Transition
from segments.history import History
from segments.publish import is_member
from stream.store.layout import NOBODY, SLICE_PEOPLE, shadow_digest
from stream.store.port import Commit, Filling, Gathering, LaneHeader, Pointer, Tombstone, pack_header
from stream.worker.dues import DueIndex
from tagging.codec import pack
from tagging.person import Person
from tagging.state import PersonState


@dataclass(slots=True)
class LaneMemory:
    """Changed only by a commit that the store has accepted."""

    partition: int
    header: LaneHeader
    packed: bytes
    dues: DueIndex
    history: History


class Working(msgspec.Struct):
    """One person while a batch works on it; ``due_before`` in absolute ms as the slice has it (None: not due)."""

    digest: bytes
    person: Person
    due_before: int | None
    is_new: bool = False
    changed: bool = False
    shadow: PersonState | None = None
    is_absorbed: bool = False

    @property
    def due_ms(self) -> int | None:
        """The due time now, absolute."""
        state = self.person.state
        return None if state.due is None else state.base + state.due


@dataclass(slots=True)
class Changes:
    """What a batch has worked out so far."""

    clock: int
    cursor: int
    people: int
    applied: int = 0
    duplicates: int = 0
    dead_letters: int = 0
    transitions: list[Transition] = field(default_factory=list)
    members: list[tuple[int, int, bool]] = field(default_factory=list)
    swept: int | None = None
    sweep_to: int | None = None
    prepared: int = 0
    filling: Filling | None = None
    filled: int = 0
    gone: list[bytes] = field(default_factory=list)
    merged: list[PersonMerged] = field(default_factory=list)
    internal: list[bytes] = field(default_factory=list)
    pointers: dict[bytes, Pointer | None] = field(default_factory=dict)
    sent: list[int] = field(default_factory=list)
    received: list[int] = field(default_factory=list)
    repeated: int = 0
    forwarded: int = 0
    refused_links: Counter[str] = field(default_factory=Counter)
    erased_ms: int = 0
    erased: dict[str, int] = field(default_factory=dict)
    tombstones: dict[bytes, Tombstone] = field(default_factory=dict)
    marks: Marks = field(default_factory=dict)
    gathering: Gathering | None = None
    before: int = 0
    pieces: dict[bytes, bytes | None] = field(default_factory=dict)
    drop_pieces: bool = False

    def forget_pieces(self) -> None:
        """What has been told of absorbed persons so far is of no use."""
        self.pieces.clear()
        self.drop_pieces = True

    parted: bool = False
    forgotten: int = 0

    def note_adopted(self, working: Working) -> None:
        """The person has been brought to the newest set, and the shadow, if there is one, has been used up."""
        if working.shadow is not None:
            self.gone.append(shadow_digest(working.digest))
            working.shadow = None

    def note_members(self, since: int, working: Working, history: History) -> None:
        """Turn the transitions from index ``since`` on, all of one person, and what moved unpublished meanwhile, into membership bits."""
        state, moved = working.person.state, history.tally.moved
        numbers = history.current.program.bundle.numbers.segments
        told = [(numbers[transition.segment], bool(transition.sequence & 1)) for transition in self.transitions[since:]]
        if moved:
            told = [(segment, is_member(state, segment)) for segment in sorted(moved.union(segment for segment, _ in told))]
        self.members += [(segment, state.number, inside) for segment, inside in told]
        moved.clear()


def begin(memory: LaneMemory) -> Changes:
    """No change yet."""
    header = memory.header
    nothing = (0,) * header.partitions
    return Changes(
        header.clock,
        header.cursor,
        header.people,
        prepared=header.prepared,
        filling=header.filling,
        filled=header.filled,
        sent=list(header.sent or nothing),
        received=list(header.received or nothing),
        erased_ms=header.erased_ms,
        marks=dict(header.marks),
        gathering=header.gathering,
        before=header.before,
        parted=header.parted,
    )


class CommitDraft:
    """The commit of one batch while it grows; people can be added in several goes, and again when they changed again."""

    def __init__(self, memory: LaneMemory) -> None:
        self._memory = memory
        self._persons: dict[bytes, bytes] = {}
        self._new: list[tuple[int, bytes, int | None]] = []
        self._dues: list[tuple[int, int | None]] = []
        self._lowered: dict[int, int] = {}
        self._gone: dict[bytes, None] = {}

    def add(self, touched: Iterable[Working]) -> dict[bytes, bytes | None]:
        """Take in who has changed; their packed states by digest, None for those who are persons no more.

        Entries of a slice hold a time that is never later than the person's due time, and are written when it falls.
        """
        packed: dict[bytes, bytes | None] = {}
        for working in touched:
            if not working.changed:
                continue
            state = working.person.state
            if working.is_absorbed:
                self._remove(working)
                packed[working.digest] = None
                continue
            packed[working.digest] = body = pack(state)
            self._persons[working.digest] = body
            self._gone.pop(working.digest, None)
            due_ms = working.due_ms
            if working.is_new:
                self._new.append((state.number, working.digest, due_ms))
            elif due_ms is not None and (working.due_before is None or due_ms < working.due_before):
                self._dues.append((state.number, due_ms))
            else:
                continue
            if due_ms is not None:
                part = state.number // SLICE_PEOPLE
                self._lowered[part] = min(due_ms, self._lowered.get(part, due_ms))
        return packed

    def _remove(self, working: Working) -> None:
        """A person that is one no more; its place in the slice stays, and nobody is there."""
        self._persons.pop(working.digest, None)
        self._gone[working.digest] = None
        self._new.append((working.person.state.number, NOBODY, None))

    def finish(self, changes: Changes, bounds: dict[int, int | None], published: int, outbox: list[bytes]) -> tuple[Commit, LaneHeader]:
        """The commit, and the header after it. ``bounds``: slices whose bound is known exactly now."""
        memory = self._memory
        after = _header_after(memory, changes)
        commit = Commit(memory.packed, pack_header(after), members=changes.members, outbox=outbox, published=published)
        commit.persons = list(self._persons.items())
        commit.new_people = self._new
        commit.dues = self._dues
        commit.gone = [*changes.gone, *self._gone]
        commit.tombstones = list(changes.tombstones.items())
        commit.pointers = list(changes.pointers.items())
        commit.pieces, commit.drop_pieces = list(changes.pieces.items()), changes.drop_pieces
        for number, due_ms in self._lowered.items():
            exact = bounds.get(number)
            if number in bounds:
                bounds[number] = due_ms if exact is None else min(exact, due_ms)
            elif memory.dues.lower(number, due_ms):
                commit.slices.append((number, due_ms))
        for number, bound in bounds.items():
            memory.dues.put(number, bound)
            commit.slices.append((number, bound))
        return commit, after


def build_commit(
    memory: LaneMemory, changes: Changes, touched: Iterable[Working], bounds: dict[int, int | None], published: int, outbox: list[bytes]
) -> tuple[Commit, LaneHeader]:
    """The commit of a batch that was worked out in one go, and the header after it."""
    draft = CommitDraft(memory)
    draft.add(touched)
    return draft.finish(changes, bounds, published, outbox)


def _header_after(memory: LaneMemory, changes: Changes) -> LaneHeader:
    header = memory.header
    return replace(
        header,
        number=header.number + 1,
        cursor=changes.cursor,
        clock=changes.clock,
        people=changes.people,
        applied=header.applied + changes.applied,
        duplicates=header.duplicates + changes.duplicates,
        dead_letters=header.dead_letters + changes.dead_letters,
        transitions=header.transitions + len(changes.transitions),
        switches=memory.history.switches,
        swept=header.swept if changes.swept is None else changes.swept,
        sweep_to=header.sweep_to if changes.sweep_to is None else changes.sweep_to,
        prepared=changes.prepared,
        filling=changes.filling,
        filled=changes.filled if len(memory.history.switches) > 1 else 0,
        sent=tuple(changes.sent) if any(changes.sent) else (),
        received=tuple(changes.received) if any(changes.received) else (),
        erased_ms=changes.erased_ms,
        marks=tuple(changes.marks.items()),
        gathering=changes.gathering,
        before=changes.before,
        parted=changes.parted,
        forgotten=header.forgotten + changes.forgotten,
    )

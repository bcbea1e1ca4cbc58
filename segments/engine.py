"""The pure step: one event, or the passing of time, applied to one person under one set of definitions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

from schemas.definitions.model import Bundle, EngineSettings
from schemas.event import Event
from schemas.identities import IdentityPolicy
from schemas.transition import Cause, Transition
from segments.compile import CompiledSegment, Plan, Program, compile_bundle
from segments.counting import count
from segments.nodes import next_change
from segments.publish import ALIKE, SUPPRESSED, forget_entries, is_member, publishes
from segments.recorder import Record
from segments.shared import Shared
from segments.tally import Tally
from segments.union import union_terms
from tagging.apply import Application, shortened
from tagging.consent import TRAIT, gives
from tagging.decay import NEVER
from tagging.lifetime import Lifetimes, lifetimes_of
from tagging.lists import Naming, noted, version_of
from tagging.paths import MISSING
from tagging.person import Held, Person
from tagging.recent import id_hash, prune, remember, seen
from tagging.state import REBASE_AFTER, PersonState, rebase, rebuilt
from tagging.unite import unite

_NO_TRAITS_FROM: Final = "group"
_LAST_MS: Final = 253_402_300_799_999
_ALIKE: Final = (ALIKE,)


class Engine:
    """One compiled set of definitions, run against persons.

    All methods append to ``out`` in the order in which things became true. Clocks and event times are absolute
    milliseconds; a person's own times are relative to the person's base.
    """

    def __init__(self, bundle: Bundle, program: Program | None = None, tally: Tally | None = None, secret: bytes | None = None) -> None:
        self.program: Program = compile_bundle(bundle) if program is None else program
        self.version = bundle.version
        self.silent = bundle.silent
        self.use(bundle.settings)
        self._sources = bundle.numbers.sources
        self._segment_ids = {number: segment_id for segment_id, number in bundle.numbers.segments.items()}
        self._live_numbers = {segment.number for segment in self.program.segments}
        self._counting = {segment.number for segment in self.program.segments if segment.at_most is not None}
        self._lifetimes = lifetimes_of(self.program.tags.values())
        self._secret = secret
        self._purposes = bundle.settings.consent
        self._shares = any(isinstance(segment.node, Shared) for segment in self.program.segments)
        self.tally = Tally() if tally is None else tally

    @cached_property
    def policy(self) -> IdentityPolicy:
        """Who events are about. Made when a record is to be read: who only looks at people needs no secret.

        Raises:
            Misconfigured: ids are to be hashed, and there is no secret.
        """
        return IdentityPolicy(self.program.bundle.identity, self._secret)

    def quiet(self) -> Engine:
        """The same definitions, run where nothing that happens counts."""
        return Engine(self.program.bundle, self.program, None, self._secret)

    def use(self, settings: EngineSettings) -> None:
        """From here on these settings hold, whatever the set says: a fill reads a log in which they changed."""
        self._dedupe_ms = settings.dedupe_ms
        self.forget_after_ms = settings.forget_after_ms
        self.oldest_ms = settings.oldest_ms

    def apply(self, person: Person, event: Event, event_ms: int, clock: int, out: list[Transition]) -> bool:
        """Apply an event at the lane's clock; False if it is a repeat, which changes nothing.

        Raises:
            Rejected: ``state-too-large``; the person is as before.
        """
        state = person.state
        base = state.base
        now = clock - base
        if now > REBASE_AFTER:
            rebase(state, clock)
            base, now = clock, 0
        hashed = None
        if event.id is not None:
            hashed = id_hash(event.id)
            window = self._dedupe_ms
            newest_at = base + state.recent_at
            if hashed in state.recent and clock - newest_at < window and seen(state.recent, newest_at, hashed, clock, window):
                return False
        if state.due is not None and state.due < now:
            self.advance(person, now, out)
        if self._lifetimes is not None:
            _end_lifetimes(state, self._lifetimes, now)
        self._apply_new(person, event, event_ms, clock, out)
        state.active = now
        if hashed is not None:
            state.recent = remember(state.recent, base + state.recent_at, hashed, clock, self._dedupe_ms)
            state.recent_at = now
            expires = now + self._dedupe_ms
            if state.due is None or expires < state.due:
                state.due = expires
        self._due_at_end(state, now)
        return True

    def _apply_new(self, person: Person, event: Event, event_ms: int, clock: int, out: list[Transition]) -> None:
        state = person.state
        wire = event.wire
        now = clock - state.base
        at = event_ms - state.base
        plan = self.program.plans.get(event.name, self.program.other)
        traits = wire.traits
        merged = None
        if traits and type(traits) is dict and wire.type != _NO_TRAITS_FROM:
            merged = person.merged_traits(traits, event_ms)
        self._tag(person, event, plan, at, now, merged)
        if merged is not None:
            person.set_traits(merged)
        for leaf in plan.leaves:
            if leaf.where is None or leaf.where(wire, person.traits):
                count(state, leaf, at, now)
        if plan.recorders:
            record = Record(person, event.name, wire, at, now)
            self.tally.bound_bites += sum([recorder.record(record) for recorder in plan.recorders])
        anonymous_id = wire.anonymousId
        if anonymous_id and type(anonymous_id) is str:
            state.anonymous_id = self.policy.anonymous_id(anonymous_id, event.ids) or state.anonymous_id
        if state.due == now or person.is_new:
            person.is_new = False
            state.due = self._evaluate(person, now, self._relevant(state), ("event", event.id), out)
        else:
            segments = plan.segments if merged is None else plan.segments_with_traits
            bound = self._evaluate(person, now, segments, ("event", event.id), out, NEVER if state.due is None else state.due)
            if bound is not None and (state.due is None or bound < state.due):
                state.due = bound

    def _tag(self, person: Person, event: Event, plan: Plan, at: int, now: int, merged: Held | None) -> None:
        says = event.wire.type in ("tag", "untag")
        if not plan.rules and not says:
            return
        source = event.wire.source
        numbered = self._sources.get(source, shortened(source)) if type(source) is str else None
        application = Application(person.state, event, numbered, at, now, merged=merged)
        if says:
            if event.wire.type == "tag":
                application.say(self.program.tags)
            else:
                application.unsay(self.program.tags)
        application.run_rules(plan.rules, person)
        if application.bound_bites:
            self.tally.bound_bites += application.bound_bites

    def advance(self, person: Person, until: int, out: list[Transition]) -> None:
        """Fire the person's due times < ``until`` (relative), each stamped with its own time, in order."""
        state = person.state
        while (due := state.due) is not None and due < until:
            state.due = self._evaluate(person, due, self._relevant(state), ("time", None), out)
            self._tidy(state, due)
            end = self._end(state)
            if end is not None and end > due:
                # Lanes forget whoever has come to its end; who goes on from there is a copy that somebody looks at.
                self._due_at_end(state, due)
        if self._lifetimes is not None:
            _end_lifetimes(state, self._lifetimes, until - 1)

    def enlist(self, person: Person, naming: Naming, clock: int, out: list[Transition]) -> bool:
        """Apply what an uploaded list says of a person, at the lane's clock; False if a newer version has spoken, then nothing changes."""
        state = person.state
        if naming.version < version_of(state.lists, naming.key):
            return False
        if clock - state.base > REBASE_AFTER:
            rebase(state, clock)
        now = clock - state.base
        if state.due is not None and state.due < now:
            self.advance(person, now, out)
        if self._lifetimes is not None:
            _end_lifetimes(state, self._lifetimes, now)
        state.lists = noted(state.lists, naming)
        if state.due == now or person.is_new:
            person.is_new = False
            state.due = self._evaluate(person, now, self._relevant(state), ("list", None), out)
            self._due_at_end(state, now)
            return True
        bound = self._evaluate(person, now, self.program.readers_of_lists.get(naming.list_id, ()), ("list", None), out)
        if bound is not None and (state.due is None or bound < state.due):
            state.due = bound
        return True

    def take_over(self, person: Person, absorbed: PersonState | None, clock: int, out: list[Transition], cause: Cause = "merge") -> None:
        """Unite a person with one that turned out to be the same, brought to its own lane's clock; one evaluation of all segments.

        ``absorbed`` None: nothing is known of it; a person begins to exist.
        """
        self._reach(person, clock, out)
        if absorbed is not None:
            united = unite(person.state, absorbed, union_terms(self.program, clock))
            self.tally.bound_bites += united.bound_bites
            person.hold(united.state)
        person.is_new = False
        person.state.due = self._evaluate(person, clock - person.state.base, self.program.segments, (cause, None), out)
        self._tidy(person.state, clock - person.state.base)
        self._due_at_end(person.state, clock - person.state.base)

    def rebuild(self, person: Person, found: PersonState, clock: int, out: list[Transition]) -> None:
        """From here on the person holds what ``found``, brought to the clock, does; one evaluation of all segments.

        Its name, lists and identities, and what of it has been published, stay.
        """
        self._reach(person, clock, out)
        person.hold(rebuilt(person.state, found, self.program.leaves))
        person.is_new = False
        person.state.due = self._evaluate(person, clock - person.state.base, self.program.segments, ("split", None), out)
        self._tidy(person.state, clock - person.state.base)
        self._due_at_end(person.state, clock - person.state.base)

    def reach(self, person: Person, clock: int) -> None:
        """Bring a person of whom nothing is published to the clock."""
        self._reach(person, clock, [])

    def give_up(self, person: Person, clock: int, out: list[Transition], cause: Cause = "merge") -> None:
        """Leave every segment: the person becomes a part of another, or is erased. Of what is paused nothing is published, as ever."""
        self._reach(person, clock, out)
        state = person.state
        for segment in self.program.segments:
            if is_member(state, segment.number):
                self.tally.moved.add(segment.number)
            if state.members.get(segment.number, 0) & 1 and not segment.paused:
                state.members[segment.number] += 1
                out.append(self._transition(person, segment, clock - state.base, (cause, None)))
        self._tidy(state, clock - state.base)
        state.members, state.apart, state.due = {}, {}, None

    def _reach(self, person: Person, clock: int, out: list[Transition]) -> None:
        """Bring a person to the lane's clock, as a record finds it: what is due before has happened, what is over has gone."""
        state = person.state
        if clock - state.base > REBASE_AFTER:
            rebase(state, clock)
        now = clock - state.base
        if state.due is not None and state.due < now:
            self.advance(person, now, out)
        if self._lifetimes is not None:
            _end_lifetimes(state, self._lifetimes, now)

    def settle(self, person: Person, barrier_ms: int, out: list[Transition]) -> None:
        """The one evaluation at a definition's barrier (absolute); segments that are gone are left silently.

        The state of a leaf that is gone goes too: if the leaf comes back, it must not count what it saw before the gap.
        """
        state = person.state
        at = barrier_ms - state.base
        gone = [number for number, sequence in state.members.items() if sequence & 1 and number not in self._live_numbers]
        for number in sorted(gone, key=self._segment_ids.__getitem__):
            self._leave_removed(person, number, at, out)
        for number in [number for number in state.apart if number not in self._counting]:
            self.tally.moved.add(number)
            forget_entries(state, number, gone=number not in self._live_numbers)
        for number in [number for number in state.leaves if number not in self.program.leaves]:
            del state.leaves[number]
        state.due = self._evaluate(person, at, self._relevant(state), ("definition", None), out)
        state.definitions = self.version
        if state.active is None:
            state.active = at
        self._tidy(state, at)
        self._due_at_end(state, at)

    def _relevant(self, state: PersonState) -> Sequence[CompiledSegment]:
        """Those of all segments whose value can be another than it is for everybody of whom nothing is known."""
        segments = self.program.segments
        return [segments[place] for place in self.program.relevance.places(state)]

    def _tidy(self, state: PersonState, at: int) -> None:
        """Drop what can no longer change a result, so that a person at rest carries none of it."""
        state.recent = prune(state.recent, state.base + state.recent_at, state.base + at, self._dedupe_ms)
        if not state.recent:
            state.recent_at = 0
            return
        expires = state.recent_at + self._dedupe_ms
        if state.due is None or expires < state.due:
            state.due = expires

    def _end(self, state: PersonState) -> int | None:
        """When the person is to be forgotten if no event comes; None: never, or it is not known since when it has been inactive."""
        return None if self.forget_after_ms is None or state.active is None else state.active + self.forget_after_ms

    def _due_at_end(self, state: PersonState, at: int) -> None:
        """When the person is to be forgotten is a due time too; at once if that is over at ``at``, or is ``at``, which is not over yet."""
        end = self._end(state)
        if end is not None and (state.due is None or end < state.due):
            state.due = max(end, at)

    def _evaluate(
        self,
        person: Person,
        at: int,
        segments: Sequence[CompiledSegment],
        why: tuple[Cause, str | None],
        out: list[Transition],
        horizon: int = NEVER,
    ) -> int | None:
        """Evaluate each of the segments once; the earliest bound (see ``segments.nodes``), None for never."""
        members = person.state.members
        apart = person.state.apart
        soonest = NEVER
        person.outlooks = {} if self._shares else None
        for segment in segments:
            for stays in segment.stays:
                soonest = min(soonest, stays.note(person, at, horizon))
            value, bound = segment.node.outlook(person, at, horizon)
            sequence = members.get(segment.number, 0)
            if (value is not bool(sequence & 1) or segment.number in apart) and self._publishes(person, segment, at, value=value):
                members[segment.number] = sequence + 1
                out.append(self._transition(person, segment, at, why))
            if bound < soonest:
                soonest = bound
        person.outlooks = None
        return soonest if _writable(person.state.base + soonest) is not None else None

    def _publishes(self, person: Person, segment: CompiledSegment, at: int, *, value: bool) -> bool:
        state, number = person.state, segment.number
        before = state.apart.get(number, _ALIKE)[0]
        published = publishes(state, number, segment.at_most, value=value, paused=segment.paused, at=at)
        after = state.apart.get(number, _ALIKE)[0]
        if before != after:
            self.tally.moved.add(number)
            self.tally.entries += after == SUPPRESSED
            self.tally.leaves += before == SUPPRESSED
        return published

    def _transition(self, person: Person, segment: CompiledSegment, at: int, why: tuple[Cause, str | None]) -> Transition:
        state = person.state
        cause, event_id = why
        sequence = state.members[segment.number]
        leaves_at = next_change(segment.node, person, at) if sequence & 1 else NEVER
        return Transition(
            person=state.id,
            user_id=state.id[5:] if state.id.startswith("user:") else None,
            anonymous_id=state.anonymous_id,
            segment=segment.id,
            incarnation=state.incarnation,
            sequence=sequence,
            timestamp=state.base + at,
            cause=cause,
            definitions=self.version,
            event_id=event_id,
            leaves_at=_writable(state.base + leaves_at),
            traits=_included(segment, person),
            silent=self.silent and cause == "definition",
            consent=self._consent(person),
        )

    def _consent(self, person: Person) -> tuple[str, ...]:
        """The purposes to which the person has given consent."""
        if not self._purposes:
            return ()
        said = person.said(TRAIT)
        return tuple(one.id for one in self._purposes if gives(said, one.id, unless_said=one.unless_said))

    def _leave_removed(self, person: Person, number: int, at: int, out: list[Transition]) -> None:
        state = person.state
        state.members[number] += 1
        out.append(
            Transition(
                person=state.id,
                user_id=state.id[5:] if state.id.startswith("user:") else None,
                anonymous_id=state.anonymous_id,
                segment=self._segment_ids[number],
                incarnation=state.incarnation,
                sequence=state.members[number],
                timestamp=state.base + at,
                cause="definition",
                definitions=self.version,
                silent=True,
                consent=self._consent(person),
            )
        )


def _writable(time_ms: int) -> int | None:
    """A time that ISO 8601 can write; what lies after the year 9999 is as good as never."""
    return time_ms if time_ms <= _LAST_MS else None


def _included(segment: CompiledSegment, person: Person) -> dict[str, Any] | None:
    if not segment.include:
        return None
    found = {path: read(person.traits()) for path, read in segment.include}
    return {path: value for path, value in found.items() if value is not MISSING}


def _end_lifetimes(state: PersonState, lifetimes: Lifetimes, at: int) -> None:
    """Delete the tags whose time is over at ``at``. No result changes by it: they have counted as absent since."""
    for key in lifetimes.over(state.tags, at):
        del state.tags[key]

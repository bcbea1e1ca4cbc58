"""What definitions would do to the people there are: each one settled, in memory, under the new set as the lanes would do it.

What the new set must know of the past is read from the log first, as the lanes will read it when it is applied (``stream.explain.past``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from schemas.definitions.model import Bundle
from schemas.transition import Transition
from segments.engine import Engine
from segments.explain import deciding, explain
from segments.fill import adopt
from segments.publish import is_member
from stream.explain.past import Past
from stream.explain.people import Found, PeopleReader, slices_of
from stream.kafka.port import Bundles, PastLog
from stream.store.layout import person_digest, shadow_digest
from stream.store.port import LaneHeader
from tagging.codec import unpack

EXAMPLES_MAX: Final = 10
# Of 128 people each: what is held of the past at once. A partition with more people is read once for each so many.
SLICES_AT_ONCE: Final = 1_600
_REASONS_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class Example:
    """One person who would enter or leave, and the parts of the condition that decide it. ``published``: a transition would say so."""

    person: str
    enters: bool
    published: bool
    reasons: tuple[str, ...]


@dataclass(slots=True)
class SegmentOutlook:
    """One segment: how many are in it now and would be after, who would enter and leave: by the condition, whatever is published.

    ``entered``, ``left``: the transitions that would be published. They differ where ``at_most`` or ``paused`` hold something back,
    and when a pause ends.
    """

    segment: str
    before: int = 0
    after: int = 0
    enters: int = 0
    leaves: int = 0
    entered: int = 0
    left: int = 0
    examples: list[Example] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DryRun:
    """All segments, those that are gone included; ``people`` looked at, ``records`` of the past read."""

    people: int
    records: int
    segments: tuple[SegmentOutlook, ...]


@dataclass(slots=True)
class Progress:
    """How far a dry run is: people looked at, offsets of the log read, and how many there are to read."""

    people: int = 0
    read: int = 0
    of: int = 0


class Rehearsal:
    """A dry run of ``new`` at a time (absolute ms). ``tell`` hears how far it is. Reads only; all calls may raise Unavailable."""

    def __init__(self, people: PeopleReader, bundles: Bundles, past: PastLog, partitions: int, tell: Callable[[Progress], None]) -> None:
        self._people = people
        self._bundles = bundles
        self._past = past
        self._partitions = range(partitions)
        self._tell = tell
        self._progress = Progress()

    async def run(self, old: Bundle, new: Bundle, now_ms: int) -> DryRun:
        """Walk all people. ``old`` names the segments that may be gone; what a person is under is the lane's matter."""
        engine = Engine(new)
        names = sorted({segment.id for segment in (*old.segments, *new.segments)})
        outlooks = {name: SegmentOutlook(name) for name in names}
        lanes = [(partition, header) for partition in self._partitions if (header := await self._people.header(partition)) is not None]
        pasts = {partition: await Past.of(partition, header, self._bundles, self._past, new, self._has_read) for partition, header in lanes}
        for partition, header in lanes:
            self._progress.of += await _to_read(pasts[partition], header)
        for partition, header in lanes:
            for part in _parts(header):
                await self._walk(partition, part, pasts[partition], engine, outlooks, now_ms)
        self._tell(self._progress)
        return DryRun(self._progress.people, self._progress.read, tuple(outlooks.values()))

    async def _walk(
        self, partition: int, part: range, past: Past | None, engine: Engine, outlooks: Mapping[str, SegmentOutlook], now_ms: int
    ) -> None:
        shadows: dict[bytes, bytes] = {}
        if past is not None:
            wanted = {digest for number in part for digest in await self._people.digests(partition, number)}
            begun = await self._people.begun(partition, list(wanted)) if past.forgets else None
            shadows = await past.shadows(wanted, lambda: self._cursor(partition), begun)
        async for found in self._people.everybody(partition, now_ms, part):
            if past is not None:
                packed = shadows.get(shadow_digest(person_digest(found.person.state.id)))
                adopt(found.person.state, None if packed is None else unpack(packed), past.fill)
            _settle(engine, found, outlooks)
            self._progress.people += 1
            if self._progress.people % 100 == 0:
                self._tell(self._progress)

    async def _cursor(self, partition: int) -> int:
        header = await self._people.header(partition)
        return 0 if header is None else header.cursor

    def _has_read(self, offsets: int) -> None:
        self._progress.read += offsets
        self._progress.of = max(self._progress.of, self._progress.read)
        self._tell(self._progress)


async def _to_read(past: Past | None, header: LaneHeader) -> int:
    return 0 if past is None else max(0, header.cursor - await past.first()) * len(_parts(header))


def _parts(header: LaneHeader) -> list[range]:
    slices = slices_of(header)
    return [slices[first : first + SLICES_AT_ONCE] for first in range(0, len(slices), SLICES_AT_ONCE)]


def _settle(engine: Engine, found: Found, outlooks: Mapping[str, SegmentOutlook]) -> None:
    numbers = engine.program.bundle.numbers.segments
    state = found.person.state
    before = {name: is_member(state, numbers[name]) for name in outlooks}
    out: list[Transition] = []
    engine.settle(found.person, found.as_of_ms, out)
    published = {transition.segment: bool(transition.sequence & 1) for transition in out}
    for name, outlook in outlooks.items():
        after = is_member(state, numbers[name])
        outlook.before += before[name]
        outlook.after += after
        outlook.enters += after > before[name]
        outlook.leaves += after < before[name]
        outlook.entered += published.get(name) is True
        outlook.left += published.get(name) is False
        if (after is not before[name] or name in published) and len(outlook.examples) < EXAMPLES_MAX:
            reasons = tuple(_reasons(engine, found, name))[:_REASONS_MAX]
            outlook.examples.append(Example(state.id, after, name in published, reasons))


def _reasons(engine: Engine, found: Found, segment: str) -> Iterator[str]:
    if all(evaluated.id != segment for evaluated in engine.program.segments):
        yield "the segment is gone"
        return
    for leaf in deciding(explain(engine.program, segment, found.person, found.as_of_ms)):
        yield f"{leaf.text}: {'holds' if leaf.value else 'does not hold'}"

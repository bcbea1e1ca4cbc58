"""What definitions would do to the people there are: each one settled, in memory, under the new set as the lanes would do it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from schemas.definitions.leaf import event_nodes, leaf_hash
from schemas.definitions.model import AllNode, AnyNode, Bundle, EventNode, Node, NotNode, Segment, TagNode
from schemas.transition import Transition
from segments.engine import Engine
from segments.explain import deciding, explain
from segments.words import event_words
from stream.explain.people import Found, PeopleReader
from tagging.windows import times_needed

EXAMPLES_MAX = 10
_REASONS_MAX = 3


@dataclass(frozen=True, slots=True)
class Example:
    """One person who would enter or leave, and the parts of the condition that decide it."""

    person: str
    enters: bool
    reasons: tuple[str, ...]


@dataclass(slots=True)
class SegmentOutlook:
    """One segment: how many are in it now and would be after, who would enter and leave.

    ``gaps``: what it looks at that was not kept before. Applying fills it from the log; the dry run does not read the log, so its
    numbers do not know of it.
    """

    segment: str
    before: int = 0
    after: int = 0
    enters: int = 0
    leaves: int = 0
    examples: list[Example] = field(default_factory=list)
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DryRun:
    """All segments, those that are gone included; ``people`` looked at."""

    people: int
    segments: tuple[SegmentOutlook, ...]


async def dry_run(
    people: PeopleReader, partitions: int, old: Bundle, new: Bundle, now_ms: int, progress: Callable[[int], None] = lambda _: None
) -> DryRun:
    """Walk all people; ``progress`` hears how many have been looked at. Nothing is written. Raises Unavailable."""
    engine = Engine(new)
    gaps = dict(gaps_of(old, new))
    names = sorted({segment.id for segment in (*old.segments, *new.segments)})
    outlooks = {name: SegmentOutlook(name, gaps=gaps.get(name, ())) for name in names}
    seen = 0
    for partition in range(partitions):
        async for found in people.everybody(partition, now_ms):
            _settle(engine, found, outlooks)
            seen += 1
            if seen % 100 == 0:
                progress(seen)
    progress(seen)
    return DryRun(seen, tuple(outlooks.values()))


def _settle(engine: Engine, found: Found, outlooks: dict[str, SegmentOutlook]) -> None:
    numbers = engine.program.bundle.numbers.segments
    before = dict(found.person.state.members)
    out: list[Transition] = []
    engine.settle(found.person, found.as_of_ms, out)
    after = found.person.state.members
    for name, outlook in outlooks.items():
        outlook.before += before.get(numbers[name], 0) & 1
        outlook.after += after.get(numbers[name], 0) & 1
    for transition in out:
        if transition.segment in outlooks:
            _note(engine, found, outlooks[transition.segment], enters=bool(transition.sequence & 1))


def _note(engine: Engine, found: Found, outlook: SegmentOutlook, *, enters: bool) -> None:
    if enters:
        outlook.enters += 1
    else:
        outlook.leaves += 1
    if len(outlook.examples) < EXAMPLES_MAX:
        reasons = tuple(_reasons(engine, found, outlook.segment))[:_REASONS_MAX]
        outlook.examples.append(Example(found.person.state.id, enters, reasons))


def _reasons(engine: Engine, found: Found, segment: str) -> Iterator[str]:
    if all(defined.id != segment for defined in engine.program.bundle.segments):
        yield "the segment is gone"
        return
    for leaf in deciding(explain(engine.program, segment, found.person, found.as_of_ms)):
        yield f"{leaf.text}: {'holds' if leaf.value else 'does not hold'}"


def gaps_of(old: Bundle, new: Bundle) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Per segment of the new set, what it looks at that the old set did not keep, or kept too little of."""
    held = _needs(old)
    tags = {tag.id for tag in old.tags}
    for segment in new.segments:
        words = tuple(dict.fromkeys([*_short_leaves(segment, held), *_new_tags(segment.when, tags)]))
        if words:
            yield segment.id, words


def _needs(bundle: Bundle) -> dict[str, tuple[int, int]]:
    """Leaf → (how many times, over how many ms) the set keeps."""
    needs: dict[str, tuple[int, int]] = {}
    for segment in bundle.segments:
        for node in event_nodes(segment.when):
            kept, within_ms = needs.get(leaf_hash(node), (0, 0))
            needs[leaf_hash(node)] = (max(kept, times_needed(node.count)), max(within_ms, node.within_ms or 0))
    return needs


def _short_leaves(segment: Segment, held: dict[str, tuple[int, int]]) -> Iterator[str]:
    for node in event_nodes(segment.when):
        if leaf_hash(node) not in held or _is_short(node, *held[leaf_hash(node)]):
            yield f"filled from the past when applied: {event_words(node)}"


def _is_short(node: EventNode, kept: int, within_ms: int) -> bool:
    return node.within_ms is not None and (times_needed(node.count) > kept or node.within_ms > within_ms)


def _new_tags(node: Node, tags: set[str]) -> Iterator[str]:
    match node:
        case TagNode(tag) if tag not in tags:
            yield f"filled from the past when applied: the tag {tag}"
        case AllNode(items) | AnyNode(items):
            for item in items:
                yield from _new_tags(item, tags)
        case NotNode(item):
            yield from _new_tags(item, tags)
        case _:
            return

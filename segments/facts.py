"""What is so of a leaf that keeps events, by name, as an explanation shows it. Times are absolute milliseconds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from schemas.definitions.model import EventNode
from segments.absence import KEYS_KEPT_MAX, AbsenceLeaf
from segments.aggregates import EVENTS_KEPT_MAX, AggregateLeaf
from segments.dates import AnniversaryLeaf, DateLeaf
from segments.nodes import All, CompiledNode, CounterLeaf, WindowLeaf
from segments.people import ConsentLeaf, ListLeaf, SampleLeaf, place
from segments.periods import PeriodLeaf
from segments.sequence import MATCHES_KEPT_MAX, SequenceLeaf
from segments.stays import StaysLeaf
from tagging.consent import TRAIT
from tagging.lists import is_named
from tagging.paths import MISSING
from tagging.person import Person
from tagging.windows import times_needed

_KEYS_SHOWN: Final = 5


def event_facts(node: EventNode, compiled: CompiledNode, person: Person, at: int) -> dict[str, Any]:
    """The count and the aggregates that an event node asks for.

    ``or_more``: of a sliding window only as many times are kept as decide. ``exact_over_newest``: where that bound has bitten, or may have.
    """
    facts: dict[str, Any] = {}
    for part in _parts(compiled):
        match part:
            case CounterLeaf(number):
                facts["count"] = _counter(person, number)
            case WindowLeaf():
                facts |= _window_facts(part, person, at)
                if facts["count"] >= times_needed(node.count):
                    facts["or_more"] = True
            case PeriodLeaf():
                facts |= _period_facts(part, person, at)
            case _:
                assert isinstance(part, AggregateLeaf)
                rows = part.inside(person, at)
                facts[f"{part.aggregate.kind} {part.aggregate.path}"] = part.total(rows)
                if max(len(rows), *(len(row) - 1 for row in rows), 0) >= EVENTS_KEPT_MAX:
                    facts["exact_over_newest"] = EVENTS_KEPT_MAX
    return facts


def leaf_facts(compiled: CompiledNode, person: Person, at: int) -> dict[str, Any]:
    """The facts behind any other leaf that this package compiles; ``exact_over_newest`` as above."""
    base = person.state.base
    match compiled:
        case SequenceLeaf():
            times = compiled.found(person)
            return {"times": None if times is None else [base + time for time in times], **_full(MATCHES_KEPT_MAX, compiled.most(person))}
        case AbsenceLeaf():
            waiting = sorted(compiled.waiting(person), key=lambda one: -one[1])
            shown = [_waiting(key, base + time) for key, time in waiting[:_KEYS_SHOWN]]
            return {"waiting": shown, "waiting_in_all": len(waiting), **_full(KEYS_KEPT_MAX, compiled.most(person))}
        case StaysLeaf():
            since = compiled.since(person, at)
            return {"since": None if since is None else base + since, "for_ms": compiled.lasts}
        case ListLeaf(named):
            return {"named": is_named(person.state.lists, named)}
        case ConsentLeaf():
            return {"said": person.said(TRAIT)}
        case SampleLeaf(seed):
            return {"place": place(seed, person.state.id) / 2**64}
        case _:
            assert isinstance(compiled, DateLeaf | AnniversaryLeaf)
            found = compiled.read(person.traits())
            return {"date": None if found is MISSING else found}


def _full(bound: int, found: int) -> dict[str, int]:
    return {"exact_over_newest": bound} if found >= bound else {}


def _parts(compiled: CompiledNode) -> Iterator[CompiledNode]:
    yield from compiled.items if isinstance(compiled, All) else (compiled,)


def _counter(person: Person, number: int) -> int:
    held = person.state.leaves.get(number, 0)
    return held if isinstance(held, int) else 0


def _window_facts(leaf: WindowLeaf, person: Person, at: int) -> dict[str, Any]:
    held = person.state.leaves.get(leaf.number)
    times = [time for time in held if time > at - leaf.within] if isinstance(held, list) else []
    return {"count": len(times), "times": [person.state.base + time for time in times], "within_ms": leaf.within}


def _period_facts(leaf: PeriodLeaf, person: Person, at: int) -> dict[str, Any]:
    held = leaf.held(person, at)
    calendar = leaf.span.calendar
    return {"count": sum(held.values()), "periods": {calendar.start_ms(period): held[period] for period in sorted(held)}}


def _waiting(key: Any, time: int) -> dict[str, Any]:
    return {"key": key.hex() if isinstance(key, bytes) else key, "after_at": time}

"""What is so of a leaf that keeps events, by name, as an explanation shows it. Times are absolute milliseconds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from segments.absence import AbsenceLeaf
from segments.aggregates import EVENTS_KEPT_MAX, AggregateLeaf
from segments.dates import AnniversaryLeaf, DateLeaf
from segments.nodes import All, CompiledNode, CounterLeaf, WindowLeaf
from segments.people import ListLeaf, SampleLeaf, place
from segments.periods import PeriodLeaf
from segments.sequence import SequenceLeaf
from segments.stays import StaysLeaf
from tagging.lists import is_named
from tagging.paths import MISSING
from tagging.person import Person

_KEYS_SHOWN: Final = 5


def event_facts(compiled: CompiledNode, person: Person, at: int) -> dict[str, Any]:
    """The count and the aggregates that an event node asks for; ``exact_over_newest`` where that bound has bitten, or may have."""
    facts: dict[str, Any] = {}
    for part in _parts(compiled):
        match part:
            case CounterLeaf(number):
                facts["count"] = _counter(person, number)
            case WindowLeaf():
                facts |= _window_facts(part, person, at)
            case PeriodLeaf():
                facts |= _period_facts(part, person, at)
            case _:
                assert isinstance(part, AggregateLeaf)
                rows = part.inside(person, at)
                facts[f"{part.aggregate.kind} {part.aggregate.path}"] = part.total(rows)
                if len(rows) >= EVENTS_KEPT_MAX:
                    facts["exact_over_newest"] = EVENTS_KEPT_MAX
    return facts


def leaf_facts(compiled: CompiledNode, person: Person, at: int) -> dict[str, Any]:
    """The facts behind any other leaf that this package compiles."""
    base = person.state.base
    match compiled:
        case SequenceLeaf():
            times = compiled.found(person)
            return {"times": None if times is None else [base + time for time in times]}
        case AbsenceLeaf():
            waiting = sorted(compiled.waiting(person), key=lambda one: -one[1])
            return {"waiting": [_waiting(key, base + time) for key, time in waiting[:_KEYS_SHOWN]], "waiting_in_all": len(waiting)}
        case StaysLeaf():
            since = compiled.since(person, at)
            return {"since": None if since is None else base + since, "for_ms": compiled.lasts}
        case ListLeaf(named):
            return {"named": is_named(person.state.lists, named)}
        case SampleLeaf(seed):
            return {"place": place(seed, person.state.id) / 2**64}
        case _:
            assert isinstance(compiled, DateLeaf | AnniversaryLeaf)
            found = compiled.read(person.traits())
            return {"date": None if found is MISSING else found}


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

"""Conditions as they stand in a definition file: plain JSON values that read back as what they were made from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any, Final

from schemas.definitions.consent_model import ConsentNode, Purpose
from schemas.definitions.duration import format_duration
from schemas.definitions.model import (
    AbsenceNode,
    AllNode,
    AllOf,
    AnniversaryNode,
    AnyNode,
    AnyOf,
    AtMost,
    CalendarWindow,
    Comparison,
    Condition,
    DateNode,
    EventMatch,
    EventNode,
    FixedWindow,
    ListNode,
    Node,
    NotNode,
    NotOf,
    PathTest,
    PropertyReference,
    PropertyWeight,
    Rule,
    SampleNode,
    SegmentNode,
    SequenceNode,
    StaysNode,
    TagNode,
    TraitNode,
    TraitReference,
)
from schemas.definitions.source_model import Enrichment, EventSchemas, FirstParty, SourceLimits
from schemas.transition import iso_time

Map = dict[str, Any]


def written(value: Any) -> Any:
    """A part of the model in the language: nodes, rules, weights, ``at_most``, what sources nest; lists of such; all else as it is."""
    if isinstance(value, tuple):
        return [written(item) for item in value]
    writer = _WRITERS.get(type(value))
    return value if writer is None else writer(value)


def _said(**keys: Any) -> Map:
    """The keys that are said: neither None nor empty. A trailing ``_`` keeps a name from being Python's."""
    return {key.rstrip("_"): value for key, value in keys.items() if value not in (None, {}, [])}


def _time(duration_ms: int | None) -> str | None:
    return None if duration_ms is None else format_duration(duration_ms)


def _compared(comparisons: Iterable[Comparison]) -> Map:
    return {each.operator: [each.value, each.upper] if each.operator == "between" else each.value for each in comparisons}


def _match(match: EventMatch) -> Map:
    names, needs = list(match.names), [need.purpose for need in match.needs]
    return _said(event=names[0] if len(names) == 1 else names, where=_where(match.where), needs=needs)


def _where(condition: Condition) -> Map:
    match condition:
        case AllOf(()):
            return {}
        case AllOf(items):
            return {"all": [_where(item) for item in items]}
        case AnyOf(items):
            return {"any": [_where(item) for item in items]}
        case NotOf(item):
            return {"not": _where(item)}
        case _:
            return {condition.path: _test(condition)}


def _test(test: PathTest) -> Map:
    match test.operand:
        case PropertyReference(path):
            return {test.operator: {"property": path}}
        case TraitReference(path):
            return {test.operator: {"trait": path}}
        case _:
            return {test.operator: test.operand}


def _trait_tests(condition: Condition) -> Map:
    match condition:
        case AllOf(items):
            return {"all": [_trait_tests(item) for item in items]}
        case AnyOf(items):
            return {"any": [_trait_tests(item) for item in items]}
        case NotOf(item):
            return {"not": _trait_tests(item)}
        case _:
            return _test(condition)


def _trait(node: TraitNode) -> Map:
    path = _first_path(node.condition)
    return {"all": []} if path is None else {"trait": path, **_trait_tests(node.condition)}


def _first_path(condition: Condition) -> str | None:
    match condition:
        case PathTest(path):
            return path
        case NotOf(item):
            return _first_path(item)
        case _:
            return next((found for item in condition.items if (found := _first_path(item)) is not None), None)


def _tag(node: TagNode) -> Map:
    last_at = None if node.last_within_ms is None else {"within": _time(node.last_within_ms)}
    name = node.tag if node.value is None else f"{node.tag}:{node.value}"
    return _said(tag=name, count=_compared(node.count), weight=_compared(node.weight), score=_compared(node.score), last_at=last_at)


def _event(node: EventNode) -> Map:
    fixed = node.fixed or FixedWindow()
    return {
        **_match(node.match),
        **_said(within=_time(node.within_ms), since=_moment(fixed.since_ms), until=_moment(fixed.until_ms)),
        **({} if node.calendar is None else {"calendar": _calendar(node.calendar)}),
        **_said(count=_compared(node.count)),
        **{each.kind: {"property": each.path, **_compared(each.comparisons)} for each in node.aggregates},
    }


def _moment(time_ms: int | None) -> str | None:
    return None if time_ms is None else iso_time(time_ms)


def _calendar(window: CalendarWindow) -> Map:
    return {"unit": window.unit, "zone": window.zone, "last": window.last}


def _absence(node: AbsenceNode) -> Map:
    return _said(
        after=_match(node.after), without=_match(node.without), within=_time(node.within_ms), same=node.same, for_=_time(node.for_ms)
    )


def _sequence(node: SequenceNode) -> Map:
    return _said(sequence=list(map(_match, node.steps)), span=_time(node.span_ms), within=_time(node.within_ms))


def _stays(node: StaysNode) -> Map:
    return {"stays": {"when": written(node.when), "for": _time(node.for_ms)}}


def _anniversary(node: AnniversaryNode) -> Map:
    return {"anniversary": {"trait": node.trait, "within": _time(node.within_ms), "zone": node.zone}}


def _date(node: DateNode) -> Map:
    return {"trait": node.trait, f"within_{node.direction}": _time(node.within_ms), "zone": node.zone}


def _rule(rule: Rule) -> Map:
    return {"id": rule.id, **_match(rule.match), "weight": written(rule.weight)}


def _weight(weight: PropertyWeight) -> Map:
    return _said(property=weight.path, times=weight.times, max=weight.maximum)


def _enrichment(asked: Enrichment) -> Map:
    steps = {name: getattr(asked, name) or None for name in ("user_agent", "bots", "campaign", "region", "truncate_ip")}
    return _said(**steps, scrub_urls=list(asked.scrub_parameters) or asked.scrub_urls or None)


def _limits(limits: SourceLimits) -> Map:
    return {name: most for name, most in asdict(limits).items() if most}


def _first_party(asked: FirstParty) -> Map:
    plain = FirstParty(())
    said = {name: value for name, value in asdict(asked).items() if value != getattr(plain, name)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in said.items()}


def _schemas(said: EventSchemas) -> Map:
    events = {name: json.loads(text) for name, text in sorted(said.events.items())}
    return _said(events=events, infer=said.infer or None, otherwise=said.otherwise if events or said.infer else None)


_OfSource = Enrichment | EventSchemas | FirstParty | SourceLimits
_WRITERS: Final[dict[type[Node | Rule | PropertyWeight | AtMost | Purpose | _OfSource], Callable[[Any], Map]]] = {
    Enrichment: _enrichment,
    SourceLimits: _limits,
    EventSchemas: _schemas,
    FirstParty: _first_party,
    AllNode: lambda node: {"all": written(node.items)},
    AnyNode: lambda node: {"any": written(node.items)},
    NotNode: lambda node: {"not": written(node.item)},
    TraitNode: _trait,
    TagNode: _tag,
    EventNode: _event,
    SequenceNode: _sequence,
    AbsenceNode: lambda node: {"absence": _absence(node)},
    StaysNode: _stays,
    SegmentNode: lambda node: {"segment": node.segment},
    ListNode: lambda node: {"list": node.list},
    SampleNode: lambda node: {"sample": {"percent": node.percent, "seed": node.seed}},
    AnniversaryNode: _anniversary,
    DateNode: _date,
    ConsentNode: lambda node: {"consent": node.purpose},
    Purpose: lambda purpose: {purpose.id: "opt_out" if purpose.unless_said else "opt_in"},
    Rule: _rule,
    PropertyWeight: _weight,
    AtMost: lambda limit: {"times": limit.times, "per": _time(limit.per_ms)},
}

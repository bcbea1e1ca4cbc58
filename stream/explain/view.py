"""A person, or why a person is in a segment, as plain JSON: what commands and the API show. Times are ISO 8601."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from schemas.definitions.duration import format_duration
from schemas.definitions.model import Bundle
from schemas.transition import iso_time
from segments.explain import Explanation, explain
from segments.nodes import next_change
from segments.publish import ALIKE, SUPPRESSED, WITHHELD, is_member
from stream.explain.people import Found
from tagging.decay import NEVER, score_at
from tagging.families import FAMILY_VALUES_MAX, family_prefix, values_held
from tagging.lists import naming
from tagging.recent import ENTRY_BYTES, KEPT_MAX
from tagging.state import PersonState, TagState


def person_view(found: Found) -> dict[str, Any]:
    """Everything kept of a person, with scores as of ``found.as_of_ms``."""
    state = found.person.state
    return {
        "person": state.id,
        "asOf": iso_time(found.as_of_ms),
        "definitions": state.definitions,
        "partition": found.partition,
        "incarnation": state.incarnation,
        "firstSeen": iso_time(state.incarnation),
        "anonymousId": state.anonymous_id,
        "ids": found.person.ids(),
        "nextDue": None if state.due is None else iso_time(state.base + state.due),
        "traits": dict(found.person.traits()),
        "tags": _tags(found),
        "segments": _segments(found),
        "lists": naming(state.lists),
        "bounds": bounds_view(found),
    }


def explanation_view(explanation: Explanation) -> dict[str, Any]:
    """The tree; facts that are times are told as such. ``asked``: by the name of a fact, what is asked of it."""
    return {
        "node": explanation.kind,
        "asks": explanation.text,
        "value": explanation.value,
        "changesAt": None if explanation.changes_at is None else iso_time(explanation.changes_at),
        "facts": _facts(explanation.facts) if explanation.kind != "trait" else explanation.facts,
        "asked": explanation.asked,
        "items": [explanation_view(item) for item in explanation.items],
    }


def publishing_view(found: Found, segment: str) -> dict[str, Any]:
    """What receivers have been told of the person and the segment, which ``at_most`` and ``paused`` may hold apart from what is so.

    ``heldBack``: why the newest change was not published. ``entries``: times of published entries that ``at_most`` counts now.
    """
    state, bundle = found.person.state, found.bundle
    number = bundle.numbers.segments[segment]
    defined = next(one for one in bundle.segments if one.id == segment)
    how, *entries = state.apart.get(number, [ALIKE])
    most = defined.at_most
    counted = [] if most is None else [time for time in entries if time > found.as_of_ms - state.base - most.per_ms]
    sequence = state.members.get(number, 0)
    return {
        "in": bool(sequence & 1),
        "sequence": sequence,
        "heldBack": {ALIKE: None, SUPPRESSED: "at_most", WITHHELD: "paused"}[how],
        "paused": defined.paused,
        "atMost": None if most is None else {"times": most.times, "per": format_duration(most.per_ms)},
        "entries": [iso_time(state.base + time) for time in counted],
    }


def _facts(facts: dict[str, Any]) -> dict[str, Any]:
    return dict(_fact(name, value) for name, value in facts.items())


def _fact(name: str, value: Any) -> tuple[str, Any]:
    told: Any
    match name:
        case "first_at" | "last_at" | "after_at" | "since":
            told = None if value is None else iso_time(value)
        case "times":
            told = None if value is None else [iso_time(time) for time in value]
        case "values":
            told = {key: _facts(inner) for key, inner in value.items()}
        case "periods":
            told = {iso_time(start): count for start, count in value.items()}
        case "waiting":
            told = [_facts(one) for one in value]
        case _:
            told = value
    return _CAMEL.get(name, name), told


# By name, and not by a rule: the facts of an aggregate are named by paths, which are their owner's.
_CAMEL: Final = {
    "first_at": "firstAt",
    "last_at": "lastAt",
    "after_at": "afterAt",
    "values_in_all": "valuesInAll",
    "waiting_in_all": "waitingInAll",
    "half_life_ms": "halfLifeMs",
    "within_ms": "withinMs",
    "for_ms": "forMs",
    "or_more": "orMore",
    "exact_over_newest": "exactOverNewest",
}


def bounds_view(found: Found) -> list[dict[str, Any]]:
    """The bounds that the person has reached: beyond each of them something may have been left out."""
    program, state = found.history.current.program, found.person.state
    told = [
        {"of": "segment", "id": segment.id, "asks": leaf.text, "bound": leaf.facts["exact_over_newest"]}
        for segment in program.segments
        for leaf in _nodes(explain(program, segment.id, found.person, found.as_of_ms))
        if "exact_over_newest" in leaf.facts and leaf.kind not in ("trait", "tag")
    ]
    for tag in program.tags.values():
        most = None if tag.limits is None else tag.limits.max_values
        if most is not None and len(values_held(state.tags, family_prefix(tag.number))) >= most:
            told.append({"of": "tag", "id": tag.id, "asks": "values of the tag", "bound": most})
    if len(state.tags) >= FAMILY_VALUES_MAX:
        told.append({"of": "person", "id": state.id, "asks": "tags", "bound": FAMILY_VALUES_MAX})
    if len(state.recent) >= KEPT_MAX * ENTRY_BYTES:
        told.append({"of": "person", "id": state.id, "asks": "ids of events remembered against repeats", "bound": KEPT_MAX})
    return told


def _nodes(explanation: Explanation) -> Iterator[Explanation]:
    yield explanation
    for item in explanation.items:
        yield from _nodes(item)


def _tags(found: Found) -> list[dict[str, Any]]:
    bundle, state = found.bundle, found.person.state
    ids = {number: tag_id for tag_id, number in bundle.numbers.tags.items()}
    half_lives = {tag.id: tag.half_life_ms for tag in bundle.tags}
    at = found.as_of_ms - state.base
    told = []
    for key, held in state.tags.items():
        number, _, value = str(key).partition(":")
        tag_id = ids.get(int(number), f"#{number}")
        name = {"tag": tag_id, "value": value or None}
        told.append({**name, **_tag(held, state, half_lives.get(tag_id), at), "from": _origin(held, bundle)})
    return sorted(told, key=lambda tag: (tag["tag"], -abs(tag["score"]), tag["value"] or ""))


def _tag(held: TagState, state: PersonState, half_life: int | None, at: int) -> dict[str, Any]:
    return {
        "count": held.count,
        "weight": held.weight,
        "score": score_at(held.score, held.last, half_life, at),
        "halfLifeMs": half_life,
        "firstAt": iso_time(state.base + held.first),
        "lastAt": iso_time(state.base + held.last),
    }


def _origin(held: TagState, bundle: Bundle) -> dict[str, Any]:
    rules = {number: name.partition("/")[2] for name, number in bundle.numbers.rules.items()}
    sources = {number: name for name, number in bundle.numbers.sources.items()}
    source = held.source
    return {
        "rule": rules.get(held.rule, f"#{held.rule}") if held.rule else None,
        "source": sources.get(source, f"#{source}") if isinstance(source, int) else source,
        "eventId": held.event_id,
    }


def _segments(found: Found) -> list[dict[str, Any]]:
    state, at = found.person.state, found.as_of_ms - found.person.state.base
    told = []
    for segment in found.history.current.program.segments:
        sequence = state.members.get(segment.number, 0)
        change = next_change(segment.node, found.person, at)
        changes_at = None if change == NEVER else iso_time(state.base + change)
        inside = is_member(state, segment.number)
        published = {"published": bool(sequence & 1), "sequence": sequence}
        told.append({"segment": segment.id, "in": inside, **published, "changesAt": changes_at})
    return told

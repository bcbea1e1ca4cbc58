"""A person, or why a person is in a segment, as plain JSON: what commands and the API show. Times are ISO 8601."""

from __future__ import annotations

from typing import Any

from schemas.definitions.model import Bundle
from schemas.transition import iso_time
from segments.explain import Explanation
from segments.nodes import next_change
from segments.publish import is_member
from stream.explain.people import Found
from tagging.decay import NEVER, score_at
from tagging.lists import naming
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
        "nextDue": None if state.due is None else iso_time(state.base + state.due),
        "traits": dict(found.person.traits()),
        "tags": _tags(found),
        "segments": _segments(found),
        "lists": naming(state.lists),
    }


def explanation_view(explanation: Explanation) -> dict[str, Any]:
    """The tree; facts that are times are told as such."""
    return {
        "node": explanation.kind,
        "asks": explanation.text,
        "value": explanation.value,
        "changesAt": None if explanation.changes_at is None else iso_time(explanation.changes_at),
        "facts": _facts(explanation.facts) if explanation.kind != "trait" else explanation.facts,
        "items": [explanation_view(item) for item in explanation.items],
    }


def _facts(facts: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, value in facts.items():
        match name:
            case "first_at" | "last_at":
                told[name.replace("_a", "A")] = iso_time(value)
            case "times":
                told[name] = [iso_time(time) for time in value]
            case "values":
                told[name] = {key: _facts(inner) for key, inner in value.items()}
            case "values_in_all":
                told["valuesInAll"] = value
            case "half_life_ms" | "within_ms":
                told["halfLifeMs" if name == "half_life_ms" else "withinMs"] = value
            case _:
                told[name] = value
    return told


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
        told.append({"segment": segment.id, "in": is_member(state, segment.number), "sequence": sequence, "changesAt": changes_at})
    return told

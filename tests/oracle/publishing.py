"""What is published of a segment that a person enters or leaves, and the record that says it."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from tests.oracle.conditions import consents, found
from tests.oracle.standing import leaves_at
from tests.oracle.times import write_time

if TYPE_CHECKING:
    from schemas.definitions.model import Segment
    from tests.oracle.nodes import Sight
    from tests.oracle.person import Person


@dataclass(frozen=True)
class Why:
    """What caused an evaluation."""

    cause: str
    event_id: str | None = None
    silent: bool = False


def is_held_back(person: Person, segment: Segment, t: int) -> bool:
    """Whether an entry at ``t`` is one too many."""
    if segment.at_most is None:
        return False
    published = [at for at in person.entries.get(segment.id, []) if t - segment.at_most.per_ms < at <= t]
    return len(published) >= segment.at_most.times


def publish(segment: Segment, order: list[Segment], sight: Sight, when: tuple[int, Why]) -> dict[str, Any]:
    """Count the person's next transition of the segment; the JSON of its record. ``order``: all segments as they are evaluated."""
    t, why = when
    person = sight.person
    sequence = person.sequences[segment.id] = person.sequences.get(segment.id, 0) + 1
    entered = sequence % 2 == 1
    if entered:
        person.entries.setdefault(segment.id, []).append(t)
    kind = "segment.entered" if entered else "segment.left"
    data: dict[str, Any] = {"id": transition_id(person, segment.id, kind, t), "person": person.id}
    data |= {"segment": segment.id, "incarnation": person.incarnation, "sequence": sequence}
    data |= {"cause": why.cause, "definitions": sight.bundle.version}
    leaving = leaves_at(segment, order, sight, t) if entered else None
    optional = {
        "userId": person.id.removeprefix("user:") if person.id.startswith("user:") else None,
        "anonymousId": person.anonymous_id,
        "eventId": why.event_id,
        "leavesAt": None if leaving is None else write_time(leaving),
        "traits": included(segment.include, person.traits) or None,
        "silent": why.silent or None,
        "consent": [one.id for one in sight.bundle.settings.consent if consents(one, person.traits)] or None,
    }
    data |= {key: value for key, value in optional.items() if value is not None}
    return {"type": kind, "timestamp": write_time(t), "data": data}


def transition_id(person: Person, segment_id: str, kind: str, t: int) -> str:
    """The id of the person's newest transition of the segment."""
    parts = (person.id, person.incarnation, segment_id, person.sequences[segment_id], kind, t)
    return "tr_" + blake2b("\0".join(str(part) for part in parts).encode(), digest_size=16).hexdigest()


def included(paths: tuple[str, ...], traits: dict[str, Any]) -> dict[str, Any]:
    """The traits that a transition carries, under their paths; missing ones left out."""
    values = {path: found(traits, path) for path in paths}
    return {path: (some if "[]" in path else some[0]) for path, some in values.items() if some}

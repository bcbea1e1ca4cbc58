"""All that is known of one person, and what one event does to it: tags, then traits, then what leaves count."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from schemas.definitions.model import AllNode, AnyNode, Bundle, EventNode, Node, NotNode, PropertyWeight, Rule, Tag
from tests.oracle.conditions import found, is_number, matches
from tests.oracle.scores import Score, capped, fold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.oracle.classify import Event

LONGEST_VALUE = 256
GREATEST_WEIGHT = 1e290
REMEMBERED_IDS = 256
SAID = "$tag"

LeafKey = tuple[str, tuple[str, ...], str]
TagKey = tuple[str, str | None]


@dataclass(frozen=True)
class TagState:
    """One tag of one person. ``score.last_at`` is the tag's last_at; ``rule`` is ``$tag`` for a said tag.

    ``magnitude``: the sum of the weights without their signs, which is what rounding errors are relative to.
    """

    count: int
    weight: float
    magnitude: float
    score: Score
    first_at: int
    rule: str
    source: str | None
    event_id: str | None


@dataclass(frozen=True)
class Applied:
    """One applied event: its number among the lane's applied events, its event time, and the leaves that count it."""

    number: int
    at: int
    leaves: frozenset[LeafKey]


@dataclass
class Person:
    """Everything about one person. ``evaluated_at``: when the segments were last evaluated."""

    id: str
    incarnation: int
    evaluated_at: int
    events: list[Applied] = field(default_factory=list)
    tags: dict[TagKey, TagState] = field(default_factory=dict)
    untagged: dict[TagKey, int] = field(default_factory=dict)
    assignments: dict[str, tuple[int, Any]] = field(default_factory=dict)
    ids: list[tuple[str, int]] = field(default_factory=list)
    sequences: dict[str, int] = field(default_factory=dict)
    anonymous_id: str | None = None

    @property
    def traits(self) -> dict[str, Any]:
        """The traits by top-level key; a deleted one is not there."""
        return {key: value for key, (_, value) in self.assignments.items() if value is not None}

    def has_seen(self, event_id: str, clock_ms: int, window_ms: int) -> bool:
        """Whether an event with this id was applied less than the window ago, and is among the newest 256."""
        return any(one == event_id and clock_ms - at < window_ms for one, at in self.ids[-REMEMBERED_IDS:])

    def inside(self, segment: str) -> bool:
        """Whether the person is in the segment, as last evaluated."""
        return self.sequences.get(segment, 0) % 2 == 1


def leaf_key(node: EventNode) -> LeafKey:
    """What makes two leaves one: the kind of window, the names, and the condition."""
    return ("ever" if node.within_ms is None else "sliding", tuple(sorted(set(node.match.names))), repr(node.match.where))


def event_nodes(node: Node) -> Iterator[EventNode]:
    """All event nodes below and including ``node``."""
    match node:
        case EventNode():
            yield node
        case AllNode(items) | AnyNode(items):
            for item in items:
                yield from event_nodes(item)
        case NotNode(item):
            yield from event_nodes(item)


def leaves_of(bundle: Bundle) -> dict[LeafKey, EventNode]:
    """Every leaf of the bundle's segments under its key."""
    return {leaf_key(node): node for segment in bundle.segments for node in event_nodes(segment.when)}


def apply(person: Person, event: Event, number: int, clock_ms: int, bundle: Bundle) -> None:
    """Let an event that is no repeat change the person."""
    before = person.traits
    for tag in bundle.tags:
        _apply_said(person, event, tag)
        for rule in tag.rules:
            if matches(rule.match, event.name, event.body, before):
                _apply_rule(person, event, tag, rule)
    _apply_traits(person, event)
    after = person.traits
    counted = {key for key, node in leaves_of(bundle).items() if matches(node.match, event.name, event.body, after)}
    person.events.append(Applied(number, event.at, frozenset(counted)))
    if event.id is not None:
        person.ids.append((event.id, clock_ms))
    if isinstance(event.body.get("anonymousId"), str) and event.body["anonymousId"]:
        person.anonymous_id = event.body["anonymousId"]


def _apply_traits(person: Person, event: Event) -> None:
    traits = event.body.get("traits")
    if event.type == "group" or not isinstance(traits, dict):
        return
    for key, value in traits.items():
        if key not in person.assignments or person.assignments[key][0] <= event.at:
            person.assignments[key] = (event.at, value)


def _apply_said(person: Person, event: Event, tag: Tag) -> None:
    said = event.body.get("tags")
    if event.type not in ("tag", "untag") or not isinstance(said, dict):
        return
    for name, details in said.items():
        tag_id, colon, value = name.partition(":")
        if tag_id != tag.id or (colon and (tag.value is None or not 0 < len(value) <= LONGEST_VALUE)):
            continue
        if event.type == "untag":
            _untag(person, (tag_id, value if colon else None), event.at)
        elif bool(colon) == (tag.value is not None):
            weight = _double(details.get("weight")) if isinstance(details, dict) else None
            _add(person, event, tag, (value if colon else None, SAID, 1.0 if weight is None else weight))


def _untag(person: Person, key: TagKey, at: int) -> None:
    tag_id, value = key
    for one in list(person.tags):
        if one[0] == tag_id and value in (None, one[1]):
            del person.tags[one]
    person.untagged[key] = max(at, person.untagged.get(key, at))


def _apply_rule(person: Person, event: Event, tag: Tag, rule: Rule) -> None:
    weight = _weight(rule.weight, event.body)
    if weight is None:
        return
    for value in [None] if tag.value is None else _values(tag.value, event.body):
        _add(person, event, tag, (value, rule.id, weight))


def _values(path: str, body: dict[str, Any]) -> list[str]:
    """The values of a family that an event names, each once."""
    texts: dict[str, None] = {}
    for value in found(body, path):
        if isinstance(value, str) and 0 < len(value) <= LONGEST_VALUE:
            texts[value] = None
        elif isinstance(value, int) and not isinstance(value, bool):
            texts[_digits(value)] = None
    texts.pop("", None)
    return list(texts)


def _digits(value: int) -> str:
    """The number as text; empty where it has more characters than a value may have."""
    text = str(value) if abs(value) < 10**LONGEST_VALUE else ""
    return text if len(text) <= LONGEST_VALUE else ""


def _weight(weight: float | PropertyWeight, body: dict[str, Any]) -> float | None:
    if not isinstance(weight, PropertyWeight):
        return float(weight)
    values = found(body, weight.path)
    number = _double(values[0]) if len(values) == 1 else None
    if number is None:
        return None
    product = number * weight.times
    if weight.maximum is not None:
        product = min(product, weight.maximum)
    return product if abs(product) <= GREATEST_WEIGHT else None


def _double(value: Any) -> float | None:
    """A JSON number as an IEEE double; None for what is no number, and for what is too great to be summed up."""
    return float(value) if is_number(value) and abs(value) <= GREATEST_WEIGHT else None


def _add(person: Person, event: Event, tag: Tag, application: tuple[str | None, str, float]) -> None:
    value, rule, weight = application
    key = (tag.id, value)
    for floor in ((tag.id, None), key):
        if floor in person.untagged and event.at <= person.untagged[floor]:
            return
    source = event.body.get("source")
    origin = (rule, source if isinstance(source, str) and source else None, event.id)
    old = person.tags.get(key)
    if old is None:
        score = Score(capped(weight, tag.cap), event.at, tag.half_life_ms)
        person.tags[key] = TagState(1, weight, abs(weight), score, event.at, *origin)
        return
    held = Score(old.score.held, old.score.last_at, tag.half_life_ms)
    score = fold(held, weight, event.at, tag.cap)
    magnitude = old.magnitude + abs(weight)
    person.tags[key] = TagState(old.count + 1, old.weight + weight, magnitude, score, min(old.first_at, event.at), *origin)

"""The tags of one person: what an application, an untag, another tag of the group, and the passing of time do to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from schemas.definitions.model import Bundle, PropertyWeight, Rule, Tag
from tests.oracle.conditions import found
from tests.oracle.scores import Score, capped, fold, near
from tests.oracle.windows import GREATEST, double

if TYPE_CHECKING:
    from tests.oracle.classify import Event
    from tests.oracle.person import Person

LONGEST_VALUE = 256
SAID = "$tag"

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
class Tagging:
    """One event on its way to the tags of a person."""

    person: Person
    event: Event
    bundle: Bundle
    clock_ms: int


def visible_tags(person: Person, bundle: Bundle, t: int) -> dict[TagKey, Tag]:
    """The definition of each tag that the person has at ``t``; what is archived or not defined is not there."""
    defined = {tag.id: tag for tag in bundle.tags if not tag.archived}
    return {
        (tag_id, value): defined[tag_id]
        for (tag_id, value), state in person.tags.items()
        if tag_id in defined and (defined[tag_id].value is not None) == (value is not None) and not is_gone(defined[tag_id], state, t)
    }


def is_gone(tag: Tag, state: TagState, t: int) -> bool:
    """Whether the tag's time to live is over at ``t``."""
    return tag.ttl_ms is not None and state.score.last_at + tag.ttl_ms <= t


def drop_gone(person: Person, bundle: Bundle, t: int) -> None:
    """Delete the tags whose time to live is over at ``t``."""
    lives = {tag.id: tag for tag in bundle.tags if not tag.archived}
    for key, state in list(person.tags.items()):
        if key[0] in lives and is_gone(lives[key[0]], state, t):
            del person.tags[key]


def apply_said(tagging: Tagging, tag: Tag) -> None:
    """What a ``tag`` or ``untag`` record says about the tag."""
    event = tagging.event
    said = event.body.get("tags")
    if event.type not in ("tag", "untag") or not isinstance(said, dict):
        return
    for name, details in said.items():
        tag_id, colon, value = name.partition(":")
        if tag_id != tag.id or (colon and (tag.value is None or not 0 < len(value) <= LONGEST_VALUE)):
            continue
        if event.type == "untag":
            _untag(tagging.person, (tag_id, value if colon else None), event.at)
        elif bool(colon) == (tag.value is not None):
            weight = double(details.get("weight")) if isinstance(details, dict) else None
            _add(tagging, tag, (value if colon else None, SAID, 1.0 if weight is None else weight))


def _untag(person: Person, key: TagKey, at: int) -> None:
    tag_id, value = key
    for one in list(person.tags):
        if one[0] == tag_id and value in (None, one[1]):
            del person.tags[one]
    person.untagged[key] = max(at, person.untagged.get(key, at))


def apply_rule(tagging: Tagging, tag: Tag, rule: Rule) -> None:
    """The applications of a rule that matches."""
    weight = _weight(rule.weight, tagging.event.body)
    if weight is None:
        return
    for value in [None] if tag.value is None else _values(tag.value, tagging.event.body):
        _add(tagging, tag, (value, rule.id, weight))


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
    number = double(values[0]) if len(values) == 1 else None
    if number is None:
        return None
    product = number * weight.times
    if weight.maximum is not None:
        product = min(product, weight.maximum)
    return product if abs(product) <= GREATEST else None


def _add(tagging: Tagging, tag: Tag, application: tuple[str | None, str, float]) -> None:
    """One application: a floor, an end of life or a newer rival drops it whole; else it displaces and is folded in."""
    value, rule, weight = application
    person, event = tagging.person, tagging.event
    key = (tag.id, value)
    for floor in ((tag.id, None), key):
        if floor in person.untagged and event.at <= person.untagged[floor]:
            return
    if tag.ttl_ms is not None and event.at + tag.ttl_ms <= tagging.clock_ms:
        return
    if not _wins(tagging, tag, key):
        return
    if key not in person.tags and tag.max_values is not None and tag.value is not None:
        make_room(person, tag, tag.max_values - 1, tagging.clock_ms)
    source = event.body.get("source")
    origin = (rule, _remembered(source), _remembered(event.id))
    old = person.tags.get(key)
    if old is None:
        score = Score(capped(weight, tag.cap), event.at, tag.half_life_ms)
        person.tags[key] = TagState(1, weight, abs(weight), score, event.at, *origin)
        return
    held = Score(old.score.held, old.score.last_at, tag.half_life_ms)
    score = fold(held, weight, event.at, tag.cap)
    magnitude = old.magnitude + abs(weight)
    person.tags[key] = TagState(old.count + 1, old.weight + weight, magnitude, score, min(old.first_at, event.at), *origin)


def _wins(tagging: Tagging, tag: Tag, key: TagKey) -> bool:
    """Whether no other tag of the group is newer; the others go."""
    if tag.exclusive is None:
        return True
    held = visible_tags(tagging.person, tagging.bundle, tagging.clock_ms)
    rivals = [other for other, one in held.items() if one.exclusive == tag.exclusive and other != key]
    if any(tagging.person.tags[rival].score.last_at > tagging.event.at for rival in rivals):
        return False
    for rival in rivals:
        del tagging.person.tags[rival]
    return True


def make_room(person: Person, tag: Tag, most: int, clock_ms: int) -> None:
    """Delete values of the family until there are no more than ``most``."""
    tags = person.tags
    held = {value: state for (tag_id, value), state in tags.items() if tag_id == tag.id and value is not None}
    while len(held) > most:
        scores = {value: Score(state.score.held, state.score.last_at, tag.half_life_ms).at(clock_ms) for value, state in held.items()}
        least = min(scores.values())
        lowest = [value for value, score in scores.items() if near(score, least) == 0]
        evicted = min(lowest, key=lambda value: (held[value].score.last_at, value.encode()))
        del held[evicted], tags[tag.id, evicted]


def _remembered(text: Any) -> str | None:
    """A tag remembers the first 128 characters of where it comes from."""
    return text[:128] if isinstance(text, str) and text else None

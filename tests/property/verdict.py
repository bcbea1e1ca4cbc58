"""What the engine made of a log against what the oracle says it must be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from math import isclose
from typing import Any, Protocol

from schemas.definitions.model import Bundle, Tag
from segments.publish import is_member
from stream.store import layout
from stream.store.memory import MemoryStateStore
from stream.store.port import LaneHeader
from tagging.codec import unpack
from tagging.person import Person
from tagging.state import PersonState, TagState
from tests.oracle.compare import canonical, compare
from tests.oracle.partition import Membership, Outcome, PersonView, TagView
from tests.property.driver import Place, Topics, done

_EXACT = ("count", "first_at", "last_at", "rule", "source", "event_id")
_NEAR = 1e-9
MERGED = "person.merged"


class Ended(Protocol):
    """What is left when all of a log has been read and done."""

    place: Place
    store: MemoryStateStore
    topics: Topics

    @property
    def header(self) -> LaneHeader: ...


def differences(expected: Outcome, driver: Ended, bundles: Mapping[int, Bundle]) -> list[str]:
    """All that differs, one line each; empty if nothing does."""
    header = driver.header
    found = list(_transitions(expected, [one for one in driver.topics.transitions if one["type"] != MERGED]))
    counts = ("applied", "duplicates", "transitions", "clock", "forgotten")
    wanted = (expected.applied, expected.duplicates, len(expected.transitions), expected.clock_ms, expected.forgotten)
    got = (header.applied, header.duplicates, header.transitions, header.clock, header.forgotten)
    found += [f"{name}: expected {a}, got {b}" for name, a, b in zip(counts, wanted, got, strict=True) if a != b]
    found += _dead_letters(dict(expected.dead_letters), driver)
    active = {0: Bundle(), **bundles}[header.switches[-1][0]]
    persons = {state.id: view(state, active, header.clock) for state in states(driver)}
    for person in sorted(expected.persons.keys() | persons.keys()):
        found += [f"{person} {line}" for line in person_differences(expected.persons.get(person), persons.get(person))]
    return found + list(_indexes(driver))


def _dead_letters(expected: dict[int, str], driver: Ended) -> Iterator[str]:
    got = driver.topics.dead_letters
    if driver.header.dead_letters != len(expected):
        yield f"dead letters: expected {len(expected)}, got {driver.header.dead_letters}"
    for offset in sorted(expected.keys() | got.keys()):
        wanted, reason = expected.get(offset), got.get(offset)
        # What is nested too deeply may be broken further in: whoever stops at the depth does not see it.
        if wanted != reason and (wanted, reason) != ("not-json", "too-nested"):
            yield f"dead letter at {offset}: expected {wanted}, got {reason}"


def states(driver: Ended) -> list[PersonState]:
    """Everybody in the store, in order of their numbers."""
    held = driver.store._of(driver.place.partition).persons
    people = [packed for digest, packed in held.items() if len(digest) == layout.DIGEST_BYTES]
    return sorted((unpack(packed) for packed in people), key=lambda state: state.number)


def view(state: PersonState, active: Bundle, clock_ms: int) -> PersonView:
    """A packed person as the oracle shows one; a tag whose time is over may still be held."""
    numbers = active.numbers
    tags = {numbers.tags[tag.id]: tag for tag in active.tags if not tag.archived}
    rules = {number: name for name, number in numbers.rules.items()}
    shown: dict[str, TagView] = {}
    for key, held in state.tags.items():
        number, _, value = str(key).partition(":")
        tag = tags.get(int(number))
        over = tag is not None and tag.ttl_ms is not None and state.base + held.last + tag.ttl_ms <= clock_ms
        if tag is not None and (tag.value is not None) == isinstance(key, str) and not over:
            shown[f"{tag.id}:{value}" if isinstance(key, str) else tag.id] = _tag(state.base, held, tag, rules, active)
    segments = {number: segment for segment, number in numbers.segments.items()}
    touched = sorted({*state.members, *state.apart})
    memberships = {segments[number]: Membership(is_member(state, number), state.members.get(number, 0)) for number in touched}
    return PersonView(state.incarnation, shown, dict(Person(state).traits()), memberships)


def _tag(base_ms: int, held: TagState, tag: Tag, rules: dict[int, str], active: Bundle) -> TagView:
    sources = {number: source for source, number in active.numbers.sources.items()}
    source = held.source
    rule = "$tag" if held.rule == 0 else rules[held.rule].removeprefix(f"{tag.id}/")
    source = sources[source] if isinstance(source, int) else source or None
    return TagView(
        held.count,
        float(held.weight),
        float(held.score),
        base_ms + held.first,
        base_ms + held.last,
        rule,
        source,
        held.event_id,
    )


def _transitions(expected: Outcome, published: list[dict[str, Any]]) -> Iterator[str]:
    difference = compare(expected.transitions, published)
    if not difference.is_empty:
        yield difference.describe()
    elif _by_person(expected.transitions) != _by_person(published):
        yield "the transitions of a person stand in another order"


def _by_person(records: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The ids of each person's transitions in order, repeats left out."""
    ids: dict[str, dict[str, None]] = defaultdict(dict)
    for record in records:
        ids[record["data"]["person"]].setdefault(record["data"]["id"])
    return {person: list(found) for person, found in ids.items()}


def person_differences(expected: PersonView | None, got: PersonView | None) -> Iterator[str]:
    """All that differs in one person."""
    if expected is None or got is None:
        yield f"expected {expected}, got {got}"
        return
    for name in ("incarnation", "memberships"):
        if getattr(expected, name) != getattr(got, name):
            yield f"{name}: expected {getattr(expected, name)}, got {getattr(got, name)}"
    if canonical(expected.traits) != canonical(got.traits):
        yield f"traits: expected {expected.traits}, got {got.traits}"
    for tag in sorted(expected.tags.keys() | got.tags.keys()):
        one, other = expected.tags.get(tag), got.tags.get(tag)
        if one is None or other is None or not _same_tag(one, other):
            yield f"tag {tag}: expected {one}, got {other}"


def _same_tag(expected: TagView, got: TagView) -> bool:
    slack = _NEAR * expected.magnitude
    near = (
        isclose(expected.weight, got.weight, rel_tol=0, abs_tol=slack),
        isclose(expected.score, got.score, rel_tol=0, abs_tol=slack),
    )
    return all(near) and all(getattr(expected, name) == getattr(got, name) for name in _EXACT)


def _indexes(driver: Ended) -> Iterator[str]:
    """Whether numbers, slices, bounds and bitmaps tell the truth about the people."""
    store, partition, header = driver.store, driver.place.partition, driver.header
    people = states(driver)
    absorbed = {one["data"]["id"] for one in driver.topics.transitions if one["type"] == MERGED}
    numbers_held = [state.number for state in people]
    gone = len(absorbed) + header.forgotten
    if len(people) + gone != header.people or numbers_held != sorted(set(numbers_held) & set(range(header.people))):
        yield f"people are numbered {[state.number for state in people]}, the header counts {header.people}"
        return
    bounds = done(store.slice_bounds(partition))
    for state in people:
        part, at = divmod(state.number, layout.SLICE_PEOPLE)
        (packed,) = done(store.slices(partition, [part]))
        ((digest, entry_due),) = layout.read_slice(packed[at * layout.ENTRY_BYTES : (at + 1) * layout.ENTRY_BYTES])
        due = None if state.due is None else state.base + state.due
        if digest != layout.person_digest(state.id):
            yield f"{state.id} is not where its number says"
        if due is not None and (entry_due is None or entry_due > due or bounds.get(part, due + 1) > entry_due):
            yield f"{state.id} is due at {due}, its slice says {entry_due}, its bound {bounds.get(part)}"
        if due is not None and due < header.clock:
            yield f"{state.id} was due at {due} and the clock stands at {header.clock}"
    numbers = {number for state in people for number in (*state.members, *state.apart)}
    for segment in numbers:
        bits = done(store.member_bits(partition, segment))
        inside = [number for number in range(len(bits) * 8) if bits[number // 8] & 0x80 >> number % 8]
        if inside != [state.number for state in people if is_member(state, segment)]:
            yield f"segment {segment} holds {inside} by its bitmap"

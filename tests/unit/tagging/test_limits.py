"""All limits of tags together, against the contract told once more: slowly, and with every application kept."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definitions.bundle import next_bundle
from schemas.definitions.model import Bundle, Tag
from schemas.definitions.parse import Definitions
from tagging.apply import Application
from tagging.lifetime import lifetimes_of
from tagging.rules import compile_rules
from tests.unit.tagging.made import empty_state, event

TTL = 12
MOST = 2
HALF_LIFE = 8
DEFINED = (
    Tag("a", "a", (), exclusive="g", ttl_ms=TTL),
    Tag("b", "b", (), exclusive="g"),
    Tag("c", "c", (), value="properties.x", exclusive="g", half_life_ms=HALF_LIFE),
    Tag("d", "d", (), value="properties.x", max_values=MOST, ttl_ms=TTL, half_life_ms=HALF_LIFE),
    Tag("e", "e", (), value="properties.x", max_values=MOST),
    Tag("f", "f", (), archived=True, exclusive="g"),
    Tag("h", "h", ()),
)
BUNDLE = next_bundle(Bundle(), Definitions(tags=DEFINED))
TAGS, _ = compile_rules(BUNDLE)
BY_ID = {tag.id: tag for tag in DEFINED}
NAMES = ["a", "b", "c:x", "c:y", "d:x", "d:y", "d:z", "d:é", "e:x", "e:y", "e:z", "f", "h"]

Record = tuple[str, str, int, int, int]
records = st.lists(
    st.tuples(
        st.sampled_from(["tag", "tag", "tag", "tag", "untag"]),
        st.sampled_from([*NAMES, "c", "d", "e"]),
        st.integers(-2, 3),
        st.integers(0, 6),
        st.sampled_from([0, 0, 0, 1, 3, 11, 12, 13]),
    ),
    max_size=25,
)


@dataclass
class Told:
    """Applications (event time, weight) by tag name, in order of application; greatest untag time by name."""

    held: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    floors: dict[str, int] = field(default_factory=dict)

    def last(self, name: str) -> int:
        return max(at for at, _ in self.held[name])

    def score(self, name: str, now: int) -> float:
        half_life = BY_ID[name[0]].half_life_ms
        score = sum(weight if half_life is None else weight * 2.0 ** ((at - now) / half_life) for at, weight in self.held[name])
        return score if abs(score) >= 1e-12 else 0.0

    def tick(self, clock: int) -> None:
        for name in list(self.held):
            ttl = BY_ID[name[0]].ttl_ms
            if ttl is not None and self.last(name) + ttl <= clock:
                del self.held[name]

    def untag(self, name: str, at: int) -> None:
        if name[0] == "f":
            return
        for held in list(self.held):
            if name in (held, held[0]):
                del self.held[held]
        self.floors[name] = max(at, self.floors.get(name, at))

    def tag(self, name: str, weight: int, at: int, clock: int) -> None:
        defined = BY_ID[name[0]]
        if name == "f" or (defined.value is not None and ":" not in name):
            return
        if any(at <= self.floors[each] for each in (name, name[0]) if each in self.floors):
            return
        if defined.ttl_ms is not None and at + defined.ttl_ms <= clock:
            return
        rivals = [other for other in self.held if other != name and defined.exclusive == "g" == BY_ID[other[0]].exclusive]
        if any(self.last(rival) > at for rival in rivals):
            return
        for rival in rivals:
            del self.held[rival]
        others = [other for other in self.held if other[0] == name[0]]
        if defined.max_values is not None and name not in self.held and len(others) >= defined.max_values:
            least = min(self.score(other, clock) for other in others)
            tied = [
                other
                for other in others
                if abs(self.score(other, clock) - least) <= 2.0**-40 * max(abs(least), abs(self.score(other, clock)))
            ]
            del self.held[min(tied, key=lambda other: (self.last(other), other.encode()))]
        self.held.setdefault(name, []).append((at, weight))


@settings(max_examples=400, deadline=None)
@given(records)
def test_a_person_has_what_the_contract_says_after_any_records(script: list[Record]) -> None:
    state, told, clock = empty_state(), Told(), 0
    lifetimes = lifetimes_of(TAGS.values())
    assert lifetimes is not None
    for kind, name, weight, step, late in script:
        clock += step
        at = clock - late
        for key in lifetimes.over(state.tags, clock):
            del state.tags[key]
        told.tick(clock)
        application = Application(state, event(type=kind, tags={name: {"weight": weight}}), None, at, clock)
        if kind == "tag":
            application.say(TAGS)
            told.tag(name, weight, at, clock)
        else:
            application.unsay(TAGS)
            told.untag(name, at)

    numbers = {str(number): tag_id for tag_id, number in BUNDLE.numbers.tags.items()}
    found = {
        numbers[number] + colon + value: (held.count, held.weight, held.last, held.first)
        for key, held in state.tags.items()
        for number, colon, value in [str(key).partition(":")]
    }
    assert found == {
        name: (len(log), sum(weight for _, weight in log), told.last(name), min(at for at, _ in log)) for name, log in told.held.items()
    }

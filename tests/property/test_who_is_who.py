"""People who turn out to be the same, over several partitions: whatever the turns and losses, what the logs say is what comes of it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from schemas.definitions.model import Bundle, Comparison, EventMatch, EventNode, NotNode, Rule, Segment, Tag, TagNode
from stream.store.layout import person_digest
from tagging.codec import unpack
from tagging.person import Person
from tagging.state import PersonState
from tests.corpus.definitions import numbered
from tests.oracle.classify import partition_of
from tests.oracle.naming import Names
from tests.oracle.outcome import PersonView
from tests.property.dice import Dice
from tests.property.drawn_people import SECRET, Taste, WhoCase, who_case_of, who_cases
from tests.property.driver import Driver, Place
from tests.property.lanes import Deployment
from tests.property.verdict import MERGED, states, view
from tests.property.who_verdict import all_differences
from tests.unit.oracle.scenario import ALWAYS

_SOAKS = settings().max_examples > 1_000
_SEEDS = 20_000 if _SOAKS else 200
_BLOCK = 50
pytestmark = pytest.mark.timeout(0 if _SOAKS else 600)

_ANY = Taste()
_SMALL = Taste(most_turns=25)
_VIEWS = Taste(jumps=False, versions=False, plain=True)
VIEWS_WITHOUT_ALIAS = Taste(aliases=0, jumps=False, versions=False, plain=True)


def _view(*count: Comparison, within: int | None = None) -> EventNode:
    return EventNode(EventMatch(("view",), ALWAYS), count or (Comparison("gte", 2),), within)


def views() -> Bundle:
    rules = (Rule("r", EventMatch(("view", "$alias"), ALWAYS), 1.0),)
    tags = (Tag("seen", "Seen", rules), Tag("fresh", "Fresh", rules, half_life_ms=50))
    segments = (
        Segment("many", "Many", _view(Comparison("gte", 3), within=40)),
        Segment("ever", "Ever", _view()),
        Segment("few", "Few", NotNode(_view(Comparison("gte", 5)))),
        Segment("hot", "Hot", TagNode("fresh", None, score=(Comparison("gte", 2.5),))),
    )
    return numbered(Bundle(1, tags=tags, segments=segments))


def agree(case: WhoCase) -> None:
    """The logs that have come to be, through the oracle; and through fresh lanes, which have lost nothing and wait for nothing."""
    deployment = case.played()
    found = all_differences(deployment)
    assert not found, "\n".join(found)
    goes_again_alike(deployment)


def goes_again_alike(deployment: Deployment) -> None:
    """Each final log, at once and from its start, yields the same transitions, records for others, people and pointers."""
    for partition, log in enumerate(deployment.logs):
        lane = deployment.lanes[partition]
        again = Driver(log, deployment.bundles, Place(partition, deployment.partitions, deployment.secret)).run([])
        assert _texts(lane.topics.transitions) == _texts(again.topics.transitions)
        assert _told(lane) == _told(again)
        assert lane.store._of(partition).pointers == again.store._of(partition).pointers
        assert [_plain(state, again) for state in states(lane)] == [_plain(state, again) for state in states(again)]


def _told(driver: Driver) -> Counter[tuple[int, bytes | None, str]]:
    """What was said to other lanes, each once. When somebody inactive is forgotten is a lane's own affair, so numbers may differ."""
    found: Counter[tuple[int, bytes | None, str]] = Counter()
    for to, key, value in {(to, one.key, one.value) for to, one in driver.topics.internal}:
        said = json.loads(value or b"")
        del said["number"]
        found[to, key, json.dumps(said, sort_keys=True)] += 1
    return found


def _texts(records: list[dict[str, Any]]) -> set[str]:
    return {json.dumps(record, sort_keys=True) for record in records}


def _plain(state: PersonState, driver: Driver) -> tuple[PersonView, dict[str, Any]]:
    """Without what a sweep may tidy at any time."""
    held = msgspec.to_builtins(msgspec.structs.asdict(state), str_keys=True)
    active = driver.bundles[driver.header.switches[-1][0]]
    return view(state, active, driver.header.clock), {key: held[key] for key in ("number", "leaves", "floors", "apart", "identities")}


def everyone(deployment: Deployment) -> tuple[dict[str, PersonState], dict[bytes, str]]:
    """All people and pointers of all partitions; each lies where its id says."""
    people: dict[str, PersonState] = {}
    pointers: dict[bytes, str] = {}
    for partition in range(deployment.partitions):
        held = deployment.store._of(partition)
        for digest, packed in held.persons.items():
            state = unpack(packed)
            assert person_digest(state.id) == digest
            assert partition_of(state.id, deployment.partitions) == partition
            people[state.id] = state
        pointers |= {digest: pointer.target for digest, pointer in held.pointers.items()}
    return people, pointers


def each_event_counts_once(deployment: Deployment, case: WhoCase) -> None:
    names = Names(case.bundles[1].identity, SECRET)
    messages = [turn.message for _, turn in case.turns if turn.message is not None and not turn.message.headers]
    events = [json.loads(message.value or b"") for message in messages]
    sent = {event["id"] for event in events if names.stated(event)}
    people, _ = everyone(deployment)
    number = case.bundles[1].numbers.tags["seen"]
    for partition, offset, reason in deployment.dead_letters:
        # A chain of aliases may be too long for a link, but no event is lost on the way.
        assert reason == "person-missing" or b'"$link"' in (deployment.logs[partition][offset].value or b""), reason
    assert sum(lane.header.applied for lane in deployment.lanes) == len(sent)
    assert sum(state.tags[number].count for state in people.values() if number in state.tags) == len(sent)


def each_id_leads_to_its_one_person(deployment: Deployment, case: WhoCase) -> None:
    """Along pointers that strictly fall in rank, so that none leads back."""
    names = Names(case.bundles[1].identity, SECRET)
    people, pointers = everyone(deployment)
    owners: dict[str, str] = {}
    for state in people.values():
        for typed_id in Person(state).ids():
            if names.kind(typed_id).joins != "never":
                assert owners.setdefault(typed_id, state.id) == state.id
    for typed_id, owner in owners.items():
        at = typed_id
        while (target := pointers.get(person_digest(at))) is not None:
            assert names.rank(target) < names.rank(at)
            at = target
        assert at == owner
    for target in pointers.values():
        assert target in people or person_digest(target) in pointers


def nobody_has_two_values_where_one_may_be(deployment: Deployment, case: WhoCase) -> None:
    names = Names(case.bundles[1].identity, SECRET)
    for state in everyone(deployment)[0].values():
        strong = [names.kind(one).name for one in Person(state).ids() if names.is_strong(one)]
        assert len(strong) == len(set(strong)), Person(state).ids()


def sequences_have_no_gaps(deployment: Deployment, case: WhoCase) -> None:
    del case
    found: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for record in deployment.transitions:
        data = record["data"]
        if record["type"] != MERGED:
            found[data["person"], data["segment"], data["incarnation"]].append(data["sequence"])
    assert all(sorted(numbers) == list(range(1, len(numbers) + 1)) for numbers in found.values())


@settings(max_examples=max(100, settings().max_examples // 4))
@given(who_cases(_SMALL))
def test_lanes_and_the_oracle_agree_on_who_is_who(case: WhoCase) -> None:
    agree(case)


def by_seeds(first: int, taste: Taste, check: Callable[[WhoCase], None], bundle: Bundle | None = None) -> None:
    for seed in range(first, first + _BLOCK):
        try:
            check(who_case_of(Dice(Random(seed).randrange), taste, bundle))
        except BaseException as error:
            error.add_note(f"the case of seed {seed}")
            raise


@pytest.mark.parametrize("first", range(0, _SEEDS, _BLOCK))
def test_they_agree_on_longer_logs_too(first: int) -> None:
    by_seeds(first, _ANY, agree)


@pytest.mark.parametrize("first", range(0, _SEEDS, _BLOCK))
def test_every_event_counts_once_and_every_id_belongs_to_one_person(first: int) -> None:
    def holds(case: WhoCase) -> None:
        deployment = case.played()
        for invariant in (each_event_counts_once, each_id_leads_to_its_one_person, sequences_have_no_gaps):
            invariant(deployment, case)

    by_seeds(first, _VIEWS, holds, views())


@pytest.mark.parametrize("first", range(0, _SEEDS, _BLOCK))
def test_without_an_alias_two_logins_are_never_one(first: int) -> None:
    def holds(case: WhoCase) -> None:
        deployment = case.played()
        nobody_has_two_values_where_one_may_be(deployment, case)

    by_seeds(first, VIEWS_WITHOUT_ALIAS, holds, views())

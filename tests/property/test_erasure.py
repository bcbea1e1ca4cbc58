"""People who are erased at any time of a life: nothing of them is left, and what comes later is as in a new deployment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings

from schemas.internal import ERASE_HEADERS, erase_value
from schemas.routing import partition_of
from stream.kafka.port import Message
from stream.store.layout import read_slice
from tagging.person import Person
from tests.property.dice import Dice
from tests.property.drawn_logs import START_MS
from tests.property.drawn_people import SECRET, Taste, WhoCase, who_case_of, who_cases
from tests.property.driver import Step
from tests.property.lanes import Deployment
from tests.property.test_who_is_who import goes_again_alike, views
from tests.property.verdict import MERGED, states

_SOAKS = settings().max_examples > 1_000
_SEEDS = 20_000 if _SOAKS else 200
_BLOCK = 50
pytestmark = pytest.mark.timeout(0 if _SOAKS else 600)

_LATER_MS = 1_000
_TASTE = Taste(jumps=False, versions=False)
_SMALL = Taste(jumps=False, versions=False, most_turns=12)
_NAMES = tuple(f"{space}:{space[0]}{number}" for space in ("user", "anon") for number in range(4))


def erase(deployment: Deployment, person_id: str) -> None:
    message = Message(person_id.encode(), erase_value(person_id), ERASE_HEADERS)
    deployment.append(partition_of(person_id, deployment.partitions), message)


def people(deployment: Deployment) -> Iterator[Person]:
    for lane in deployment.lanes:
        yield from map(Person, states(lane))


def played(case: WhoCase, dice: Dice) -> Deployment:
    """The case, with somebody erased now and then, known or not, while records are under way."""
    deployment = Deployment(case.partitions, case.bundles, START_MS, SECRET)
    deployment.activate(1)
    for ahead_ms, turn in case.turns:
        deployment.now_ms += ahead_ms
        deployment.turn(turn)
        if not dice.below(8):
            known = [one for person in people(deployment) for one in person.ids()]
            erase(deployment, dice.pick(known or _NAMES) if dice.below(4) else dice.pick(_NAMES))
    deployment.finish()
    return deployment


def erase_everybody(deployment: Deployment) -> set[str]:
    """The ids that there were."""
    deployment.now_ms += 1
    names = {one for person in people(deployment) for one in person.ids()}
    for person in list(people(deployment)):
        erase(deployment, person.state.id)
    deployment.finish()
    for partition in range(deployment.partitions):
        deployment.lanes[partition].do(Step("clear"))
    return names


def held(deployment: Deployment) -> list[bytes]:
    """All that the stores hold, keys and values."""
    found: list[bytes] = []
    for lane in deployment.lanes:
        part = lane.store._of(lane.place.partition)
        found += [lane.header.topic_id.encode(), *part.persons, *part.persons.values(), *part.pieces, *part.pieces.values()]
        found += [*part.pointers, *(pointer.pack() for pointer in part.pointers.values())]
        found += [*part.outbox, *map(bytes, part.slices.values()), *part.tombstones, *(one.pack() for one in part.tombstones.values())]
    return found


def nothing_is_left(deployment: Deployment) -> None:
    for lane in deployment.lanes:
        part = lane.store._of(lane.place.partition)
        assert (part.persons, part.pointers, part.outbox) == ({}, {}, [])
        assert [list(read_slice(bytes(packed))) for packed in part.slices.values() if any(packed)] == []
        assert not any(part.members.values())


def is_forgotten(case: WhoCase, dice: Dice) -> None:
    deployment = played(case, dice)
    goes_again_alike(deployment)
    names = erase_everybody(deployment)
    nothing_is_left(deployment)
    assert not [one for one in names for text in held(deployment) if one.encode() in text]
    goes_again_alike(deployment)
    everybody_has_left(deployment)


def everybody_has_left(deployment: Deployment) -> None:
    """Sequences are dense, and the last of each is a leave, if nothing is paused or held back."""
    stands: dict[tuple[Any, ...], list[int]] = {}
    for record in deployment.transitions:
        data = record["data"]
        if record["type"] != MERGED:
            stands.setdefault((data["person"], data["segment"], data["incarnation"]), []).append(data["sequence"])
    paused = {segment.id for segment in deployment.bundles[1].segments if segment.paused}
    for (_, segment, _), numbers in stands.items():
        assert sorted(numbers) == list(range(1, len(numbers) + 1))
        assert segment in paused or len(numbers) % 2 == 0


@settings(max_examples=max(50, settings().max_examples // 4))
@given(who_cases(_SMALL), who_cases(_SMALL))
def test_nothing_is_left_of_people_who_are_erased(case: WhoCase, other: WhoCase) -> None:
    is_forgotten(case, Dice(Random(len(other.turns)).randrange))


@pytest.mark.parametrize("first", range(0, _SEEDS, _BLOCK))
def test_nor_is_it_in_longer_lives(first: int) -> None:
    for seed in range(first, first + _BLOCK):
        dice = Dice(Random(seed).randrange)
        try:
            is_forgotten(who_case_of(dice, _TASTE), dice)
        except BaseException as error:
            error.add_note(f"the case of seed {seed}")
            raise


def _story(deployment: Deployment, since_ms: int) -> list[str]:
    found = []
    for lane in deployment.lanes:
        texts = [json.dumps(one, sort_keys=True) for one in lane.topics.transitions if one["timestamp"] >= _iso(since_ms)]
        found += sorted(set(texts))
    return found


def _iso(time_ms: int) -> str:
    from schemas.transition import iso_time

    return iso_time(time_ms)


def starts_anew(first: WhoCase, second: WhoCase, dice: Dice) -> None:
    """After everybody has been erased, records of the same people yield what they yield in a deployment that never had anybody."""
    old = played(first, dice)
    erase_everybody(old)
    new = Deployment(first.partitions, first.bundles, old.now_ms, SECRET)
    new.activate(1)
    new.finish()
    since = old.now_ms + _LATER_MS
    for deployment in (old, new):
        deployment.now_ms = since
        for ahead_ms, turn in second.turns:
            deployment.now_ms += ahead_ms
            deployment.turn(turn)
        deployment.finish()
    assert _story(old, since) == _story(new, since)
    assert sorted(one.state.id for one in people(old)) == sorted(one.state.id for one in people(new))
    pointers = [[lane.store._of(number).pointers for number, lane in enumerate(each.lanes)] for each in (old, new)]
    one, other = ([{digest: pointer.target for digest, pointer in held.items()} for held in each] for each in pointers)
    assert one == other


@pytest.mark.parametrize("first", range(0, _SEEDS, _BLOCK))
def test_whoever_is_seen_again_begins_anew(first: int) -> None:
    plain = Taste(jumps=False, versions=False, plain=True)
    for seed in range(first, first + _BLOCK):
        dice = Dice(Random(seed).randrange)
        one, two = who_case_of(dice, plain, views()), who_case_of(dice, plain, views())
        two.bundles, two.partitions = one.bundles, one.partitions
        two.turns = [(ahead, turn) for ahead, turn in two.turns if turn.partition < one.partitions]
        try:
            starts_anew(one, two, dice)
        except BaseException as error:
            error.add_note(f"the case of seed {seed}")
            raise

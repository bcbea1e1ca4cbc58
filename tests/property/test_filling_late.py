"""Merges on their way while definitions switch: lanes switch when they will, and still every event counts once for whoever it is of."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from random import Random

import pytest
from hypothesis import settings

from schemas.definitions.bundle import next_bundle
from schemas.definitions.model import Bundle
from schemas.definitions.parse import Definitions
from schemas.internal import DEFINITIONS_HEADERS, Phase, definitions_value
from stream.kafka.port import Message
from tagging.state import PersonState
from tests.oracle.naming import Names
from tests.property.dice import Dice
from tests.property.drawn_logs import START_MS
from tests.property.drawn_people import SECRET, Taste, WhoCase, who_case_of
from tests.property.lanes import Deployment, Turn
from tests.property.test_filling_merged import play
from tests.property.test_who_is_who import everyone, goes_again_alike, views

_SOAKS = settings().max_examples > 1_000
_SEEDS = 20_000 if _SOAKS else 400
_BLOCK = 100
pytestmark = pytest.mark.timeout(0 if _SOAKS else 600)

_VIEWS = Taste(jumps=False, versions=False, plain=True)


def counting(case: WhoCase) -> WhoCase:
    """The case under a set that gives views another weight, then one that counts them otherwise too."""
    second = case.bundles[1]
    heavy = tuple(replace(tag, rules=tuple(replace(rule, weight=2.0) for rule in tag.rules)) for tag in second.tags)
    first = next_bundle(Bundle(), Definitions(second.settings, heavy, (), (), (), identity=second.identity))
    after = Definitions(second.settings, second.tags, second.segments, (), (), identity=second.identity)
    case.bundles.update({1: first, 2: next_bundle(first, after)})
    return case


def say(partition: int, phase: Phase) -> Turn:
    return Turn(partition, None, Message(None, definitions_value(2, phase), DEFINITIONS_HEADERS))


def with_switches(case: WhoCase, dice: Dice) -> Iterable[tuple[int, Turn]]:
    """Each lane is asked, and switches, at some time of its own, whether it has filled or not."""
    turns = list(case.turns)
    for partition in range(case.partitions):
        asked = dice.below(len(turns) + 1)
        turns.insert(asked, (0, say(partition, "prepare")))
        turns.insert(asked + 1 + dice.below(len(turns) - asked), (1, say(partition, "activate")))
    return turns


def counted(deployment: Deployment, case: WhoCase) -> tuple[int, int]:
    """By the tag, and by the leaf that has no window."""
    numbers, people = case.bundles[2].numbers, everyone(deployment)[0].values()
    tag = sum(state.tags[numbers.tags["seen"]].count for state in people if numbers.tags["seen"] in state.tags)
    return tag, sum(_ever(state) for state in people)


def _ever(state: PersonState) -> int:
    return sum(held for held in state.leaves.values() if isinstance(held, int))


def each_event_counts_once(case: WhoCase, dice: Dice) -> None:
    deployment = Deployment(case.partitions, case.bundles, START_MS, SECRET)
    deployment.activate(1)
    play(deployment, with_switches(case, dice), dice)
    deployment.finish()
    names = Names(case.bundles[1].identity, SECRET)
    messages = [turn.message for _, turn in case.turns if turn.message is not None and not turn.message.headers]
    sent = {event["id"] for event in (json.loads(message.value or b"") for message in messages) if names.stated(event)}
    lost = sum(reason == "too-many-hops" for *_, reason in deployment.dead_letters)
    tag, leaf = counted(deployment, case)
    assert lost or (tag, leaf) == (len(sent), sum(event in sent for event in _viewed(messages)))
    goes_again_alike(deployment)


def _viewed(messages: Iterable[Message]) -> set[str]:
    """Of aliases the leaf counts nothing."""
    events = [json.loads(message.value or b"") for message in messages]
    return {event["id"] for event in events if event["type"] != "alias"}


@pytest.mark.parametrize("first", range(0, _SEEDS, _BLOCK))
def test_every_event_counts_once_whenever_the_lanes_switch(first: int) -> None:
    for seed in range(first, first + _BLOCK):
        dice = Dice(Random(seed).randrange)
        try:
            each_event_counts_once(counting(who_case_of(dice, _VIEWS, views())), dice)
        except BaseException as error:
            error.add_note(f"the case of seed {seed}")
            raise

"""New definitions over people who turned out to be the same: they hold what a deployment would hold that had them from the start."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from random import Random
from typing import get_args

import pytest
from hypothesis import given, settings

from schemas.definitions.bundle import next_bundle
from schemas.definitions.parse import Definitions
from schemas.internal import DEFINITIONS_HEADERS, definitions_value
from stream.kafka.port import Message
from tests.property.dice import Dice
from tests.property.drawn_definitions import DAY, bundles
from tests.property.drawn_logs import START_MS
from tests.property.drawn_people import SECRET, Taste, WhoCase, who_case_of, who_cases
from tests.property.driver import Fate, Step
from tests.property.lanes import Deployment, Turn
from tests.property.test_who_is_who import goes_again_alike
from tests.property.who_verdict import all_differences

_SOAKS = settings().max_examples > 1_000
_SEEDS = 20_000 if _SOAKS else 200
_BLOCK = 50
pytestmark = pytest.mark.timeout(0 if _SOAKS else 600)

_TASTE = Taste(versions=False)
_SMALL = Taste(versions=False, most_turns=25)


def with_news(case: WhoCase, dice: Dice) -> WhoCase:
    """The case with a second set, of other tags and segments, drawn under the same rules of identity."""
    first = case.bundles[1]
    drawn = bundles(dice, 28 * DAY)[1]
    news = Definitions(first.settings, drawn.tags, drawn.segments, (), first.sources)
    case.bundles[2] = replace(next_bundle(first, news, silent=False), identity=first.identity)
    return case


def tell_all(deployment: Deployment, phase: str) -> None:
    value = definitions_value(2, phase)  # type: ignore[arg-type]  # one of two words
    for partition in range(deployment.partitions):
        deployment.append(partition, Message(None, value, DEFINITIONS_HEADERS))


def fill_all(deployment: Deployment) -> None:
    """What is left to do, until every filling has come to where its lane is."""
    while True:
        deployment.finish()
        wanting = [number for number, lane in enumerate(deployment.lanes) if lane.wants_filling]
        if not wanting:
            break
        for number in wanting:
            deployment.turn(Turn(number, Step("fill")))
    for lane in deployment.lanes:
        filling = lane.header.filling
        assert filling is not None
        assert filling.cursor == lane.header.cursor, "a filling waits for what will never come"


def play(deployment: Deployment, turns: Iterable[tuple[int, Turn]], dice: Dice) -> None:
    """Turns, between which fillings go on, and lose their memory."""
    for ahead_ms, turn in turns:
        deployment.now_ms += ahead_ms
        deployment.turn(turn)
        for _ in range(dice.below(3)):
            fate: Fate = dice.pick(get_args(Fate)) if not dice.below(4) else "well"
            deployment.turn(Turn(dice.below(deployment.partitions), Step("fill", 1, fate)))


def changed(case: WhoCase, dice: Dice) -> Deployment:
    """The case, with the second set asked for at some time and activated once all that was under way has come to rest."""
    deployment = Deployment(case.partitions, case.bundles, START_MS, SECRET)
    deployment.activate(1)
    asked = dice.below(len(case.turns) + 1)
    switched = asked + dice.below(len(case.turns) - asked + 1)
    play(deployment, case.turns[:asked], dice)
    tell_all(deployment, "prepare")
    play(deployment, case.turns[asked:switched], dice)
    fill_all(deployment)
    tell_all(deployment, "activate")
    play(deployment, case.turns[switched:], dice)
    deployment.finish()
    return deployment


def agree(case: WhoCase, dice: Dice) -> None:
    deployment = changed(with_news(case, dice), dice)
    found = all_differences(deployment)
    assert not found, "\n".join(found)
    assert not any(lane.store._of(number).pieces for number, lane in enumerate(deployment.lanes))
    goes_again_alike(deployment)


@settings(max_examples=max(100, settings().max_examples // 4))
@given(who_cases(_SMALL))
def test_merged_people_hold_what_they_would_hold_had_the_definitions_always_been(case: WhoCase) -> None:
    agree(case, Dice(Random(len(case.turns)).randrange))


@pytest.mark.parametrize("first", range(0, _SEEDS, _BLOCK))
def test_so_it_is_over_longer_logs(first: int) -> None:
    for seed in range(first, first + _BLOCK):
        dice = Dice(Random(seed).randrange)
        try:
            agree(who_case_of(dice, _TASTE), dice)
        except BaseException as error:
            error.add_note(f"the case of seed {seed}")
            raise

"""People who are split at any time of a life: each side is as if the edge had never been, and stays so."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from random import Random

import pytest
from hypothesis import settings

from schemas.definitions.bundle import next_bundle
from schemas.definitions.model import Bundle
from schemas.definitions.parse import Definitions
from segments.engine import Engine
from stream.replay.split import nothing_cut
from stream.worker import filling
from tagging.state import TagState
from tests.oracle.naming import Names
from tests.property.dice import Dice
from tests.property.drawn_logs import START_MS
from tests.property.drawn_people import SECRET, Taste, WhoCase, who_case_of
from tests.property.driver import Step
from tests.property.lanes import Deployment, Turn
from tests.property.splitting import drawn_cut, engine_of, not_as_the_oracle_says, people, read_sides, settle, split
from tests.property.test_filling_merged import tell_all
from tests.property.test_who_is_who import goes_again_alike, sequences_have_no_gaps, views

_SOAKS = settings().max_examples > 1_000
_SEEDS = 20_000 if _SOAKS else 300
_BLOCK = 50
pytestmark = pytest.mark.timeout(0 if _SOAKS else 600)

_TASTE = Taste(jumps=False, versions=False, plain=True, most_turns=60)


def without_repeats(case: WhoCase) -> WhoCase:
    """Of two copies that go different ways the one that arrives first counts, and each has its own time."""
    seen: set[bytes] = set()
    turns = []
    for ahead_ms, turn in case.turns:
        value = turn.message.value or b"" if turn.message is not None and not turn.message.headers else b""
        if not value or value not in seen:
            turns.append((ahead_ms, turn))
        seen.add(value)
    return replace(case, turns=turns)


def split_now_and_then(case: WhoCase, dice: Dice) -> Deployment:
    """The case, with somebody split, or counted anew, now and then while records are under way."""
    deployment = Deployment(case.partitions, case.bundles, START_MS, SECRET)
    deployment.activate(1)
    engine = engine_of(deployment)
    turns = iter(case.turns)

    def go_on(most: int) -> None:
        for _, (ahead_ms, turn) in zip(range(most), turns, strict=False):
            deployment.now_ms += ahead_ms
            deployment.turn(turn)

    go_on(len(case.turns) // 3)
    for _ in range(dice.below(4)):
        go_on(dice.below(6))
        if dice.below(3):
            deployment.finish()
        drawn = drawn_cut(deployment, dice, engine.policy)
        if drawn is None:
            continue
        person, cut = drawn
        if not dice.below(4):
            cut = nothing_cut(person, engine.policy)
        between = dice.below(6)
        record = read_sides(deployment, person, cut, engine, partial(go_on, between))
        go_on(dice.below(6))
        split(deployment, record)
    go_on(len(case.turns))
    settle(deployment)
    return deployment


def sent(case: WhoCase) -> int:
    """How many events there are, each once."""
    names = Names(case.bundles[1].identity, SECRET)
    messages = [turn.message for _, turn in case.turns if turn.message is not None and not turn.message.headers]
    events = [json.loads(message.value or b"") for message in messages]
    return len({event["id"] for event in events if names.stated(event)})


def counted(deployment: Deployment) -> int:
    """How many all people have counted together."""
    number = deployment.bundles[1].numbers.tags["seen"]
    return sum(one.state.tags[number].count for one in people(deployment) if number in one.state.tags)


def holds(case: WhoCase, dice: Dice) -> int:
    case = without_repeats(case)
    deployment = split_now_and_then(case, dice)
    found = not_as_the_oracle_says(deployment)
    assert not found, "\n".join(found)
    assert counted(deployment) == sent(case)
    sequences_have_no_gaps(deployment, case)
    goes_again_alike(deployment)
    return sum(len(one.identities().partings) for one in people(deployment))


@pytest.mark.parametrize("first", range(0, _SEEDS, _BLOCK))
def test_each_side_is_as_if_the_edge_had_never_been(first: int) -> None:
    parted = 0
    for seed in range(first, first + _BLOCK):
        dice = Dice(Random(seed).randrange)
        try:
            parted += holds(who_case_of(dice, _TASTE, views()), dice)
        except BaseException as error:
            error.add_note(f"the case of seed {seed}")
            raise
    assert parted > _BLOCK // 5


def with_another_tag(bundle: Bundle) -> Bundle:
    """The set with one tag more, which counts what ``seen`` counts."""
    late = replace(bundle.tags[0], id="late", rules=tuple(replace(rule, id="late") for rule in bundle.tags[0].rules))
    news = Definitions(bundle.settings, (*bundle.tags, late), bundle.segments, (), bundle.sources)
    return replace(next_bundle(bundle, news, silent=False), identity=bundle.identity)


def fill_to_the_end(deployment: Deployment) -> None:
    """Every filling comes to where its lane is; who waits for another lane's looks again at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filling, "_ASK_SECONDS", 0.0)
        for _ in range(2_000):
            deployment.finish()
            for number, lane in enumerate(deployment.lanes):
                if lane.wants_filling:
                    deployment.turn(Turn(number, Step("fill")))
            headers = [lane.header for lane in deployment.lanes]
            if all(one.filling is not None and one.filling.version == 2 and one.filling.cursor == one.cursor for one in headers):
                return
    raise AssertionError("a filling waits for what will never come")


def is_filled(case: WhoCase, dice: Dice) -> int:
    case = without_repeats(case)
    case.bundles[2] = with_another_tag(case.bundles[1])
    deployment = split_now_and_then(case, dice)
    tell_all(deployment, "prepare")
    fill_to_the_end(deployment)
    tell_all(deployment, "activate")
    deployment.finish()
    goes_again_alike(deployment)
    return sum(len(one.identities().partings) for one in people(deployment))


def is_exact_once_counted_anew(case: WhoCase, dice: Dice) -> int:
    case = without_repeats(case)
    case.bundles[2] = with_another_tag(case.bundles[1])
    deployment = split_now_and_then(case, dice)
    tell_all(deployment, "prepare")
    fill_to_the_end(deployment)
    tell_all(deployment, "activate")
    settle(deployment)
    wrong = len(late_as_seen(deployment))
    engine = Engine(deployment.bundles[2], secret=deployment.secret)
    for one in [one for one in people(deployment) if one.identities().partings]:
        split(deployment, read_sides(deployment, one, nothing_cut(one, engine.policy), engine))
    settle(deployment)
    found = [*late_as_seen(deployment), *not_as_the_oracle_says(deployment)]
    assert not found, "\n".join(found)
    sequences_have_no_gaps(deployment, case)
    goes_again_alike(deployment)
    return wrong


def late_as_seen(deployment: Deployment) -> list[str]:
    """Of whom the tag that was defined later does not say the same as the one that counts the same."""
    numbers = deployment.bundles[2].numbers.tags
    held = [(one.state.id, *(_said(one.state.tags.get(numbers[tag])) for tag in ("seen", "late"))) for one in people(deployment)]
    return [f"{who}: {seen}, later {late}" for who, seen, late in held if seen != late]


def _said(tag: TagState | None) -> tuple[float, ...]:
    return () if tag is None else (tag.count, tag.weight, tag.score, tag.first, tag.last)


@pytest.mark.parametrize("first", range(0, _SEEDS // 3, _BLOCK))
def test_what_later_definitions_say_of_split_people_is_exact_once_they_are_counted_anew(first: int) -> None:
    wrong = 0
    for seed in range(first, first + _BLOCK):
        dice = Dice(Random(seed).randrange)
        try:
            wrong += is_exact_once_counted_anew(who_case_of(dice, _TASTE, views()), dice)
        except BaseException as error:
            error.add_note(f"the case of seed {seed}")
            raise
    assert wrong > 0


@pytest.mark.parametrize("first", range(0, _SEEDS, _BLOCK))
def test_fillings_of_later_definitions_come_to_their_end(first: int) -> None:
    parted = 0
    for seed in range(first, first + _BLOCK):
        dice = Dice(Random(seed).randrange)
        try:
            parted += is_filled(who_case_of(dice, _TASTE, views()), dice)
        except BaseException as error:
            error.add_note(f"the case of seed {seed}")
            raise
    assert parted > _BLOCK // 5

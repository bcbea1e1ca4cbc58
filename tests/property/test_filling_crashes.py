"""A lane that fills the past of merged people, killed at any call that it waits for: whoever follows goes on as if nothing had happened."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import get_args

import pytest

from schemas.definitions.bundle import next_bundle
from schemas.definitions.model import Bundle, Comparison, Tag, TagNode
from schemas.definitions.parse import Definitions
from tests.corpus.generate import prepare
from tests.oracle.deployment import run_deployment
from tests.property.driver import Place
from tests.property.mortal import Death, Manner
from tests.property.verdict import differences
from tests.property.virtual_loop import run_virtually
from tests.property.world import Fate, World, small_lanes
from tests.unit.oracle.scenario import Log, T, events, log, rule, segment

_BUNDLE = Bundle()
_FIRST = next_bundle(_BUNDLE, Definitions(_BUNDLE.settings, (), (segment(events(within=1_000), "seen"),), (), ()))
_HOT = segment(TagNode("hot", score=(Comparison("gte", 4),)), "fan")
_SECOND = next_bundle(
    _FIRST, Definitions(_BUNDLE.settings, (Tag("hot", "Hot", (rule(),), cap=5.0),), (segment(events(at_least=5), "often"), _HOT), (), ())
)


@pytest.fixture(autouse=True)
def _small_lanes() -> Iterator[None]:
    with small_lanes():
        yield


def story() -> tuple[Log, int]:
    """Three visitors are one, over two merges; then the second set is asked for, at the returned place."""
    told = log()
    for at, who in ((10, "a1"), (20, "a1"), (30, "a2"), (40, "a2")):
        told = told.event(at, userId=..., anonymousId=who)
    told = told.event(50).event(60, userId=..., ids={"phone": "p1"}).event(70, userId=..., ids={"phone": "p1"}, anonymousId="a2")
    told = told.event(80, anonymousId="a1").event(90, ids={"phone": "p1"}).event(100, userId=..., anonymousId="a1")
    asked = len(told.records)
    told.records.append(prepare(2, T + 5_000))
    return told.event(5_100, userId=..., anonymousId="a2").event(6_000, userId="u2").event(9_000), asked


def outlive(fate: Fate) -> World:
    told, asked = story()
    bundles = {1: _FIRST, 2: _SECOND}
    world = World(bundles, Place(), fate, answers=True, rests=(asked,))
    run_virtually(world.live(told.records))
    expected = run_deployment([world.records], {0: _BUNDLE, **bundles})
    assert not expected.waiting
    found = [*expected.lanes[0].wrong, *differences(expected.outcomes[0], world, bundles)]
    assert not found, "\n".join(found)
    return world


def test_who_became_one_over_two_merges_enters_at_the_switch() -> None:
    world = outlive(Fate(()))

    entered = [one for one in world.topics.transitions if one["type"] == "segment.entered" and one["data"]["cause"] == "definition"]
    assert sorted((one["data"]["person"], one["data"]["segment"]) for one in entered) == [("user:u1", "fan"), ("user:u1", "often")]
    assert [one["data"]["from"] for one in world.topics.transitions if one["type"] == "person.merged"] != []


@pytest.mark.parametrize("manner", get_args(Manner))
def test_wherever_an_owner_dies_the_next_goes_on(manner: Manner) -> None:
    died = set()
    for at in count(1):
        place = outlive(Fate((Death(at, manner, 60.0), Death(at % 7 + 1, manner)), seed=1)).lives[0].place
        if place is None:
            break
        died.add(place)
    assert {(name, when) for name in ("pieces", "read the past", "commit", "publish to events") for when in ("before", "after")} <= died

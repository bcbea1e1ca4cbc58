"""A lane that splits somebody, killed at any call that it waits for: whoever follows goes on as if nothing had happened."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any, get_args

import pytest

from schemas.definitions.model import Bundle, Comparison, EventMatch, EventNode, NotNode, Rule, Segment, Tag
from stream.kafka.port import Message
from stream.replay.split import cut_of
from tagging.codec import pack
from tests.corpus.definitions import numbered
from tests.property.drawn_logs import START_MS
from tests.property.driver import Place, Step
from tests.property.lanes import Deployment
from tests.property.mortal import Death, Manner
from tests.property.splitting import engine_of, people, read_sides, settle, split
from tests.property.verdict import Ended, states
from tests.property.virtual_loop import run_virtually
from tests.property.world import Fate, World, small_lanes
from tests.unit.oracle.scenario import ALWAYS

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(autouse=True)
def _small_lanes() -> Iterator[None]:
    with small_lanes():
        yield


def _views(least: int) -> EventNode:
    return EventNode(EventMatch(("view",), ALWAYS), (Comparison("gte", least),))


def definitions() -> Bundle:
    """Nothing in it is ever due, so no lane writes a record of its own accord and all offsets stay."""
    tags = (Tag("seen", "Seen", (Rule("r", EventMatch(("view",), ALWAYS), 1.0),)),)
    segments = (Segment("many", "Many", _views(4)), Segment("ever", "Ever", _views(2)), Segment("few", "Few", NotNode(_views(5))))
    return numbered(Bundle(1, tags=tags, segments=segments))


def a_split_while_events_come() -> Deployment:
    """Two who were one; events between the reading of the log and the record, and such as are under way; then both go on."""
    deployment = Deployment(1, {0: Bundle(), 1: definitions()}, START_MS)
    deployment.activate(1)

    def view(number: int, **who: str) -> None:
        deployment.now_ms += 1
        value = {"type": "track", "event": "view", "id": f"m{number}"} | who
        deployment.append(0, Message(None, json.dumps(value).encode()))

    view(1, anonymousId="a")
    view(2, anonymousId="a", ids={"phone": "1"})  # type: ignore[arg-type]
    view(3, userId="u")
    view(4, userId="u", anonymousId="a")
    deployment.finish()
    (person,) = people(deployment)
    engine = engine_of(deployment)
    cut = cut_of(person, "user:u", "anon:a", engine.policy)
    assert cut is not None
    view(5, anonymousId="a")
    deployment.lanes[0].do(Step("read", 1))
    record = read_sides(deployment, person, cut, engine)
    deployment.lanes[0].do(Step("publish", 9))
    deployment._deliver(0)
    view(6, userId="u")
    view(7, anonymousId="a")
    split(deployment, record)
    view(8, anonymousId="a")
    view(9, userId="u", anonymousId="a")
    settle(deployment)
    view(10, anonymousId="a")
    settle(deployment)
    return deployment


def left(ended: Ended) -> tuple[set[str], list[bytes], dict[bytes, Any]]:
    """What there is in the end: transitions, people, pointers."""
    part = ended.store._of(0)
    return {json.dumps(one, sort_keys=True) for one in ended.topics.transitions}, [pack(one) for one in states(ended)], part.pointers


def test_the_two_are_as_they_should_be() -> None:
    deployment = a_split_while_events_come()
    number = deployment.bundles[1].numbers.tags["seen"]

    assert {one.state.id: one.state.tags[number].count for one in people(deployment)} == {"user:u": 4, "phone:1": 6}


@pytest.mark.parametrize("manner", get_args(Manner))
def test_wherever_an_owner_dies_the_next_goes_on(manner: Manner) -> None:
    """At the first place, at the second, … until one never comes to its last; the second owner dies early."""
    deployment, died = a_split_while_events_come(), set()
    expected = left(deployment.lanes[0])
    assert any('"cause": "split"' in text for text in expected[0])
    for at in count(1):
        fate = Fate((Death(at, manner, 60.0), Death(at % 7 + 1, manner)), seed=1)
        world = World(deployment.bundles, Place(), fate)
        run_virtually(world.live(deployment.logs[0]))
        assert left(world) == expected
        place = world.lives[0].place
        if place is None:
            break
        died.add(place)
    assert {("read the past", "before"), ("read the past", "after"), ("commit", "before"), ("commit", "after")} <= died

"""Minimal cases of what was once wrong about who is who."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from schemas.definitions.model import Bundle
from schemas.internal import DEFINITIONS_HEADERS, definitions_value
from stream.kafka.port import Message
from tagging.person import Person
from tests.corpus.definitions import numbered
from tests.oracle.classify import partition_of
from tests.oracle.naming import Names
from tests.property.dice import Dice
from tests.property.drawn_people import who_case_of
from tests.property.lanes import Deployment
from tests.property.test_who_is_who import VIEWS_WITHOUT_ALIAS, nobody_has_two_values_where_one_may_be, views
from tests.property.verdict import states
from tests.property.who_verdict import all_differences
from tests.unit.oracle.scenario import T, events, segment

Body = dict[str, Any]


def deployed(bundles: Iterable[Bundle] = (), partitions: int = 3) -> Deployment:
    found = {bundle.version: bundle for bundle in bundles} or {1: views()}
    deployment = Deployment(partitions, {0: Bundle(), **found}, T)
    deployment.activate(1)
    return deployment


def tell(deployment: Deployment, *bodies: Body, partition: int | None = None) -> None:
    """Events, each at the end of its partition's log; then all lanes do what there is to do."""
    for body in bodies:
        event = {"type": "track", "event": "view"} | body
        routing_id = Names(deployment.bundles[1].identity).stated(event)[0]
        where = partition_of(routing_id, deployment.partitions) if partition is None else partition
        deployment.append(where, Message(b"key", json.dumps(event).encode(), ()))
    deployment.finish()
    assert all_differences(deployment) == []


def ids_of_all(deployment: Deployment) -> list[set[str]]:
    return sorted((set(Person(state).ids()) for lane in deployment.lanes for state in states(lane)), key=sorted)


def test_an_anonymous_id_that_came_with_an_alias_still_joins() -> None:
    """The event after it seemed to say nothing new: the same anonymous id as the last one."""
    deployment = deployed()
    tell(deployment, {"type": "alias", "userId": "u1", "previousId": "u2", "anonymousId": "a9"})
    tell(deployment, {"userId": "u1", "anonymousId": "a9"})
    assert "anon:a9" in ids_of_all(deployment)[-1]


def test_an_alias_joins_what_was_refused_before() -> None:
    deployment = deployed()
    tell(deployment, {"userId": "u1", "ids": {"user": "u2"}}, {"userId": "u2"}, {"userId": "u2", "anonymousId": "a1"})
    tell(deployment, {"userId": "u1", "anonymousId": "a1"})
    refused = [Person(state).identities().refused for lane in deployment.lanes for state in states(lane)]
    assert {"anon:a1": "two-strong-ids"} in refused or {"anon:a1": "first-login"} in refused
    tell(deployment, {"type": "alias", "userId": "u1", "previousId": "a1"})
    assert [ids for ids in ids_of_all(deployment) if {"user:u1", "user:u2", "anon:a1"} <= ids] != []


def test_a_lane_goes_on_after_an_event_that_names_nobody_by_its_newer_rules() -> None:
    """Its number was never taken, and all that the other lane sent afterwards counted as overtaking, for ever."""
    first = views()
    second = replace(first, version=2, identity=replace(first.identity, blocked=(*first.identity.blocked, "u1")))
    deployment = deployed((first, second), partitions=2)
    home = partition_of("user:u1", 2)
    other = next(name for name in ("u2", "u3", "u4", "u5", "u6") if partition_of(f"user:{name}", 2) == home)
    deployment.append(home, Message(None, definitions_value(2, "activate"), DEFINITIONS_HEADERS))
    tell(deployment, {"userId": "u1"}, {"userId": other}, partition=1 - home)
    assert [lane.header.applied for lane in deployment.lanes] == ([2, 0] if home == 0 else [0, 2])


def test_a_lane_that_fills_asks_nobody() -> None:
    """The filling reads events again that name several ids; it stopped the lane."""
    first = numbered(Bundle(1))
    second = numbered(Bundle(2, segments=(segment(events("view")),)))
    deployment = Deployment(1, {0: Bundle(), 1: first, 2: second}, T)
    deployment.activate(1)
    event = {"type": "track", "event": "view", "userId": "u1", "anonymousId": "a1"}
    deployment.append(0, Message(b"key", json.dumps(event).encode(), ()))
    deployment.finish()
    deployment.activate(2)
    deployment.finish()
    assert [one["data"]["segment"] for one in deployment.transitions] == ["s"]


@pytest.mark.parametrize("seed", [622])
def test_a_place_kept_for_one_link_is_not_given_up_with_another(seed: int) -> None:
    """Two persons came to hold two values of one strong namespace, though no alias said so."""
    case = who_case_of(Dice(Random(seed).randrange), VIEWS_WITHOUT_ALIAS, views())
    nobody_has_two_values_where_one_may_be(case.played(), case)

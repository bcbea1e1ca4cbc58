"""People who are forgotten after a time without events: when, and what that leaves, is decided by the log alone, whatever lanes do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest
from hypothesis import settings

from schemas.definitions.model import Bundle
from stream.store.layout import person_digest
from tagging.person import Person
from tests.oracle.partition import run_partition
from tests.property.dice import Dice
from tests.property.drawn_definitions import HOUR, SECOND
from tests.property.drawn_fates import fate_of
from tests.property.drawn_logs import case_of
from tests.property.drawn_people import Taste, WhoCase, who_case_of
from tests.property.lanes import Deployment
from tests.property.many import agree, outlive
from tests.property.test_filling_merged import changed, with_news
from tests.property.test_who_is_who import goes_again_alike
from tests.property.verdict import states
from tests.property.who_verdict import all_differences
from tests.property.world import small_lanes

_SOAKS = settings().max_examples > 1_000
_SEEDS = 20_000 if _SOAKS else 100
_BLOCK = 25
_AFTER = (250, 500, 500, SECOND, 2 * SECOND, HOUR)
pytestmark = pytest.mark.timeout(0 if _SOAKS else 600)


@pytest.fixture(autouse=True)
def _small_lanes() -> Iterator[None]:
    with small_lanes():
        yield


def forgetting(dice: Dice, bundles: dict[int, Bundle]) -> dict[int, Bundle]:
    """The same definitions, of which nearly all say that people are forgotten; soon, and each another time."""
    return {
        version: replace(bundle, settings=replace(bundle.settings, forget_after_ms=dice.pick((*_AFTER, None)))) if version else bundle
        for version, bundle in bundles.items()
    }


@pytest.mark.parametrize("first", range(0, _SEEDS, _BLOCK))
def test_lanes_forget_when_the_oracle_does_whatever_becomes_of_their_owners(first: int) -> None:
    """In any order of batches, sweeps, fillings and losses; then real lanes, killed at any call that they wait for."""
    forgotten = 0
    for seed in range(first, first + _BLOCK):
        dice = Dice(Random(seed).randrange)
        case = case_of(dice)
        case.bundles = forgetting(dice, case.bundles)
        try:
            agree(case)
            world = outlive(case, fate_of(dice))
        except BaseException as error:
            error.add_note(f"the case of seed {seed}")
            raise
        place = case.place
        forgotten += run_partition(world.records, partition=place.partition, partitions=place.partitions, bundles=case.bundles).forgotten
    assert forgotten > _BLOCK


def who(seed: int, taste: Taste) -> WhoCase:
    dice = Dice(Random(seed).randrange)
    case = who_case_of(dice, taste)
    case.bundles = forgetting(dice, case.bundles)
    return case


@pytest.mark.parametrize("first", range(0, _SEEDS, _BLOCK))
def test_people_of_many_ids_are_forgotten_in_all_lanes(first: int) -> None:
    """The oracle follows what the lanes told each other; fresh lanes make the same of each log."""
    forgotten = 0
    for seed in range(first, first + _BLOCK):
        deployment = who(seed, Taste()).played()
        try:
            found = all_differences(deployment)
            assert not found, "\n".join(found)
            goes_again_alike(deployment)
            everybody_is_forgotten(deployment)
        except BaseException as error:
            error.add_note(f"the case of seed {seed}")
            raise
        forgotten += sum(lane.header.forgotten for lane in deployment.lanes)
    assert forgotten > _BLOCK


@pytest.mark.parametrize("first", range(0, 2 * _SEEDS, _BLOCK))
def test_new_definitions_over_merged_people_of_whom_some_were_forgotten_know_what_is_left_of_their_past(first: int) -> None:
    """They hold what a deployment would hold that had them from the start, and nothing of who had been forgotten before a merge."""
    for seed in range(first, first + _BLOCK):
        dice = Dice(Random(seed).randrange)
        case = with_news(who_case_of(dice, Taste(versions=False)), dice)
        case.bundles = forgetting(dice, case.bundles)
        try:
            deployment = changed(case, dice)
            found = all_differences(deployment)
            assert not found, "\n".join(found)
            goes_again_alike(deployment)
        except BaseException as error:
            error.add_note(f"the case of seed {seed}")
            raise


def everybody_is_forgotten(deployment: Deployment) -> None:
    """When long enough nothing has come, nothing is left of anybody where everybody is to be forgotten."""
    if any(deployment.bundles[lane.header.switches[-1][0]].settings.forget_after_ms is None for lane in deployment.lanes):
        return
    names = {name for lane in deployment.lanes for person in map(Person, states(lane)) for name in person.ids()}
    deployment.now_ms += 10 * HOUR
    deployment.tick()
    deployment.finish()
    assert [state.id for lane in deployment.lanes for state in states(lane)] == []
    pointers = {digest for lane in deployment.lanes for digest in lane.store._of(lane.place.partition).pointers}
    assert not pointers & {person_digest(name) for name in names}
    assert not any(any(lane.store._of(lane.place.partition).members.values()) for lane in deployment.lanes)

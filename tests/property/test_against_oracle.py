"""The engine against an evaluator that shares nothing with it but the definitions: whatever the log, and however a lane goes through it."""

from __future__ import annotations

from itertools import islice
from random import Random

import pytest
from hypothesis import given, settings

from tests.corpus.generate import activate, definitions_for_load, internal, lay_out, log_of, malformed, shop_events, strew, ticking
from tests.oracle.partition import run_partition
from tests.property.dice import Dice
from tests.property.drawn_logs import START_MS, Case, case_of, cases
from tests.property.driver import Driver, Place, Step
from tests.property.verdict import differences

_SOAKS = settings().max_examples > 1_000
_SEEDS = 20_000 if _SOAKS else 250
_BLOCK = 50
pytestmark = pytest.mark.timeout(0 if _SOAKS else 600)


def agree(case: Case) -> None:
    """At once and in the drawn steps, with their losses, the engine yields what the oracle says."""
    place = case.place
    expected = run_partition(case.log, partition=place.partition, partitions=place.partitions, bundles=case.bundles)
    for steps in ([], case.steps):
        found = differences(expected, Driver(case.log, case.bundles, place).run(steps), case.bundles)
        assert not found, "\n".join(found)


@given(cases())
def test_the_engine_and_the_oracle_agree_however_a_lane_goes_through_a_log(case: Case) -> None:
    agree(case)


@pytest.mark.parametrize("first", range(0, _SEEDS, _BLOCK))
def test_they_agree_on_longer_logs_too(first: int) -> None:
    for seed in range(first, first + _BLOCK):
        try:
            agree(case_of(Dice(Random(seed).randrange)))
        except Exception as error:
            error.add_note(f"the case of seed {seed}")
            raise


@pytest.mark.parametrize("seed", range(3))
def test_a_busy_shop_with_broken_records_comes_out_alike_in_all_partitions(seed: int) -> None:
    clock = ticking(START_MS, 30)
    events = ((START_MS + 30 * number, event) for number, event in enumerate(islice(shop_events(seed, 40, clock), 900)))
    bundles = {1: definitions_for_load()}
    steps = [Step("read", 97, "lost before"), Step("read", 97, "lost after"), Step("sweep", 2), Step("publish", 5), Step("clear")] * 5
    for partition, log in enumerate(log_of(events, 2)):
        end = internal("clock", START_MS + 60_000)
        records = lay_out([activate(1, START_MS), *strew(seed, log, malformed(seed + 10 * partition, 200)), end])
        agree(Case(Place(partition, 2), bundles, records, steps))

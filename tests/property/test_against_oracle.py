"""The engine against an evaluator that shares nothing with it but the definitions: whatever the log, and however a lane goes through it."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given

from tests.corpus.generate import activate, definitions_for_load, internal, lay_out, log_of, malformed, shop_events, strew, ticking
from tests.property.drawn_logs import START_MS, Case, cases
from tests.property.driver import Place, Step
from tests.property.many import IS_SOAK, agree, agree_on_seed, seeds

_BLOCK = 50
pytestmark = pytest.mark.timeout(0 if IS_SOAK else 600)


@given(cases())
def test_the_engine_and_the_oracle_agree_however_a_lane_goes_through_a_log(case: Case) -> None:
    agree(case)


@pytest.mark.parametrize("first", seeds(few=150, usual=1_500, block=_BLOCK))
def test_they_agree_on_longer_logs_too(first: int) -> None:
    for seed in range(first, first + _BLOCK):
        try:
            agree_on_seed(seed)
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

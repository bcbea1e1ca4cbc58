"""The oracle on several cores says what it says on one, of people who become one across lanes too."""

from __future__ import annotations

from random import Random

from tests.oracle.deployment import run_deployment
from tests.oracle.parallel import run_in_processes
from tests.property.dice import Dice
from tests.property.drawn_people import Taste, who_case_of

_SEEDS = 8


def test_lanes_that_are_shared_out_yield_what_they_yield_together() -> None:
    transitions = merges = 0
    for seed in range(_SEEDS):
        deployment = who_case_of(Dice(Random(seed).randrange), Taste()).played()
        bundles = {**deployment.lanes[0].bundles}
        together = run_deployment(deployment.logs, bundles, deployment.secret)
        shared = run_in_processes(deployment.logs, bundles, deployment.secret, processes=2)
        assert shared.outcomes == together.outcomes
        assert shared.merged == together.merged
        assert shared.waiting == together.waiting
        for one, other in zip(shared.lanes, together.lanes, strict=True):
            assert (one.pointers, one.taken, one.wrong) == (other.pointers, other.taken, other.wrong)
        transitions += sum(len(outcome.transitions) for outcome in together.outcomes)
        merges += len(together.merged)
    assert transitions > 0
    assert merges > 0

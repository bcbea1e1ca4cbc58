"""One case after the other, and how many."""

from __future__ import annotations

from random import Random

from hypothesis import settings

from tests.oracle.partition import run_partition
from tests.property.dice import Dice
from tests.property.drawn_fates import fate_of
from tests.property.drawn_logs import Case, case_of
from tests.property.driver import Driver
from tests.property.verdict import differences
from tests.property.virtual_loop import run_virtually
from tests.property.world import Fate, World

IS_SOAK = settings().max_examples > 1_000
_IS_FEW = settings().max_examples <= 100
_SOAK_SEEDS = 20_000


def seeds(*, few: int, usual: int, block: int) -> range:
    """The first seed of each block."""
    return range(0, _SOAK_SEEDS if IS_SOAK else few if _IS_FEW else usual, block)


def agree(case: Case) -> None:
    """At once and in the drawn steps, with their losses, the engine yields what the oracle says."""
    place = case.place
    expected = run_partition(case.log, partition=place.partition, partitions=place.partitions, bundles=case.bundles)
    for steps in ([], case.steps):
        found = differences(expected, Driver(case.log, case.bundles, place).run(steps), case.bundles)
        assert not found, "\n".join(found)


def outlive(case: Case, fate: Fate) -> World:
    """However its owners die, a lane leaves what the oracle makes of the log that there is in the end."""
    world = World(case.bundles, case.place, fate)
    run_virtually(world.live(case.log))
    place = case.place
    expected = run_partition(world.records, partition=place.partition, partitions=place.partitions, bundles=case.bundles)
    found = differences(expected, world, case.bundles)
    assert not found, "\n".join(found)
    return world


def agree_on_seed(seed: int) -> None:
    """The case of a seed."""
    agree(case_of(Dice(Random(seed).randrange)))


def outlive_seed(seed: int) -> None:
    """The case and the fate of a seed."""
    dice = Dice(Random(seed).randrange)
    outlive(case_of(dice), fate_of(dice))

"""The oracle over a long log, on all cores: each process reads all logs, and works out the segments of some of the lanes."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from tests.oracle.deployment import Deployed, run_deployment
from tests.oracle.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from schemas.definitions.model import Bundle
    from tests.oracle.classify import Raw
    from tests.oracle.linking import LinkingLane, Said

SHORT = 20_000
"""Records of a log that are not worth a process."""

Share = tuple[list[tuple["LinkingLane", Outcome]], list[tuple[int, int]]]


def run_in_processes(
    logs: Sequence[Sequence[Raw]], bundles: Mapping[int, Bundle], secret: bytes | None = None, *, processes: int | None = None
) -> Deployed:
    """As ``run_deployment``. ``processes``: one for each core, or none for a short log, unless given."""
    count = processes or (min(os.cpu_count() or 1, len(logs)) if sum(map(len, logs)) > SHORT else 1)
    if count == 1:
        return run_deployment(logs, bundles, secret)
    shares = [range(first, len(logs), count) for first in range(count)]
    with ProcessPoolExecutor(count) as pool:
        found = list(pool.map(partial(_share, logs, bundles, secret), shares))
    done = sorted((pair for pairs, _ in found for pair in pairs), key=lambda pair: pair[0].number)
    return Deployed([lane for lane, _ in done], [outcome for _, outcome in done], found[0][1])


def _share(logs: Sequence[Sequence[Raw]], bundles: Mapping[int, Bundle], secret: bytes | None, evaluating: Collection[int]) -> Share:
    deployed = run_deployment(logs, bundles, secret, evaluating)
    for lane in deployed.lanes:
        lane.said_to_me = lane.forgets_to_me = _nothing
    return [(deployed.lanes[number], deployed.outcomes[number]) for number in evaluating], deployed.waiting


def _nothing(_origin: int) -> list[Said]:
    return []

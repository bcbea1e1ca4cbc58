"""The drawn cases of ``tests/property`` by the hundred thousand: each seed is one, so a run can begin where another ended.

``cases``: the engine in memory against the oracle, at once and in drawn steps with losses. ``lanes``: real lanes whose owners die.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from typing import Any, Final

from tests.property.many import agree_on_seed, outlive_seed
from tests.property.small import small_slices
from tests.property.world import small_lanes

KINDS: Final = ("cases", "lanes")
_BLOCK: Final = 500
_BLOCKS_A_PROCESS: Final = 20
_PROGRESS_SECONDS: Final = 20.0

Differences = list[tuple[int, str]]


def block(kind: str, seeds: range) -> Differences:
    """The seeds that come out wrong, each with what differs."""
    run = {"cases": agree_on_seed, "lanes": outlive_seed}[kind]
    found: Differences = []
    with small_slices(), small_lanes():
        for seed in seeds:
            try:
                run(seed)
            except Exception as error:  # noqa: BLE001 - whatever goes wrong is a finding; the other seeds are tried too
                found.append((seed, f"{type(error).__name__}: {error}"))
    return found


@dataclass
class _Count:
    kind: str
    seeds: range
    say: Callable[[str], None]
    began: float = field(default_factory=time.monotonic)
    done: int = 0
    told: float = 0.0
    wrong: Differences = field(default_factory=list)

    def add(self, seeds: range, wrong: Differences) -> None:
        self.done += len(seeds)
        self.wrong += wrong
        for seed, what in wrong:
            self.say(f"  {self.kind}: seed {seed} differs\n{what}")
        seconds = time.monotonic() - self.began
        if seconds - self.told >= _PROGRESS_SECONDS or self.done == len(self.seeds):
            self.told = seconds
            self.say(f"  {self.kind}: {self.done} of {len(self.seeds)} done, {self.done / seconds:.0f} a second, {len(self.wrong)} differ")

    def figures(self) -> dict[str, Any]:
        return {
            "seeds": [self.seeds.start, self.seeds.stop],
            "different": len(self.wrong),
            "different_seeds": sorted(seed for seed, _ in self.wrong)[:100],
            "seconds": round(time.monotonic() - self.began),
            "clean": not self.wrong,
        }


def drawn_cases(kind: str, seeds: range, say: Callable[[str], None]) -> dict[str, Any]:
    """Try all seeds on all cores; the figures. A seed that differs is named at once, with what differs."""
    count = _Count(kind, seeds, say)
    waiting: Iterator[range] = (seeds[at : at + _BLOCK] for at in range(0, len(seeds), _BLOCK))
    processes = os.cpu_count() or 1
    # Calendars are remembered without end; a process that ends forgets them.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), max_tasks_per_child=_BLOCKS_A_PROCESS) as pool:
        running: dict[Future[Differences], range] = {}
        while True:
            for part in islice(waiting, 2 * processes - len(running)):
                running[pool.submit(block, kind, part)] = part
            if not running:
                return count.figures()
            first = next(as_completed(running))
            count.add(running.pop(first), first.result())

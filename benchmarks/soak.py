"""``scripts/soak``: the proofs for long. Kills a worker, a sender, Redis or Kafka again and again under load, then counts.

``--kills 100`` faults of each kind, ``--rate`` events a second, ``--runner``, ``--round`` faults between two judgements: the log of each
round is judged by itself, because the oracle takes a millisecond an event.
``language``: drawn definitions and events; ``--segments`` and ``--events`` say how many, ``--kills`` of the
worker are spread over them. ``identity``: kills of the worker while people of many ids become one, about ``--merges`` times.
``spool``: kills of the collector under requests, and one of the broker for every five of them.
``import``: two kills of an import of ``--lines`` lines, which a worker then applies.
``slow``: ``--connections`` that send nothing, or a byte a second, for ``--seconds``, beside good requests.
``fuzz``: what clients sent, spoilt, for every decoder, for ``--seconds`` (an hour unless said).
``fuzz``, ``decay``, ``cases`` and ``lanes`` need no servers:
``decay`` lives ``--person-days`` and finds as many ``--crossings``, each compared
with exact numbers; ``--cases`` drawn definitions and logs each, from ``--first-case`` on, on all cores.
Progress goes to stderr, the result as JSON to stdout; exit 0 if nothing was lost, doubled, missing or different.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from benchmarks.soak_cases import KINDS as DRAWN
from benchmarks.soak_cases import drawn_cases
from benchmarks.soak_decay import decay
from benchmarks.soak_fuzz import fuzz
from benchmarks.soak_import import import_killed
from benchmarks.soak_sender import sender_killed
from stream.stack import Stack
from tests.reliability.chaos import Plan, Result, server_killed, worker_killed, zombies
from tests.reliability.deployment import Deployment, deployment
from tests.reliability.language import Size, language
from tests.reliability.merging import people_merge
from tests.reliability.slow import SlowPlan, slow_clients
from tests.reliability.spooling import SpoolPlan, spooled

_KINDS: Final = ("worker", "sender", "redis", "kafka", "zombie", "language", "identity", "spool", "import", "slow")
_DATABASES: Final = 60
_PEOPLE_ABOUT: Final = 300
_SHOPPERS: Final = 500
_REQUESTS_A_SECOND_MAX: Final = 400
_COLLECTOR_KILLS_A_BROKER_KILL: Final = 5
_IMPORT_KILLS: Final = 2
_SLOW_SECONDS: Final = 120
_FUZZ_SECONDS: Final = 3_600


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for."""

    kills: int
    rate: int
    runner: str
    seed: int
    per_round: int
    size: Size
    merges: int
    lines: int
    slow: SlowPlan

    def rounds(self) -> list[Plan]:
        """One plan for each stretch that is judged by itself, each with a seed of its own."""
        sizes = [min(self.per_round, self.kills - at) for at in range(0, self.kills, self.per_round)]
        return [Plan(size, self.rate, seed=self.seed + number, runner=self.runner) for number, size in enumerate(sizes)]


def say(text: str) -> None:
    """Progress, for people."""
    sys.stderr.write(text + "\n")


def _scenario(kind: str, stack: Stack) -> Callable[[Deployment, Plan], Awaitable[Result]]:
    def progress(kill: int) -> None:
        say(f"  {kind}: fault {kill}")

    if kind == "worker":
        return lambda made, plan: worker_killed(made, plan, progress)
    if kind == "zombie":
        return lambda made, plan: zombies(made, plan, progress)
    server = stack.redis_process if kind == "redis" else stack.kafka_process
    return lambda made, plan: server_killed(made, plan, server, progress=progress)


async def _rounds(kind: str, stack: Stack, folder: Path, wish: Wish) -> list[dict[str, Any]]:
    results = []
    for number, plan in enumerate(wish.rounds()):
        url = f"{stack.redis.removesuffix('/0')}/{(_KINDS.index(kind) * 12 + number) % _DATABASES + 1}"
        place = folder / f"{kind}-{number}"
        place.mkdir()
        async with deployment(stack, f"soak-{kind}-{number}.", url, place) as made:
            result = await _scenario(kind, stack)(made, plan)
        say(result.describe())
        results.append(result.figures())
    return results


async def _language(stack: Stack, folder: Path, wish: Wish) -> list[dict[str, Any]]:
    """One round: ten events a person, because the oracle looks at all of a person's events again after each."""
    plan = Plan(wish.kills, wish.rate, wish.size.events // 10, wish.seed, wish.runner, drain_seconds=3_600)
    place = folder / "language"
    place.mkdir()
    async with deployment(stack, "soak-language.", f"{stack.redis.removesuffix('/0')}/{_DATABASES + 1}", place) as made:
        result = await language(made, plan, wish.size, lambda kill: say(f"  language: fault {kill}"))
    say(result.describe())
    return [result.figures()]


async def _identity(stack: Stack, folder: Path, wish: Wish) -> list[dict[str, Any]]:
    """One round: who is who in one lane is decided by the logs of all, from their beginnings."""
    plan = Plan(wish.kills, wish.rate, _PEOPLE_ABOUT, wish.seed, wish.runner, drain_seconds=3_600)
    place = folder / "identity"
    place.mkdir()
    async with deployment(stack, "soak-identity.", f"{stack.redis.removesuffix('/0')}/{_DATABASES + 2}", place) as made:
        result = await people_merge(made, plan, wish.merges, lambda kill: say(f"  identity: fault {kill}"))
    say(result.describe())
    return [result.figures()]


async def _spool(stack: Stack, folder: Path, wish: Wish) -> list[dict[str, Any]]:
    """One round: shoppers go on as long as there are kills."""
    kills_a_round = min(_COLLECTOR_KILLS_A_BROKER_KILL, wish.kills)
    plan = SpoolPlan(wish.kills // kills_a_round, kills_a_round, min(wish.rate, _REQUESTS_A_SECOND_MAX), _SHOPPERS, wish.seed)
    place = folder / "spool"
    place.mkdir()
    async with deployment(stack, "soak-spool.", f"{stack.redis.removesuffix('/0')}/{_DATABASES + 3}", place) as made:
        result = await spooled(made, plan, stack.kafka_process, lambda text: say(f"  spool: {text}"))
    say(result.describe())
    return [result.figures()]


async def _import(stack: Stack, folder: Path, wish: Wish) -> list[dict[str, Any]]:
    place = folder / "import"
    place.mkdir()
    async with deployment(stack, "soak-import.", stack.redis, place) as made:
        return [await import_killed(made, place, wish.lines, _IMPORT_KILLS, Random(wish.seed), say)]


async def _slow(stack: Stack, folder: Path, wish: Wish) -> list[dict[str, Any]]:
    place = folder / "slow"
    place.mkdir()
    return [(await slow_clients(stack.kafka, "soak-slow.", str(place), wish.slow)).figures()]


async def _soak(what: str, stack: Stack, folder: Path, wish: Wish) -> dict[str, Any]:
    results: dict[str, Any] = {}
    for kind in _KINDS if what == "all" else (what,):
        say(f"{kind}: {wish.kills} faults")
        if kind == "sender":
            results[kind] = [await sender_killed(stack.kafka, wish.kills, Random(wish.seed), say)]
        elif kind == "language":
            results[kind] = await _language(stack, folder, wish)
        elif kind == "identity":
            results[kind] = await _identity(stack, folder, wish)
        elif kind == "spool":
            results[kind] = await _spool(stack, folder, wish)
        elif kind == "slow":
            results[kind] = await _slow(stack, folder, wish)
        elif kind == "import":
            results[kind] = await _import(stack, folder, wish)
        else:
            results[kind] = await _rounds(kind, stack, folder, wish)
    return results


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/soak", description="Faults under load for long, and a count of what was lost or doubled."
    )
    parser.add_argument("--kills", type=int, default=100, help="faults of each kind")
    parser.add_argument("--what", choices=(*_KINDS, *DRAWN, "decay", "fuzz", "all"), default="all")
    parser.add_argument("--rate", type=int, default=2_000, help="events a second")
    parser.add_argument("--runner", choices=("aiokafka", "faust"), default="faust")
    parser.add_argument("--seed", type=int, default=20_261_122)
    parser.add_argument("--round", type=int, default=20, help="faults between two judgements")
    parser.add_argument("--person-days", type=int, default=10_000_000, help="of decay")
    parser.add_argument("--crossings", type=int, default=200_000, help="of a fading score and a level")
    parser.add_argument("--segments", type=int, default=200, help="drawn segments, of language")
    parser.add_argument("--events", type=int, default=200_000, help="drawn events, of language")
    parser.add_argument("--merges", type=int, default=10_000, help="of two persons, of identity")
    parser.add_argument("--lines", type=int, default=1_000_000, help="of a file, of import")
    parser.add_argument("--connections", type=int, default=1_000, help="slow ones at a time, of slow")
    parser.add_argument("--seconds", type=int, default=0, help="how long: of slow 120 unless said, of fuzz 3 600")
    parser.add_argument("--cases", type=int, default=100_000, help="drawn cases of each kind")
    parser.add_argument("--first-case", type=int, default=0, help="the seed of the first; to go on where another run ended")
    given = parser.parse_args()
    began = time.monotonic()
    size, slow_plan = Size(given.segments, given.events), SlowPlan(given.connections, given.seconds or _SLOW_SECONDS)
    wish = Wish(given.kills, given.rate, given.runner, given.seed, given.round, size, given.merges, given.lines, slow_plan)
    seeds = range(given.first_case, given.first_case + given.cases)
    results: dict[str, Any] = {kind: [drawn_cases(kind, seeds, say)] for kind in DRAWN if given.what in (kind, "all")}
    if given.what in ("decay", "all"):
        results["decay"] = [decay(given.person_days, given.crossings, given.seed, say)]
    if given.what in ("fuzz", "all"):
        results["fuzz"] = [fuzz(given.seconds or _FUZZ_SECONDS, given.seed, say)]
    if given.what not in (*DRAWN, "decay", "fuzz"):
        with tempfile.TemporaryDirectory(prefix="ebbtide-soak-") as folder, Stack(Path(folder) / "stack", on_progress=say) as stack:
            results |= asyncio.run(_soak(given.what, stack, Path(folder), wish))
    clean = all(each["clean"] for rounds in results.values() for each in rounds)
    sys.stdout.write(json.dumps({"clean": clean, "seconds": round(time.monotonic() - began), "results": results}, indent=2) + "\n")
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())

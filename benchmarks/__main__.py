"""``scripts/bench``: every figure of docs/performance.md, on a real stack, in one run.

``--only worker,latency,…`` runs parts; ``--quick`` shrinks the loads (for trying the benches, not for figures);
``--only fill --people 1000000`` fills a million people from the past, which takes half an hour with the loading of it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import collector, enrichment, identity, latency, leaving, memory, past, requests, restart, segments, spike, stock, worker
from benchmarks.report import write_page
from benchmarks.workload import bundle, events, lean_bundle
from stream.stack.stack import Stack

_ROOT = Path(__file__).resolve().parent.parent
_PEOPLE = 100_000


@dataclass(frozen=True, slots=True)
class Run:
    """What a part of the benchmark is given."""

    stack: Stack
    quick: bool
    people: int


Part = Callable[[Run], Coroutine[Any, Any, Any]]


async def _worker(run: Run) -> Any:
    results = []
    plans = [
        ("aiokafka", "lean", 20_000),
        ("faust", "lean", 20_000),
        ("aiokafka", "lean", 200_000),
        ("aiokafka", "busy", 20_000),
    ]
    for database, (runner, definitions, people) in enumerate(plans, start=1):
        count = 40_000 if run.quick else max(120_000, people * 5 // 4)
        held = bundle() if definitions == "busy" else lean_bundle()
        plan = worker.Plan(runner, definitions, people, count, held, events(people, people))
        results.append(await worker.throughput(run.stack, plan, database))
    return results


async def _identity(run: Run) -> Any:
    return await identity.linked(run.stack, 2_000 if run.quick else 20_000, 20_000 if run.quick else 120_000, 1)


async def _stock(run: Run) -> Any:
    return await stock.throughput(run.stack, 10_000 if run.quick else 40_000)


async def _collector(run: Run) -> Any:
    seconds, kafka = 3 if run.quick else 8, run.stack.kafka
    with_broker = [await collector.measure(kafka, connections=connections, seconds=seconds) for connections in (64, 256)]
    return [*with_broker, await collector.measure(kafka, connections=64, seconds=seconds, spooled=True)]


async def _requests(run: Run) -> Any:
    return [await requests.measure(run.stack.kafka, kind, 2 if run.quick else 6) for kind in requests.KINDS]


async def _spike(run: Run) -> Any:
    return await spike.spike(run.stack.kafka, seconds=2 if run.quick else 10, rounds=2 if run.quick else 3)


async def _enrichment(run: Run) -> Any:
    return await enrichment.compare(run.stack.kafka, seconds=2 if run.quick else 5, rounds=2 if run.quick else 3)


async def _latency(run: Run) -> Any:
    seconds = 5 if run.quick else 20
    return [await latency.latency(run.stack, runner, 1_000, seconds, database) for database, runner in ((4, "aiokafka"), (5, "faust"))]


async def _segments(run: Run) -> Any:
    return await segments.many(run.stack, 12_000 if run.quick else 60_000, 1)


async def _leaving(run: Run) -> Any:
    return await leaving.leaving(run.stack, 5_000 if run.quick else 100_000, 5 if run.quick else 20, 1)


async def _fill(run: Run) -> Any:
    return await past.filling(run.stack, 5_000 if run.quick else run.people, 5 if run.quick else 15, 1)


async def _memory(run: Run) -> Any:
    people = 2_000 if run.quick else 20_000
    return [await memory.bytes_a_person(run.stack, tags, people, database) for database, tags in ((6, 5), (7, 20))]


async def _restart(run: Run) -> Any:
    return await restart.restarts(run.stack, 3 if run.quick else 12, 8)


async def _idle(_run: Run) -> Any:
    return await memory.idle_stack()


PARTS: dict[str, Part] = {
    "stock": _stock,
    "worker": _worker,
    "identity": _identity,
    "collector": _collector,
    "requests": _requests,
    "spike": _spike,
    "enrichment": _enrichment,
    "latency": _latency,
    "segments": _segments,
    "leaving": _leaving,
    "fill": _fill,
    "memory": _memory,
    "restart": _restart,
    "idle": _idle,
}


def machine() -> dict[str, Any]:
    """The kind of machine: cores, memory, versions; no name of it."""
    memory_gib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return {"cores": os.cpu_count(), "memory_gib": round(memory_gib), "python": sys.version.split()[0], "load_before": os.getloadavg()[0]}


def main() -> None:
    """Run, write the JSON, and renew the page."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS), help="parts to run, of: " + " ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="small loads: shows that the benches run, gives no figures")
    parser.add_argument("--people", type=int, default=_PEOPLE, help="people of the part `fill`")
    chosen = parser.parse_args()
    results: dict[str, Any] = {}
    for name in chosen.only.split(","):
        with tempfile.TemporaryDirectory(prefix="ebbtide-bench-") as folder, Stack(Path(folder)) as stack:
            print(f"── {name} …", flush=True)
            key = name if name != "fill" or chosen.people == _PEOPLE else f"fill_{chosen.people}"
            results[key] = asyncio.run(PARTS[name](Run(stack, chosen.quick, chosen.people)))
            print(json.dumps(results[key], indent=1), flush=True)
    if not chosen.quick:
        _keep(results)


def _keep(results: dict[str, Any]) -> None:
    """Beside what was measured before, each part with its date."""
    kept, today = _ROOT / "benchmarks" / "results", datetime.now(UTC).date().isoformat()
    kept.mkdir(exist_ok=True)
    earlier = sorted(kept.glob("*.json"))
    held = json.loads(earlier[-1].read_text()) if earlier else {}
    dates = held.pop("dates", None) or dict.fromkeys(held.keys() - {"date", "machine"}, held.get("date"))
    dates |= dict.fromkeys(results, today)
    path = kept / f"{today}.json"
    path.write_text(json.dumps({**held, "date": today, "machine": machine(), "dates": dates, **results}, indent=1) + "\n")
    write_page(_ROOT / "docs" / "performance.md", path)


main()

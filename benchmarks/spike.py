"""What everybody else feels when one source sends twenty times what it usually does: the wait of others' requests, p99 against before.

The quiet source sends single events at a constant rate, the other one batches of twenty: at its usual rate, at twenty times that, and as
fast as answers come; and the same to another collector on the same core, which tells what of it is the machine's and the broker's.
Rounds alternate, and each ratio is of one round, because the machine is shared with the load and the broker.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import pickle
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks import requests
from benchmarks.collector import KEY, collecting
from schemas.definitions.model import Bundle, Source
from stream.kafka.admin import ensure_topics
from stream.kafka.bundles import write_bundle
from stream.kafka.publisher import KafkaPublisher
from stream.runtime.settings import from_mapping

_QUIET_KEY: Final = "quiet-one"
_QUIET_RATE: Final = 100
_USUAL_RATE: Final = 20
_TIMES: Final = 20
_CONNECTIONS: Final = 64
_LEAD_SECONDS: Final = 1.0
_DIFFERENT: Final = 500


async def spike(kafka: str, seconds: int, rounds: int) -> dict[str, Any]:
    """Waits in milliseconds; ``ratio_p99``: the median of the rounds' ratios to the usual rate."""
    settings = from_mapping({"EBBTIDE_KAFKA": kafka, "EBBTIDE_PREFIX": f"spike{os.getpid()}-{time.time_ns()}."})
    await ensure_topics(kafka, settings.topics)
    publisher = KafkaPublisher(kafka)
    await publisher.start()
    sources = tuple(
        Source(name, "server", (hashlib.sha256(key.encode()).hexdigest(),)) for name, key in (("spike", KEY), ("quiet", _QUIET_KEY))
    )
    await write_bundle(publisher, settings.topics, Bundle(version=1, sources=sources))
    await publisher.stop()
    with tempfile.TemporaryDirectory() as data:
        quiet, loud = Path(data) / "quiet", Path(data) / "loud"
        single, batch = requests.KINDS[0], requests.KINDS[1]
        quiet.write_bytes(pickle.dumps([single.made(n).replace(KEY.encode(), _QUIET_KEY.encode()) for n in range(_DIFFERENT)]))
        loud.write_bytes(pickle.dumps([batch.made(n) for n in range(_DIFFERENT)]))
        async with collecting(settings, 0, data) as (_, url), collecting(settings, 0, f"{data}/other") as (_, elsewhere):
            plans = {
                "usual": (url, _USUAL_RATE),
                "twenty_times": (url, _USUAL_RATE * _TIMES),
                "twenty_times_elsewhere": (elsewhere, _USUAL_RATE * _TIMES),
                "all_it_can": (url, 0),
                "all_it_can_elsewhere": (elsewhere, 0),
            }
            for warm in (url, elsewhere):
                await _beside((quiet, url), (loud, warm), 2, _USUAL_RATE * _TIMES)
            found = [
                {name: await _beside((quiet, url), (loud, at), seconds, rate) for name, (at, rate) in plans.items()} for _ in range(rounds)
            ]
    return {"rounds": found, "ratio_p99": {name: _ratio(found, name) for name in plans if name != "usual"}}


def _ratio(found: list[dict[str, Any]], name: str) -> float:
    return float(round(median(each[name]["p99_ms"] / each["usual"]["p99_ms"] for each in found), 2))


async def _beside(quiet: tuple[Path, str], loud: tuple[Path, str], seconds: int, rate: int) -> dict[str, Any]:
    """The quiet source's waits while the other one sends; what that one got through."""
    flood = asyncio.ensure_future(_drive(*loud, _CONNECTIONS, seconds + int(2 * _LEAD_SECONDS), rate, niceness=10))
    await asyncio.sleep(_LEAD_SECONDS)
    found = await _drive(*quiet, 16, seconds, _QUIET_RATE, niceness=0)
    other = await flood
    return {
        "p50_ms": found["p50_ms"],
        "p99_ms": found["p99_ms"],
        "refused": found["refused"] + other["refused"],
        "other_requests_per_second": round(other["requests"] / other["seconds"]),
    }


async def _drive(file: Path, url: str, connections: int, seconds: int, rate: int, *, niceness: int) -> dict[str, Any]:
    # The quiet one measures waits: where the loud one's driver is busy, it must not wait for that.
    told = [str(each) for each in (connections, seconds, rate)]
    command = ["nice", "-n", str(niceness), "taskset", "-c", "1", sys.executable, requests.__file__, "drive", str(file), url, *told]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    said: dict[str, Any] = json.loads(out)
    return said

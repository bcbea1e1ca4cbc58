"""What the collector takes of different requests on one core, and how long they wait at half of that, at a constant rate.

``python benchmarks/requests.py drive FILE URL CONNECTIONS SECONDS RATE`` is the load: a file's requests, again and again, over so many
connections; with a rate each has its moment, and its wait runs from there, whether a connection was free or not. 0: as fast as it goes.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import os
import pickle
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

_ROOT: Final = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(_ROOT)] if str(_ROOT) not in sys.path else []

from benchmarks.collector import EVENT, KEY, collecting, cpu_seconds, records  # noqa: E402 - the load is a program of its own
from collectors.links.signing import pixel_signature  # noqa: E402 - same
from schemas.definitions.model import Bundle, Source  # noqa: E402 - same
from stream.kafka.admin import ensure_topics  # noqa: E402 - same
from stream.kafka.bundles import write_bundle  # noqa: E402 - same
from stream.kafka.publisher import KafkaPublisher  # noqa: E402 - same
from stream.runtime.settings import from_mapping  # noqa: E402 - same

_SECRET: Final = "a-secret-of-the-benchmark"  # noqa: S105 - of nothing else
_DIFFERENT: Final = 4_000
_BATCH: Final = 20
_CONNECTIONS: Final = 64
_WARM_SECONDS: Final = 2


@dataclass(frozen=True, slots=True)
class Kind:
    """Requests of one kind. ``events``: in each."""

    name: str
    events: int
    made: Callable[[int], bytes]


def _post(path: str, body: bytes, form: str = "application/json") -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {form}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _event(number: int) -> str:
    return EVENT % (0, number, number % 10_000, number % 997)


def _single(number: int) -> bytes:
    return _post("/v1/track", _event(number).encode())


def _batch(number: int) -> bytes:
    several = (_event(number * _BATCH + each)[:-1] + ',"type":"track"}' for each in range(_BATCH))
    return _post("/v1/batch", f'{{"writeKey":"{KEY}","batch":[{",".join(several)}]}}'.encode())


def _sensors(number: int) -> bytes:
    """As the client for the web sends a batch: base64 of gzip of JSON in a form."""
    several = [_sensors_event(number * _BATCH + each) for each in range(_BATCH)]
    data = b64encode(gzip.compress(json.dumps(several).encode(), mtime=0)).decode()
    return _post(
        f"/sa?project=default&token={KEY}", urlencode({"data_list": data, "gzip": "1"}).encode(), "application/x-www-form-urlencoded"
    )


def _sensors_event(number: int) -> dict[str, Any]:
    lib = {"$lib": "js", "$lib_method": "code", "$lib_version": "1.26.18"}
    page = {"$url": "https://shop.example/p/12", "$url_path": "/p/12", "$title": "Shoes", "$referrer": ""}
    screen = {"$screen_height": 900, "$screen_width": 1440, "$timezone_offset": -480, "$is_first_day": False}
    return {
        "identities": {"$identity_cookie_id": f"c{number % 10_000}"},
        "distinct_id": f"c{number % 10_000}",
        "lib": lib,
        "properties": {**screen, **lib, **page, "category": "shoes", "price": 129.5, "sku": f"SKU-{number % 997}", "position": 3},
        "type": "track",
        "event": "product_viewed",
        "time": 1_764_000_000_000 + number,
        "_track_id": number,
        "_flush_time": 1_764_000_001_000 + number,
    }


def _pixel(number: int) -> bytes:
    fields = [("source", "mails"), ("userId", f"u{number % 10_000}"), ("messageId", f"m{number}"), ("campaign", "spring")]
    signed = [*fields, ("sig", pixel_signature(fields, _SECRET.encode()))]
    return f"GET /p.gif?{urlencode(signed, quote_via=quote)} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


KINDS: Final = (
    Kind("Segment, one event", 1, _single),
    Kind("Segment, a batch of 20", _BATCH, _batch),
    Kind("Sensors, a batch of 20 in gzip", _BATCH, _sensors),
    Kind("a signed pixel", 1, _pixel),
)


async def measure(kafka: str, kind: Kind, seconds: int) -> dict[str, Any]:
    """Rates are per second of the collector's processor time; waits in milliseconds, at half of that rate."""
    settings = from_mapping({"EBBTIDE_KAFKA": kafka, "EBBTIDE_PREFIX": f"requests{os.getpid()}-{time.time_ns()}."})
    await ensure_topics(kafka, settings.topics)
    publisher = KafkaPublisher(kafka)
    await publisher.start()
    mails = Source("mails", "links", link_secret_env="LINK_SECRET")  # noqa: S106 - a variable's name
    shop = Source("bench", "server", (hashlib.sha256(KEY.encode()).hexdigest(),), ("*",))
    await write_bundle(publisher, settings.topics, Bundle(version=1, sources=(shop, mails)))
    await publisher.stop()
    os.environ["LINK_SECRET"] = _SECRET
    with tempfile.TemporaryDirectory() as data:
        requests = Path(data) / "requests"
        requests.write_bytes(pickle.dumps([kind.made(number) for number in range(_DIFFERENT)]))
        async with collecting(settings, 0, data) as (pid, url):
            await _load(requests, url, _WARM_SECONDS, 0)
            start, offset = cpu_seconds(pid), await records(settings)
            full = await _load(requests, url, seconds, 0)
            used = cpu_seconds(pid) - start
            on_topic = await records(settings) - offset
            # What the load could send of it: the load, the broker and the collector share the machine.
            half = await _load(requests, url, seconds, max(1, round(full["requests"] / full["seconds"] / 2)))
    return {
        "kind": kind.name,
        "events_per_request": kind.events,
        "requests": full["requests"],
        "refused": full["refused"] + half["refused"],
        "on_topic": on_topic,
        "requests_per_cpu_second": round(full["requests"] / used),
        "events_per_cpu_second": round(full["requests"] * kind.events / used),
        "half_rate": round(half["requests"] / half["seconds"]),
        "half_ms_p50": half["p50_ms"],
        "half_ms_p99": half["p99_ms"],
    }


async def _load(requests: Path, url: str, seconds: int, rate: int) -> dict[str, Any]:
    command = ["taskset", "-c", "1", sys.executable, __file__, "drive", str(requests), url, str(_CONNECTIONS), str(seconds), str(rate)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    found: dict[str, Any] = json.loads(out)
    return found


async def drive(requests: list[bytes], url: str, connections: int, seconds: int, rate: int) -> dict[str, Any]:
    """The load itself."""
    host, _, port = url.removeprefix("http://").partition(":")
    waits: list[float] = []
    refused = taken = 0
    began = time.perf_counter()

    async def one() -> None:
        nonlocal taken, refused
        reader, writer = await asyncio.open_connection(host, int(port.rstrip("/")))
        while True:
            number, taken = taken, taken + 1
            due = began + number / rate if rate else time.perf_counter()
            if due - began >= seconds:
                break
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            writer.write(requests[number % len(requests)])
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
            waits.append(time.perf_counter() - due)
            refused += head[9:12] != b"200"
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    waits.sort()
    return {
        "requests": len(waits),
        "seconds": round(time.perf_counter() - began, 2),
        "p50_ms": round(waits[len(waits) // 2] * 1000, 2),
        "p99_ms": round(waits[len(waits) * 99 // 100] * 1000, 2),
        "refused": refused,
    }


if __name__ == "__main__":
    _, _, file, address, held, lasting, each = sys.argv
    print(json.dumps(asyncio.run(drive(pickle.loads(Path(file).read_bytes()), address, int(held), int(lasting), int(each)))))  # noqa: S301 - our own

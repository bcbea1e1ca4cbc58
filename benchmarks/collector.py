"""How many requests a second one core of the collector takes: one event each, answered after the broker's acks=all.

``python benchmarks/collector.py`` starts a broker, pins the collector to core 0 and the load to core 1, and prints one JSON object.
``per_cpu_second`` counts against the collector's own CPU time, so that it holds on a busy machine too; ``reference_per_cpu_second``
is an ASGI application under uvicorn that does nothing but say ok, measured in the same way right before and after: it says what the machine
gives at that moment. ``on_topic`` must equal ``requests``: what was answered is there.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.definitions.model import Bundle, Source
from stream.kafka.admin import ensure_topics
from stream.kafka.bundles import write_bundle
from stream.kafka.publisher import KafkaPublisher
from stream.runtime.settings import Settings, from_mapping
from stream.stack import Stack
from stream.stack.ports import free_port

PROGRAM: Final = str(Path(__file__).resolve())
ROOT: Final = Path(PROGRAM).parent.parent
KEY: Final = "benchmark"
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
HELLO: Final = """
async def app(scope, receive, send):
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})
"""
EVENT: Final = (
    '{"messageId":"m-%d-%d","userId":"u%d","event":"product_viewed","timestamp":"2026-11-22T08:00:00.123Z",'
    '"sentAt":"2026-11-22T08:00:01.123Z","writeKey":"benchmark","properties":{"category":"shoes","price":129.5,"currency":"CNY",'
    '"sku":"SKU-%d","position":3,"list":"search results","brand":"acme"},"context":{"library":{"name":"analytics.js","version":"2.1.0"},'
    '"page":{"path":"/p/12","referrer":"","search":"","title":"Shoes","url":"https://shop.example/p/12"},"locale":"zh-CN",'
    '"screen":{"width":1440,"height":900}}}'
)
LUA: Final = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local run, n = os.time(), 0
request = function()
  n = n + 1
  return wrk.format(nil, "/v1/track", nil, string.format('%s', run, n, n %% 10000, n %% 997))
end
"""


async def measure(
    kafka: str, *, connections: int = 64, seconds: int = 10, collector_core: int = 0, load_core: int = 1, spooled: bool = False
) -> dict[str, Any]:
    """Run the load against a collector on new topics of this broker. Rates are per second; latencies in milliseconds.

    ``spooled``: the collector has seen the definitions, and then no broker any more: every answer waits for the disk.
    """
    settings = from_mapping({"EBBTIDE_KAFKA": kafka, "EBBTIDE_PREFIX": f"bench{os.getpid()}-{time.time_ns()}."})
    await ensure_topics(kafka, settings.topics)
    publisher = KafkaPublisher(kafka)
    await publisher.start()
    source = Source("bench", "server", (hashlib.sha256(KEY.encode()).hexdigest(),), ("*",))
    await write_bundle(publisher, settings.topics, Bundle(version=1, sources=(source,)))
    await publisher.stop()
    before = await reference(collector_core, load_core, connections)
    with tempfile.TemporaryDirectory() as data:
        if spooled:
            async with collecting(settings, collector_core, data):
                pass
        collected = settings.model_copy(update={"kafka": f"127.0.0.1:{free_port()}"}) if spooled else settings
        async with collecting(collected, collector_core, data) as (pid, url):
            await load(url, connections, 2, load_core)
            start, offset = cpu_seconds(pid), await records(settings)
            found = await load(url, connections, seconds, load_core)
            used = cpu_seconds(pid) - start
    after = await reference(collector_core, load_core, connections)
    on_topic = await records(settings) - offset
    return {
        "connections": connections,
        "spooled": spooled,
        **found,
        "per_second": round(found["requests"] / found["seconds"]),
        "per_cpu_second": round(found["requests"] / used),
        "collector_cpu_seconds": round(used, 2),
        "reference_per_cpu_second": round((before + after) / 2),
        "on_topic": on_topic,
    }


async def load(url: str, connections: int, seconds: int, core: int, *, post: bool = True) -> dict[str, Any]:
    """Drive requests from one pinned process; with wrk if it is installed, else with a small client of our own."""
    if shutil.which("wrk") is None:
        return await _own_load(url, connections, seconds, core, post=post)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(LUA % EVENT)
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *(["-s", script.name] if post else []), url]
        said = await pinned(core, *command)
    numbers = re.search(r"(\d+) requests in ([\d.]+)(m?s)", said)
    assert numbers is not None, said
    took = float(numbers[2]) / (1000 if numbers[3] == "ms" else 1)
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return {
        "requests": int(numbers[1]),
        "seconds": took,
        "p50_ms": _milliseconds(said, "50"),
        "p99_ms": _milliseconds(said, "99"),
        "not_2xx": int(wrong[1]) if wrong else 0,
    }


def _milliseconds(said: str, percent: str) -> float:
    found = re.search(rf"{percent}%\s+([\d.]+)(us|ms|s)", said)
    assert found is not None, said
    return round(float(found[1]) * {"us": 0.001, "ms": 1, "s": 1000}[found[2]], 2)


async def pinned(core: int, *command: str) -> str:
    process = await asyncio.create_subprocess_exec("taskset", "-c", str(core), *command, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    return out.decode()


async def _own_load(url: str, connections: int, seconds: int, core: int, *, post: bool) -> dict[str, Any]:
    out = await pinned(core, sys.executable, PROGRAM, "load", url, str(connections), str(seconds), str(int(post)))
    found: dict[str, Any] = json.loads(out)
    return found


async def drive(url: str, connections: int, seconds: int, *, post: bool) -> dict[str, Any]:
    """The small client: so many connections, each with one request at a time."""
    host, _, port = url.removeprefix("http://").partition(":")
    latencies: list[float] = []
    wrong = 0
    until = time.monotonic() + seconds

    async def one(number: int) -> None:
        nonlocal wrong
        reader, writer = await asyncio.open_connection(host, int(port.rstrip("/")))
        count = 0
        while time.monotonic() < until:
            count += 1
            body = (EVENT % (number, count, number * 100 + count % 100, count % 997)).encode() if post else b""
            line = b"POST /v1/track" if post else b"GET /"
            began = time.perf_counter()
            writer.write(b"%s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (line, len(body), body))
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
            latencies.append(time.perf_counter() - began)
            wrong += head[9:12] != b"200"
        writer.close()

    began = time.monotonic()
    await asyncio.gather(*(one(number) for number in range(connections)))
    latencies.sort()
    return {
        "requests": len(latencies),
        "seconds": round(time.monotonic() - began, 2),
        "p50_ms": round(latencies[len(latencies) // 2] * 1000, 2),
        "p99_ms": round(latencies[len(latencies) * 99 // 100] * 1000, 2),
        "not_2xx": wrong,
    }


@asynccontextmanager
async def collecting(settings: Settings, core: int, data: str, further: Mapping[str, str] = _NOTHING) -> AsyncIterator[tuple[int, str]]:
    """A collector process of its own, pinned: its process id and its URL. ``further``: settings by their variables."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "EBBTIDE_KAFKA": settings.kafka, "EBBTIDE_PREFIX": settings.prefix}
    env |= {"EBBTIDE_COLLECTOR_PORT": "0", "EBBTIDE_COLLECTOR_METRICS_PORT": "0", "EBBTIDE_DATA": data, **further}
    async with _process(env, core, PROGRAM, "serve") as (process, line):
        yield process.pid, line


@asynccontextmanager
async def _process(env: dict[str, str], core: int, *arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    process = await asyncio.create_subprocess_exec(
        "taskset", "-c", str(core), sys.executable, *arguments, env=env, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        yield process, line.decode().strip()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def reference(core: int, load_core: int, connections: int) -> float:
    """Requests per CPU second of an ASGI application that does nothing, under uvicorn."""
    async with _process({**os.environ, "PYTHONPATH": str(ROOT)}, core, PROGRAM, "hello") as (process, url):
        await load(url, connections, 1, load_core, post=False)
        start = cpu_seconds(process.pid)
        found = await load(url, connections, 4, load_core, post=False)
        return float(found["requests"] / (cpu_seconds(process.pid) - start))


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def records(settings: Settings) -> int:
    """How many records the events topic has."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka)
    await consumer.start()
    try:
        places = [TopicPartition(settings.topics.events, number) for number in range(settings.partitions)]
        return sum((await consumer.end_offsets(places)).values())
    finally:
        await consumer.stop()


def serve() -> None:
    """The collector process."""
    import uvloop  # noqa: PLC0415 - the load generator does without

    from collectors.server.main import run_collector  # noqa: PLC0415 - same

    uvloop.run(run_collector(from_mapping(os.environ), ready=lambda addresses: print(addresses.url, flush=True), secrets=os.environ))


def hello() -> None:
    """The reference process."""
    import socket  # noqa: PLC0415 - only here

    import uvicorn  # noqa: PLC0415 - only here

    space: dict[str, Any] = {}
    exec(HELLO, space)  # noqa: S102 - the text above
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/", flush=True)
    config = uvicorn.Config(space["app"], loop="uvloop", http="httptools", log_level="warning", access_log=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[listener])


def main() -> None:
    match sys.argv[1:]:
        case ["serve"]:
            serve()
        case ["hello"]:
            hello()
        case ["load", url, connections, seconds, post]:
            print(json.dumps(asyncio.run(drive(url, int(connections), int(seconds), post=post == "1"))))
        case kafka:
            if kafka:
                print(json.dumps(asyncio.run(measure(kafka[0]))))
                return
            with tempfile.TemporaryDirectory() as folder, Stack(Path(folder)) as stack:
                print(json.dumps(asyncio.run(measure(stack.kafka))))


if __name__ == "__main__":
    main()

"""What all tests of real clients share: the front that loses an answer, the programs that use a client, and what came of it.

Each test drives one client as its vendor ships it, pointed at a real collector by nothing but its own setting for the host. Most go
through a ``Front`` that passes the first request for each path on and then breaks the connection, so that the client cannot know
whether its events arrived. What it does then is what every client does on a bad day.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from asyncio.subprocess import PIPE
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiohttp import web

from tests.integration.collectors.running import Running, until

KEY: Final = "key-of-the-shop"
WEBSITE: Final = "b59e9c65-ae32-47f1-8400-119fcf4861c4"
DOMAIN: Final = "shop.example"
HERE: Final = Path(__file__).resolve().parent
RESULTS: Final = HERE / "results"
CAPTURED: Final = HERE.parent / "unit" / "collectors" / "captured"
"""Requests as clients made them, for the tests of decoding."""

RECORD: Final = "EBBTIDE_RECORD_CLIENTS"
"""With this variable set, the tests write what they measured instead of comparing it with what is written."""

_KEPT_HEADERS: Final = ("authorization", "content-type", "content-encoding", "user-agent", "origin", "anonymousid", "sentat")
_KEPT_OF_EACH_PATH: Final = 4
_HOP_BY_HOP: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "date", "server"})


@dataclass(frozen=True)
class Row:
    """One line of the table: ``calls`` that the program made, ``events`` that are due for them (a client may send some of its own
    accord), ``stored_once`` of them; ``lost_answer`` says what the client does when an answer is lost."""

    client: str
    version: str
    protocol: str
    calls: int
    events: int
    stored_once: int
    lost_answer: str


def settle(row: Row) -> None:
    """Hold a measured row against the written one, or write it. The table on the page is made of what is written."""
    path = RESULTS / file_of(row.client)
    if os.environ.get(RECORD):
        path.write_text(json.dumps(asdict(row), indent=2) + "\n", encoding="utf-8")
    assert path.exists(), f"not written yet: run with {RECORD}=1, then python -m tests.clients.table"
    assert json.loads(path.read_text(encoding="utf-8")) == asdict(row)


def file_of(client: str) -> str:
    """The name of a client's file."""
    return f"{client.strip('@').replace('/', '-')}.json"


@dataclass
class Front:
    """An address before a collector. ``lost`` are the paths on which an answer was lost so far."""

    url: str
    lost: list[str] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    captured: list[dict[str, Any]] = field(default_factory=list)

    def hear(self, request: web.Request, body: bytes) -> None:
        """Count a request, and keep the first of each path."""
        place = f"{request.method} {request.path}"
        self.requests[place] += 1
        if request.method != "OPTIONS" and self.requests[place] <= _KEPT_OF_EACH_PATH:
            headers = {name: request.headers[name] for name in _KEPT_HEADERS if name in request.headers}
            headers |= {name.lower(): value for name, value in request.headers.items() if name.lower().startswith("ce-")}
            kept = {"method": request.method, "url": request.raw_path, "headers": headers, "body": b64encode(body).decode()}
            if kept["body"] not in {each["body"] for each in self.captured if body}:
                self.captured.append({"at": int(time.time() * 1000), **kept})

    def keep(self, client: str, *starts: str) -> None:
        """Write what was captured, of paths that begin so, if this run records."""
        if os.environ.get(RECORD):
            kept = [each for each in self.captured if each["url"].startswith(starts or "/")]
            (CAPTURED / file_of(client)).write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


@asynccontextmanager
async def front_of(collector: Running, *, loses: Iterable[str] = (), says: int | None = None) -> AsyncIterator[Front]:
    """Passes all on to the collector; of each path in ``loses`` the first answer to a POST is lost, after the collector gave it:
    the client hears the status ``says``, as from a proxy that gave up, or nothing at all.
    """
    losing = set(loses)
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        front = Front("")

        async def handle(request: web.Request) -> web.StreamResponse:
            body = await request.read()
            front.hear(request, body)
            headers = {name: value for name, value in request.headers.items() if name.lower() not in {"connection", "transfer-encoding"}}
            async with session.request(request.method, collector.url + request.raw_path, data=body, headers=headers) as answer:
                said = await answer.read()
            if request.method == "POST" and request.path in losing:
                losing.discard(request.path)
                front.lost.append(request.path)
                if says is not None:
                    return web.Response(status=says)
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
            return web.Response(status=answer.status, body=said, headers=kept)

        app = web.Application(client_max_size=8 << 20)
        app.router.add_route("*", "/{anything:.*}", handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1, auto_decompress=False)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            host, port = runner.addresses[0][:2]
            front.url = f"http://{host}:{port}"
            yield front
        finally:
            await runner.cleanup()


@dataclass
class Program:
    """A program that runs: what it ``said`` first, and its input."""

    said: dict[str, Any]
    input: asyncio.StreamWriter

    def go_on(self) -> None:
        """Give it the line that it waits for."""
        self.input.write(b"go on\n")


@asynccontextmanager
async def node(program: str, *arguments: str, seconds: float = 60, behind: bool = True) -> AsyncIterator[Program]:
    """Run a program of this folder under a clock that is an hour ``behind``, unless nothing that its client sends tells of its clock;
    yields when it has printed its line of JSON, and ends it by closing its input.
    """
    assert (HERE / "node_modules").is_dir(), "the clients are not installed: scripts/setup --dev"
    command = ("node", *(("--import", "./slow_clock.mjs") if behind else ()), program, *arguments)
    process = await asyncio.create_subprocess_exec(*command, cwd=HERE, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(seconds):
            line = await process.stdout.readline()
            if not line:
                raise AssertionError((await process.communicate())[1].decode())
        yield Program(json.loads(line), process.stdin)
        async with asyncio.timeout(seconds):
            process.stdin.close()
            _, wrong = await process.communicate()
        assert process.returncode == 0, wrong.decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def version_of(package: str) -> str:
    """The version of an npm package that is installed here."""
    found: str = json.loads((HERE / "node_modules" / package / "package.json").read_text(encoding="utf-8"))["version"]
    return found


class Arrived:
    """What a collector has written, each event once, as it first came: copies have the same id and the same content. They need not
    have the same person: Segment's client for browsers adds a user who logged in between an attempt and the next.
    """

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self.records = len(events)
        self.by_id: dict[str, dict[str, Any]] = {}
        for event in events:
            first = self.by_id.setdefault(event["id"], event)
            assert _content(first) == _content(event), "one id with two contents"
        self.events = list(self.by_id.values())

    @property
    def came_again(self) -> int:
        return self.records - len(self.events)

    def of(self, protocol: str) -> Arrived:
        """Those that came by one protocol."""
        return Arrived([event for event in self.events if event["protocol"] == protocol])

    def named(self, name: str) -> list[dict[str, Any]]:
        """The events of a name of the contract: a track's own, ``$page`` and so on."""
        return [event for event in self.events if (event.get("event") or f"${event['type']}") == name]

    def names(self) -> dict[str, int]:
        return dict(Counter(event.get("event") or f"${event['type']}" for event in self.events))

    def numbers(self) -> list[int]:
        """The numbers that the calls carried, in order: 0, 1, 2 … if nothing is lost and nothing is there under two ids."""
        return sorted(event["properties"]["number"] for event in self.events if "number" in event["properties"])


def _content(event: dict[str, Any]) -> object:
    return event["type"], event.get("event"), event["properties"]


async def arrived(collector: Running, events: int, *, again: int = 0) -> Arrived:
    """What is on the topic when at least so many events are, and so many came again under their ids."""

    def enough(found: Arrived) -> bool:
        return len(found.events) >= events and found.came_again >= again

    return await arrived_when(collector, enough)


async def arrived_when(collector: Running, enough: Callable[[Arrived], bool]) -> Arrived:
    """What is on the topic when it is enough, or after half a minute, for the test to show what is missing."""
    found: list[Arrived] = []

    async def holds() -> bool:
        found.append(Arrived(await collector.events()))
        return enough(found[-1])

    with suppress(TimeoutError):
        await until(holds, 30)
    return found[-1]

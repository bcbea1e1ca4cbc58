"""Watching what arrives, on a real collector and broker: over HTTP with the admin token, and with `ebbtide events`."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from stream.runtime.catalogue import collector as catalogue
from stream.stack import Stack
from tests.integration.collectors.running import BASIC, Running, collector_on, until

TOKEN = "a-token-of-the-admins"
ADMIN = {"Authorization": f"Bearer {TOKEN}"}
MOST_SECONDS = 10.0
"""An event is to be seen within a second; ten times that is what a busy machine may take."""


@pytest.fixture
async def watched(stack: Stack, prefix: str) -> AsyncIterator[Running]:
    async with collector_on(stack.kafka, prefix, admin_token=TOKEN, debug_streams_max=2, debug_queue_bytes=65_536) as running:
        yield running


async def send(http: aiohttp.ClientSession, running: Running, *calls: dict[str, Any], status: int = 200) -> None:
    body = {"batch": [{"type": "track", "userId": "u1", **call} for call in calls]}
    async with http.post(f"{running.url}/v1/batch", json=body, headers=BASIC) as answer:
        assert answer.status == status


async def frames(answer: aiohttp.ClientResponse) -> AsyncIterator[tuple[str, Any]]:
    """(event, data) of each frame; comments are left out."""
    kind = ""
    async for line in answer.content:
        name, _, rest = line.decode().rstrip("\n").partition(": ")
        if name == "event":
            kind = rest
        elif name == "data":
            yield kind, json.loads(rest)


async def test_an_event_is_shown_within_a_second(watched: Running, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{watched.url}/debug/events?source=shop-web", headers=ADMIN) as answer:
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        await send(http, watched, {"event": "seen", "properties": {"price": 12}}, {"event": ""})
        async with asyncio.timeout(MOST_SECONDS):
            found = frames(answer)
            first, second = await anext(found), await anext(found)

    assert (first[0], first[1]["event"], first[1]["properties"]) == ("event", "seen", {"price": 12})
    assert (second[0], second[1]["reason"], second[1]["source"]) == ("refused", "missing-name", "shop-web")


async def test_without_the_token_there_is_no_stream_and_without_a_setting_no_path(
    watched: Running, collector: Running, http: aiohttp.ClientSession
) -> None:
    for running, headers, status in ((watched, {}, 401), (watched, {"Authorization": "Bearer x"}, 401), (collector, ADMIN, 404)):
        async with http.get(f"{running.url}/debug/events", headers=headers) as answer:
            assert answer.status == status
            assert (answer.headers.get("WWW-Authenticate") == "Bearer") == (status == 401)
    assert watched.rejected("wrong-admin-token") == 2


async def test_no_more_may_watch_than_is_set(watched: Running, http: aiohttp.ClientSession) -> None:
    url = f"{watched.url}/debug/events"
    async with http.get(url, headers=ADMIN), http.get(url, headers=ADMIN) as second:
        async with http.get(url, headers=ADMIN) as third:
            assert third.status == 503
        second.close()
        await until(lambda: watched.count(catalogue.DEBUG_CONNECTIONS) == 1)
        async with http.get(url, headers=ADMIN) as fourth:
            assert fourth.status == 200


async def test_a_reader_that_stops_loses_events_and_hears_how_many_while_clients_are_answered(
    watched: Running, http: aiohttp.ClientSession
) -> None:
    reader, writer = await watched.connect()
    writer.write(f"GET /debug/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\n\r\n".encode())
    await reader.readuntil(b": watching\n\n")
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    sent = 0
    async with asyncio.timeout(60):
        while watched.count(catalogue.DEBUG_LOST) < 100:
            await send(http, watched, *({"event": f"e{sent + number}", "properties": {"text": "x" * 20_000}} for number in range(40)))
            sent += 40
    writer.transport.resume_reading()  # type: ignore[attr-defined]
    seen = lost = 0
    async with asyncio.timeout(60):
        while seen + lost < sent:
            line = await reader.readline()
            if line.startswith(b'data: {"lost"'):
                lost += json.loads(line.removeprefix(b"data: "))["lost"]
            elif line.startswith(b"data: "):
                seen += 1
    writer.close()
    await writer.wait_closed()
    assert (lost, seen + lost) == (watched.count(catalogue.DEBUG_LOST), sent)


async def test_a_collector_that_ends_lets_go_of_who_watches(stack: Stack, prefix: str, http: aiohttp.ClientSession) -> None:
    async with collector_on(stack.kafka, prefix, admin_token=TOKEN) as running:
        answer = await http.get(f"{running.url}/debug/events", headers=ADMIN)
        began = time.monotonic()
    assert time.monotonic() - began < running.settings.collector.drain_seconds
    assert (await answer.content.read()).startswith(b": watching")


@asynccontextmanager
async def ebbtide(running: Running, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    settings = running.settings
    env = {"EBBTIDE_KAFKA": settings.kafka, "EBBTIDE_PREFIX": settings.prefix, "EBBTIDE_PARTITIONS": str(settings.partitions)}
    command = (sys.executable, "-m", "stream.cli", *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env={**os.environ, **env})
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def test_the_command_follows_one_source_and_shows_an_event_within_a_second(watched: Running, http: aiohttp.ClientSession) -> None:
    await send(http, watched, {"event": "before"})
    async with ebbtide(watched, "events", "--follow", "--source", "shop-web", "--json") as process, asyncio.timeout(60):
        assert process.stdout is not None
        assert json.loads(await process.stdout.readline())["value"]["event"] == "before"
        await send(http, watched, {"event": "after"})
        async with asyncio.timeout(MOST_SECONDS):
            shown = json.loads(await process.stdout.readline())
    assert (shown["value"]["event"], shown["value"]["source"]) == ("after", "shop-web")


async def test_the_command_leaves_other_sources_and_names_out(watched: Running, http: aiohttp.ClientSession) -> None:
    await send(http, watched, {"event": "seen"}, {"event": "bought", "properties": {"price": 3}})
    for arguments, names in ((("--source", "server"), []), (("--name", "bought"), ["bought"]), (("--last", "5"), ["seen", "bought"])):
        async with ebbtide(watched, "events", "--json", *arguments) as process:
            out, _ = await process.communicate()
        assert [json.loads(line)["value"]["event"] for line in out.splitlines()] == names
    async with ebbtide(watched, "events", "--name", "bought") as process:
        out, _ = await process.communicate()
    assert out.decode().rstrip().endswith('shop-web  u1  bought  {"price": 3}')


async def inspected(running: Running, *arguments: str, code: int = 0) -> bytes:
    async with ebbtide(running, "sources", "inspect", *arguments) as process:
        out, _ = await process.communicate()
    assert process.returncode == code
    return out


async def test_inspecting_a_source_shows_names_properties_types_and_examples(watched: Running, http: aiohttp.ClientSession) -> None:
    drifted = [{"event": "bought", "properties": {"price": price}} for price in (129, "129.00")]
    await send(http, watched, {"event": "seen", "properties": {"mail": "ann@mail.example"}}, *drifted)

    (found,) = [json.loads(line) for line in (await inspected(watched, "shop-web", "--json")).splitlines()]
    assert (found["source"], found["events"], found["protocols"]) == ("shop-web", 3, {"segment": 3})
    assert found["perMinute"] > 0
    bought, seen = found["names"]
    assert (bought["name"], bought["events"], bought["lastSeen"]) == ("bought", 2, found["lastSeen"])
    assert bought["properties"] == [
        {"path": "properties.price", "events": 2, "types": {"number": 1, "text": 1}, "examples": [129, "129.00"]}
    ]
    assert seen["properties"][0]["examples"] == ["redacted"]


async def test_what_is_inspected_is_bounded_by_number_and_time(watched: Running, http: aiohttp.ClientSession) -> None:
    for number in range(3):
        await send(http, watched, *({"event": f"e{number}"} for _ in range(10)))

    async def events(*arguments: str) -> int:
        (found,) = [json.loads(line) for line in (await inspected(watched, "--json", *arguments)).splitlines()]
        return int(found["events"])

    assert await events() == await events("--since", "1h") == 30
    assert await events("--last", "40") == 10
    assert await inspected(watched, "--since", "0s", "--json") == b""
    await inspected(watched, "server", code=1)
    await inspected(watched, "--since", "soon", code=2)
    assert b"e0" in await inspected(watched)

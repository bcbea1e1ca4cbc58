from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import aiohttp
import pytest

from schemas.errors import Misconfigured
from stream.runtime.catalogue import process
from stream.runtime.health import HealthServer
from stream.runtime.metrics import Metric, Metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SEEN = Metric("ebbtide_test_seen_total", "counter", "Seen.")


class Parts:
    """What the checks of a test look at."""

    def __init__(self) -> None:
        self.broker: str | None = None
        self.store: str | None = None

    def ask_broker(self) -> str | None:
        return self.broker

    def ask_store(self) -> str | None:
        if self.store == "raise":
            raise RuntimeError("hush")
        return self.store


@pytest.fixture
def parts() -> Parts:
    return Parts()


@pytest.fixture
async def url(parts: Parts) -> AsyncIterator[str]:
    metrics = Metrics(process.CATALOGUE, [SEEN])
    metrics.counter(SEEN).inc(5)
    server = HealthServer(metrics, {"broker": parts.ask_broker, "store": parts.ask_store}, "127.0.0.1", 0)
    port = await server.start()
    yield f"http://127.0.0.1:{port}"
    await server.stop()


async def get(url: str) -> tuple[int, str, str]:
    async with aiohttp.ClientSession() as client, client.get(url, timeout=aiohttp.ClientTimeout(10)) as answer:
        return answer.status, answer.headers["Content-Type"], await answer.text()


async def test_metrics_are_served_in_the_text_format(url: str) -> None:
    status, kind, text = await get(f"{url}/metrics")
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert "\nebbtide_test_seen_total 5.0\n" in text
    assert "ebbtide_build_info{version=" in text


async def test_a_process_whose_parts_all_answer_is_ready(url: str) -> None:
    assert await get(f"{url}/readyz") == (200, "application/json", '{"ready":true,"failing":{}}')


async def test_readiness_names_what_fails_and_comes_back(url: str, parts: Parts) -> None:
    parts.broker = "no answer for 5 s"
    status, _, text = await get(f"{url}/readyz")
    assert (status, text) == (503, '{"ready":false,"failing":{"broker":"no answer for 5 s"}}')
    parts.broker = None
    assert (await get(f"{url}/readyz"))[0] == 200


async def test_a_check_that_raises_is_a_check_that_fails_and_tells_no_more(url: str, parts: Parts) -> None:
    parts.store = "raise"
    status, _, text = await get(f"{url}/readyz")
    assert (status, text) == (503, '{"ready":false,"failing":{"store":"the check raised RuntimeError"}}')


async def test_a_process_is_alive_though_its_parts_are_away(url: str, parts: Parts) -> None:
    parts.broker, parts.store = "away", "raise"
    status, _, text = await get(f"{url}/healthz")
    assert (status, text) == (200, "alive\n")


@pytest.mark.parametrize("path", ["/", "/metrics/", "/debug", "/readyz/../etc"])
async def test_nothing_else_is_served(url: str, path: str) -> None:
    assert (await get(url + path))[0] == 404


async def test_a_port_that_is_taken_is_named() -> None:
    first = HealthServer(Metrics(), {}, "127.0.0.1", 0)
    port = await first.start()
    try:
        with pytest.raises(Misconfigured, match=re.escape(f"127.0.0.1:{port}")):
            await HealthServer(Metrics(), {}, "127.0.0.1", port).start()
    finally:
        await first.stop()


async def test_after_stop_the_port_is_closed_and_no_task_is_left() -> None:
    server = HealthServer(Metrics(process.CATALOGUE), {}, "127.0.0.1", 0)
    port = await server.start()
    await server.stop()
    await server.stop()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    assert [task.get_name() for task in asyncio.all_tasks() if task.get_name() == "watch-process"] == []


async def test_a_server_that_never_started_can_be_stopped() -> None:
    await HealthServer(Metrics(), {}, "127.0.0.1", 0).stop()

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from schemas.definitions.model import Sender
from schemas.errors import Misconfigured
from stream.runtime.clock import SettableClock
from stream.senders.address import AddressGuard, AllowAll
from stream.senders.signing import Signer
from stream.senders.webhook import Deadlines, Outcome, Webhook

BODY = b'{"type": "segment.entered",  "data":{}}'


class Server:
    """Answers as told, and keeps what came."""

    def __init__(self) -> None:
        self.response: dict[str, Any] = {"status": 204}
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.port = 0

    async def post(self, request: web.Request) -> web.Response:
        self.requests.append((dict(request.headers), await request.read()))
        return web.Response(**self.response)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made, app = Server(), web.Application()
    app.router.add_post("/hook", made.post)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.port = runner.addresses[0][1]
    yield made
    await runner.cleanup()


@asynccontextmanager
async def webhook(url: str, guard: AddressGuard | None = None) -> AsyncIterator[Webhook]:
    sender = Sender("shop", url, "SHOP_SECRET")
    async with Webhook(sender, Signer((b"k" * 32,)), Deadlines(5, 2), SettableClock(1_764_000_000_999), guard or AllowAll()) as made:
        yield made


async def outcome(server: Server, **response: Any) -> Outcome:
    server.response = response
    async with webhook(f"http://127.0.0.1:{server.port}/hook") as made:
        return await made.attempt("tr_1", BODY)


async def test_the_body_is_sent_as_it_is_with_the_time_of_the_attempt(server: Server) -> None:
    await outcome(server, status=200)

    ((headers, body),) = server.requests
    assert body == BODY
    assert headers["webhook-id"] == "tr_1"
    assert headers["webhook-timestamp"] == "1764000000"
    assert headers["webhook-signature"].startswith("v1,")
    assert headers["Content-Type"] == "application/json"
    assert headers["User-Agent"].startswith("Ebbtide/")


@pytest.mark.parametrize(
    ("status", "label", "receiver_down"),
    [
        (200, "delivered", False),
        (299, "delivered", False),
        (300, "redirected", True),
        (301, "redirected", True),
        (304, "redirected", True),
        (307, "redirected", True),
        (400, "rejected", False),
        (404, "rejected", False),
        (410, "gone", False),
        (429, "throttled", True),
        (500, "failed", True),
        (599, "failed", True),
    ],
)
async def test_the_status_decides(server: Server, status: int, label: str, receiver_down: bool) -> None:
    found = await outcome(server, status=status, headers={"Location": "/hook"})

    assert (found.label, found.receiver_down, found.detail) == (label, receiver_down, f"status {status}")
    assert len(server.requests) == 1


async def test_retry_after_is_heard(server: Server) -> None:
    assert (await outcome(server, status=503, headers={"Retry-After": "7"})).retry_after_seconds == 7


async def test_of_the_answer_a_kibibyte_is_kept_and_nothing_of_it_is_in_the_detail(server: Server) -> None:
    found = await outcome(server, status=500, body=b"secret " * 100_000)

    assert found.body == (b"secret " * 200)[:1024]
    assert "secret" not in found.detail


async def test_no_cookie_is_kept_and_no_proxy_of_the_environment_is_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    server.response = {"status": 204, "headers": {"Set-Cookie": "a=b; Path=/"}}
    async with webhook(f"http://127.0.0.1:{server.port}/hook") as made:
        assert [(await made.attempt("tr_1", BODY)).label for _ in range(2)] == ["delivered", "delivered"]
    assert not any("Cookie" in headers for headers, _ in server.requests)


async def test_a_closed_port_and_a_name_that_does_not_exist_are_unreachable() -> None:
    for url in ("http://127.0.0.1:9/", "http://nowhere.invalid/"):
        async with webhook(url) as made:
            found = await made.attempt("tr_1", BODY)
            assert (found.label, found.receiver_down) == ("unreachable", True)


class Refuse:
    """Refuses everything, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Sequence[str]]] = []

    def refusal(self, host: str, addresses: Sequence[str]) -> str | None:
        self.asked.append((host, addresses))
        return "not this one"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_guard_is_asked_before_any_connection_about_names_and_literal_addresses(server: Server, host: str) -> None:
    guard = Refuse()
    async with webhook(f"http://{host}:{server.port}/hook", guard) as made:
        found = await made.attempt("tr_1", BODY)

    assert (found.label, found.detail) == ("refused_address", "not this one")
    assert guard.asked[0][0] == host
    assert "127.0.0.1" in guard.asked[0][1] or "::1" in guard.asked[0][1]
    assert server.requests == []


@pytest.mark.parametrize("url", ["", "ftp://shop.example/", "http://", "shop.example", "http://[::1"])
def test_a_url_that_is_none_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(Misconfigured, match="shop"):
        Webhook(Sender("shop", url, "S"), Signer((b"k" * 32,)), Deadlines(5, 2), SettableClock(), AllowAll())


async def test_an_attempt_can_be_broken_off() -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    async with server, webhook(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/") as made:
        task = asyncio.create_task(made.attempt("tr_1", BODY))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

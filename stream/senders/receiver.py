"""A small receiver of webhooks, for the demo and the tests: verifies every signature with the official library."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Self

import orjson
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

_LONGEST_BODY_BYTES = 1_048_576
_REMEMBERED_IDS = 100_000


@dataclass(frozen=True, slots=True)
class Received:
    """One verified delivery. ``times`` is how often its id has come so far, this time included."""

    id: str
    body: bytes
    transition: dict[str, Any]
    times: int


Answer = Callable[[Received], Awaitable[web.StreamResponse]]
"""Decides what the sender hears; a delivery counts as taken only if the status is 2xx."""


async def accept(received: Received) -> web.StreamResponse:  # noqa: ARG001 - the same for all
    """204 to everything."""
    return web.Response(status=204)


class Receiver:
    """Listens on ``host`` (any free port unless given). ``on_transition`` hears each taken delivery, repeats too."""

    def __init__(
        self,
        secret: str,
        on_transition: Callable[[Received], None] | None = None,
        *,
        answer: Answer = accept,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self._webhook = Webhook(secret)
        self._on_transition = on_transition
        self._answer = answer
        self._host = host
        self.port = port
        self._runner: web.AppRunner | None = None
        self._times: OrderedDict[str, int] = OrderedDict()
        self.good = 0
        self.bad = 0

    @property
    def url(self) -> str:
        """Where to send; known after ``start``."""
        return f"http://{self._host}:{self.port}/"

    def times(self, webhook_id: str) -> int:
        """How often an id was taken (of the newest 100 000)."""
        return self._times.get(webhook_id, 0)

    async def start(self) -> int:
        """Listen; returns the port."""
        app = web.Application(client_max_size=_LONGEST_BODY_BYTES)
        app.router.add_post("/{path:.*}", self._post)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self.port).start()
        self.port = int(self._runner.addresses[0][1])
        return self.port

    async def stop(self) -> None:
        """Close the port; it stays the same for another ``start``."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _post(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        try:
            self._webhook.verify(body, dict(request.headers), json_parse=False)
            transition = orjson.loads(body)
        except (WebhookVerificationError, ValueError):
            self.bad += 1
            return web.Response(status=400, text="bad signature\n")
        webhook_id = request.headers["webhook-id"]
        received = Received(webhook_id, body, transition, self.times(webhook_id) + 1)
        response = await self._answer(received)
        if 200 <= response.status < 300:
            self._take(received)
        return response

    def _take(self, received: Received) -> None:
        self.good += 1
        self._times[received.id] = received.times
        self._times.move_to_end(received.id)
        if len(self._times) > _REMEMBERED_IDS:
            self._times.popitem(last=False)
        if self._on_transition is not None:
            self._on_transition(received)

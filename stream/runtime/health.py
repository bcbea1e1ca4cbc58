"""The operators' port of a process: metrics, liveness, readiness."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import orjson
from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from schemas.errors import Misconfigured
from stream.runtime.process import watch_process

if TYPE_CHECKING:
    from stream.runtime.metrics import Metrics

Check = Callable[[], str | None]
"""Answers at once from what is known: None when good, else why not. It must not call a broker or a store itself."""

_STOP_SECONDS: Final = 1.0
_log: Final = logging.getLogger(__name__)


class HealthServer:
    """Serves ``/metrics``, ``/healthz`` and ``/readyz`` on a port of their own, and keeps the metrics of the process up to date.

    ``/healthz`` says 200 while the event loop turns, whatever broker and store do: a restart mends neither.
    ``/readyz`` says 503 and names the checks that fail.
    """

    def __init__(self, metrics: Metrics, checks: Mapping[str, Check], host: str, port: int) -> None:
        self._metrics = metrics
        self._checks = dict(checks)
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Listen, and return the port (the one found if 0 was asked). Raises ``Misconfigured`` if the address cannot be had."""
        app = web.Application(client_max_size=1024)
        app.add_routes([web.get("/metrics", self._get_metrics), web.get("/healthz", self._get_alive), web.get("/readyz", self._get_ready)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_STOP_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as error:
            await runner.cleanup()
            raise Misconfigured(f"cannot listen on {self._host}:{self._port} for metrics and health: {error.strerror}") from error
        self._runner = runner
        self._watch = asyncio.create_task(watch_process(self._metrics, time.monotonic), name="watch-process")
        return int(runner.addresses[0][1])

    async def stop(self) -> None:
        """Close the port; requests under way get a second. May be called twice."""
        watch, self._watch = self._watch, None
        runner, self._runner = self._runner, None
        if watch is not None:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch
        if runner is not None:
            await runner.cleanup()

    def failing(self) -> dict[str, str]:
        """The checks that fail now, each with its reason; a check that raises fails with the error's kind."""
        reasons = {name: self._ask(name, check) for name, check in self._checks.items()}
        return {name: reason for name, reason in reasons.items() if reason is not None}

    @staticmethod
    def _ask(name: str, check: Check) -> str | None:
        try:
            return check()
        except Exception as error:  # noqa: BLE001  a broken check must show as not ready, with no detail of a person or a secret
            _log.exception("the readiness check %s raised", name)
            return f"the check raised {type(error).__name__}"

    async def _get_metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self._metrics.render(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    async def _get_alive(self, _: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def _get_ready(self, _: web.Request) -> web.Response:
        failing = self.failing()
        body = orjson.dumps({"ready": not failing, "failing": failing})
        return web.Response(body=body, status=503 if failing else 200, content_type="application/json")

"""Whose request is begun next: a source that sends far more than usual waits for its turns, so that the others need not.

All requests share one event loop. Service as they come, those of a source that floods stand before everybody's. So the time that
requests take is charged to their source; one that takes more than a quarter of the processor waits in a line of its own, and the lines
are served by turns, a slice at a time, whoever had least first. Between two slices the loop reads and answers the others, and if there
were any, the lines rest for half as long as they were served. A source that is alone gets all there is.

A request's source is known only when it has been read, which costs as much as the rest. Until then its **flow** is guessed: by what
its connection sent before, by the key or the page's origin in its headers, last by its address.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from stream.runtime.catalogue import collector as catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

    from collectors.http import Request
    from stream.runtime.metrics import Metrics

_SHARE: Final = 0.25
_BURST_SECONDS: Final = 0.02
_DEBT_SECONDS: Final = 0.1
_SLICE_SECONDS: Final = 0.002
_REST: Final = 0.5
_OTHERS_SECONDS: Final = 0.25
_NO_ROOM_SECONDS: Final = 0.005
_FLOWS_MAX: Final = 4_096
_log: Final = logging.getLogger(__name__)


class Flow:
    """What counts together: seconds of the processor that it has left, and its requests that wait."""

    __slots__ = ("at", "credit", "queue")

    def __init__(self, now: float) -> None:
        self.at = now
        self.credit = _BURST_SECONDS
        self.queue: deque[Request] = deque()

    def refill(self, now: float) -> None:
        """Its share of the time that has gone by."""
        self.credit = min(_BURST_SECONDS, self.credit + (now - self.at) * _SHARE)
        self.at = now

    def charge(self, seconds: float) -> None:
        """A request of it took so long."""
        self.credit = max(-_DEBT_SECONDS, self.credit - seconds)


class Service:
    """What becomes of a request: ``handle`` begins it and names its source as its flow, ``late`` refuses one that waited too long,
    ``failed`` answers one that ``handle`` has failed on. ``address``: whom it is from. ``has_room``: whether those who wait may go on
    while there are others (true), or alone.
    """

    __slots__ = ("address", "failed", "handle", "has_room", "late")

    def __init__(
        self,
        handle: Callable[[Request], None],
        late: Callable[[Request], None],
        failed: Callable[[Request], None],
        address: Callable[[Request], str],
        has_room: Callable[[bool], bool],
    ) -> None:
        self.handle = handle
        self.late = late
        self.failed = failed
        self.address = address
        self.has_room = has_room


class Turns:
    """Stands between the connections and the application. As many requests wait as there are connections, each for so long at most."""

    def __init__(self, service: Service, wait_seconds_max: float, metrics: Metrics, now: Callable[[], float] = time.monotonic) -> None:
        self._service = service
        self._wait_seconds_max = wait_seconds_max
        self._now = now
        self._flows: dict[str, Flow] = {}
        self._learned: dict[str, str] = {}
        self._waiting: dict[Flow, None] = {}
        self._count = 0
        self._scheduled = False
        self._direct: Flow | None = None
        self._direct_at = 0.0
        self._gauge = metrics.gauge(catalogue.REQUESTS_WAITING)
        self._served = metrics.counter(catalogue.TURNS, outcome="served")
        self._late = metrics.counter(catalogue.TURNS, outcome="late")

    def take(self, request: Request) -> None:
        """Begin a request now, or put it in the line of its flow."""
        guess = ""
        name = request.flow
        if not name:
            guess = self._guess(request)
            name = self._learned.get(guess, guess)
        now = self._now()
        flow = self._flow(name, now)
        flow.refill(now)
        if flow.queue or flow.credit <= 0:
            request.flow = name
            self._wait(flow, request)
            return
        self._direct, self._direct_at = flow, now
        self._service.handle(request)
        self._charge(flow, name, request, self._now() - now)
        if guess and request.flow and request.flow != name:
            self._learn(guess, request.flow)

    # ── whose it is ──

    def _guess(self, request: Request) -> str:
        headers = request.headers
        said = headers.get(b"authorization") or headers.get(b"origin")
        # No source has an id that begins like this: who names one in a header is not charged to it.
        return "?" + (said.decode("latin-1") if said is not None else self._service.address(request))

    def _learn(self, guess: str, source: str) -> None:
        if len(self._learned) >= _FLOWS_MAX:
            del self._learned[next(iter(self._learned))]
        self._learned[guess] = source

    def _flow(self, name: str, now: float) -> Flow:
        flow = self._flows.get(name)
        if flow is None:
            if len(self._flows) >= _FLOWS_MAX:
                self._flows = {each: flow for each, flow in self._flows.items() if flow.queue}
            flow = self._flows[name] = Flow(now)
        return flow

    def _charge(self, flow: Flow, name: str, request: Request, seconds: float) -> None:
        flow.charge(seconds)
        if request.flow and request.flow != name:
            self._flow(request.flow, self._now()).charge(seconds)

    # ── the lines ──

    def _wait(self, flow: Flow, request: Request) -> None:
        flow.queue.append(request)
        self._waiting[flow] = None
        self._count += 1
        self._gauge.set(self._count)
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._serve)

    def _serve(self) -> None:
        self._scheduled = False
        began = now = self._now()
        for flow in self._waiting:
            flow.refill(now)
        beside_others = now - self._direct_at < _OTHERS_SECONDS and self._direct not in self._waiting
        room = True
        served = 0
        while self._waiting and now - began < _SLICE_SECONDS:
            room = self._service.has_room(beside_others)
            if not room and not self._is_late(next(iter(self._waiting)), now):
                break
            now = self._serve_one(now, room=room)
            served += 1
        self._served.inc(served)
        self._gauge.set(self._count)
        if self._waiting:
            self._scheduled = True
            loop = asyncio.get_running_loop()
            if not room:
                loop.call_later(_NO_ROOM_SECONDS, self._serve)
            elif beside_others:
                loop.call_later((now - began) * _REST, self._serve)
            else:
                loop.call_soon(self._serve)

    def _is_late(self, flow: Flow, now: float) -> bool:
        return now - flow.queue[0].started > self._wait_seconds_max

    def _serve_one(self, now: float, *, room: bool) -> float:
        # Of equals the first in the table, where one that was served goes to the end.
        flow = max(self._waiting, key=_credit_of) if room else next(iter(self._waiting))
        late = self._is_late(flow, now)
        request = flow.queue.popleft()
        self._count -= 1
        del self._waiting[flow]
        if flow.queue:
            self._waiting[flow] = None
        try:
            if late:
                self._late.inc()
                self._service.late(request)
            else:
                self._service.handle(request)
        except Exception:  # noqa: BLE001 - one request that fails must not end the others' turns
            _log.exception("a request to %r failed", request.path[:100])
            self._service.failed(request)
        after = self._now()
        flow.charge(after - now)
        return after


def _credit_of(flow: Flow) -> float:
    return flow.credit

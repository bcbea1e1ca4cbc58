"""What arrives, as it arrives, for those who hold the admin token: server-sent events on ``/debug/events``."""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

import orjson

from collectors.debugging.watcher import Wanted, Watcher
from schemas import rejection
from schemas.event import NAME_OF_TYPE
from stream.runtime.catalogue import collector as catalogue

if TYPE_CHECKING:
    from collectors.http import Request
    from collectors.protocols.port import Parsed
    from schemas.rejection import Reason
    from stream.runtime.metrics import Metrics

PATH: Final = b"/debug/events"
HEAD: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-store\r\n"
    b"x-accel-buffering: no\r\nconnection: close\r\n"
)
_WELCOME: Final = b": watching\n\n"
_SHOWN_BYTES: Final = 2_000
_BEAT_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True)
class DebugLimits:
    """Who may watch, how many at once, and how many bytes wait for one who reads slowly. Without a token nobody may."""

    token: bytes | None = None
    streams: int = 8
    queue_bytes: int = 1_048_576


class Debugging:
    """All who watch. ``is_watched`` is all that an event costs while nobody does."""

    def __init__(self, limits: DebugLimits, metrics: Metrics) -> None:
        self.is_watched = False
        self._limits = limits
        self._watchers: list[Watcher] = []
        self._gauge = metrics.gauge(catalogue.DEBUG_CONNECTIONS)
        self._lost = metrics.counter(catalogue.DEBUG_LOST)

    def open(self, request: Request) -> Reason | None:
        """Begin a stream, or tell why not: not-found where no token is set, as if there were no such path."""
        if self._limits.token is None:
            return rejection.NOT_FOUND
        if not _is_right(request.headers.get(b"authorization", b""), self._limits.token):
            return rejection.WRONG_ADMIN_TOKEN
        if request.method != b"GET":
            return rejection.METHOD_NOT_ALLOWED
        if len(self._watchers) >= self._limits.streams or request.open_stream is None:
            return rejection.OVERLOADED
        watcher = Watcher(_wanted(request.query), self._limits.queue_bytes, self._lost.inc, self._end)
        outlet = request.open_stream(request, HEAD, watcher)
        watcher.begin(outlet)
        outlet.write(_WELCOME)
        self._watchers.append(watcher)
        self._changed()
        return None

    def accepted(self, parsed: Parsed) -> None:
        """Show the events that a request brought."""
        for _, value in parsed.events:
            event = orjson.loads(value)
            self._show(str(event.get("source", "")), _name(event), b"event: event\ndata: %s\n\n" % value)

    def refused(self, source: str, reason: Reason, detail: str, original: bytes) -> None:
        """Show what was refused, with why, and the first bytes of it."""
        told = {"source": source, "reason": reason.code, "detail": _text(detail.encode(errors="replace"))}
        data = orjson.dumps({**told, "original": _text(original[:_SHOWN_BYTES])})
        self._show(source, "", b"event: refused\ndata: %s\n\n" % data)

    async def run(self) -> None:
        """Let all hear a heartbeat, until cancelled."""
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            self.beat()

    def beat(self) -> None:
        """Let all hear that the stream is there, or find out that they are not."""
        for watcher in list(self._watchers):
            watcher.beat()

    def _show(self, source: str, name: str, frame: bytes) -> None:
        for watcher in self._watchers:
            if watcher.wanted.holds(source, name):
                watcher.offer(frame)

    def _end(self, watcher: Watcher) -> None:
        self._watchers.remove(watcher)
        self._changed()

    def _changed(self) -> None:
        self.is_watched = bool(self._watchers)
        self._gauge.set(len(self._watchers))


def _is_right(header: bytes, token: bytes) -> bool:
    """Whether a header holds the token: in a time that tells nothing of how much of it was right."""
    scheme, _, given = header.partition(b" ")
    # Of texts of unlike length the comparison would tell the length: hashes are all alike.
    right = hmac.compare_digest(sha256(given.strip()).digest(), sha256(token).digest())
    return right and scheme.lower() == b"bearer"


def _wanted(query: bytes) -> Wanted:
    said = parse_qs(query.decode(errors="replace"), max_num_fields=16) if query.count(b"&") < 16 else {}
    return Wanted(said.get("source", [""])[0], said.get("name", [""])[0])


def _name(event: dict[str, Any]) -> str:
    kind = event.get("type")
    return str(event.get("event")) if kind == "track" else NAME_OF_TYPE.get(str(kind), "")


def _text(data: bytes) -> str:
    return data.decode(errors="replace")

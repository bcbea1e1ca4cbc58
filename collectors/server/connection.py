"""One HTTP/1.1 connection: reads requests whole, within deadlines and caps, and sends their answers in order.

Why no ASGI server: uvicorn has a deadline for idle keep-alive connections only, so a client that sends half a header holds
its place for ever; and its task, scope and message channel per request cost more than all of our own work on an event
(see ``benchmarks/collector.py``). Here a request is a call and its answer another, with no task between them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, cast

import httptools

from collectors.http import Answer, Request, error_answer
from collectors.server.stream import Stream
from schemas import rejection

if TYPE_CHECKING:
    from collectors.http import Listener
    from collectors.server.hub import Hub
    from schemas.rejection import Reason

_PIPELINED_MAX: Final = 16
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_CLOSE: Final = b"connection: close\r\n"
_log: Final = logging.getLogger(__name__)


class Phase(IntEnum):
    """What the connection waits for from its client."""

    RESTING = 0
    HEAD = 1
    BODY = 2
    LINGERING = 3


class Connection(asyncio.Protocol):
    """The parser's callbacks and the queue of requests that wait for their answer, first in, first out."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.phase = Phase.HEAD
        self.deadline = hub.now() + hub.limits.header_deadline_seconds
        self.blocked_since: float | None = None
        self.queue: deque[Request] = deque()
        self._transport: asyncio.Transport = cast("Any", None)
        self._parser: Any = httptools.HttpRequestParser(self)
        self._peer = ""
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._head_bytes = 0
        self._unfinished_bytes = 0
        self._last_words = b""
        self._parts: list[bytes] = []
        self._body_bytes = 0
        self._busy = False
        self._pumping = False
        self._refused = False
        self._upgrading = False
        self._paused = False
        self._keep_alive = True
        self._stream: Stream | None = None
        self._flow = ""

    # ── the transport's callbacks ──

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or refuse it when there are too many."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self._peer = str(peer[0]) if isinstance(peer, tuple) else ""
        if not self.hub.admit(self):
            # No lingering here: it would hold the very place that is missing.
            self._end_reading(rejection.OVERLOADED, "too many connections")
            self._transport.write(self._last_words)
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Give back what the connection held; requests under way go on, their answers go nowhere."""
        self.hub.forget(self)
        self._release(self._body_bytes)
        self._parts = []
        self._body_bytes = 0
        for request in list(self.queue)[1 if self._busy else 0 :]:
            self._release(request.size)
        self._refused = True
        self._parser = None
        if self._stream is not None:
            self._stream.end()

    def data_received(self, data: bytes) -> None:
        """Parse what came; a refused client's rest is thrown away."""
        if self._refused:
            return
        if self.phase is Phase.RESTING:
            if data == b"\r\n":
                return
            self.phase = Phase.HEAD
            self.deadline = self.hub.now() + self.hub.limits.header_deadline_seconds
        try:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                self._go_on_without_upgrade(data[upgrade.args[0] :])
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if not self._refused:
                self.refuse(rejection.BAD_REQUEST)
            return
        if self.phase is Phase.HEAD:
            # A header without an end never reaches on_header: count the bytes as they come.
            self._unfinished_bytes += len(data)
            if self._unfinished_bytes > self.hub.limits.max_header_bytes and not self._refused:
                self.refuse(rejection.HEADERS_TOO_LARGE)

    def eof_received(self) -> bool:
        """A client that has closed its side may still read the answers it is owed."""
        if self.queue and self.phase is Phase.RESTING:
            self._keep_alive = False
            return True
        return False

    def pause_writing(self) -> None:
        """The client does not read its answers: no new request of it is begun."""
        self.blocked_since = self.hub.now()
        if self._stream is not None:
            self._stream.is_blocked = True

    def resume_writing(self) -> None:
        """The client reads again."""
        self.blocked_since = None
        if self._stream is not None:
            self._stream.resume()
        self._pump()

    # ── the parser's callbacks ──

    def on_message_begin(self) -> None:
        """A new request begins."""
        self._url = b""
        self._headers = {}
        self._head_bytes = 0
        self._unfinished_bytes = 0
        self.phase = Phase.HEAD

    def on_url(self, url: bytes) -> None:
        """A piece of the request's target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._head_bytes += len(name) + len(value) + 4
        self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """Refuse by the headers alone what is too large; else wait for the body."""
        self._upgrading = self._parser.should_upgrade()
        if self._refused or self._upgrading:
            return
        limits = self.hub.limits
        if self._head_bytes + len(self._url) > limits.max_header_bytes:
            self.refuse(rejection.HEADERS_TOO_LARGE)
            return
        length = self._headers.get(b"content-length")
        if length is not None and int(length) > limits.max_body_bytes:
            self.refuse(rejection.BODY_TOO_LARGE, f"Content-Length is over {limits.max_body_bytes} bytes")
            return
        self.phase = Phase.BODY
        if length != b"0":
            self.deadline = self.hub.now() + limits.body_deadline_seconds
        if b"expect" in self._headers and self._headers[b"expect"].lower() == b"100-continue" and not self.queue:
            self._transport.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        """A piece of the body, counted before it is kept."""
        if self._refused:
            return
        self._body_bytes += len(body)
        self.hub.buffered_bytes += len(body)
        if self._body_bytes > self.hub.limits.max_body_bytes:
            self.refuse(rejection.BODY_TOO_LARGE, f"the body is over {self.hub.limits.max_body_bytes} bytes")
        elif self.hub.buffered_bytes > self.hub.limits.max_buffered_bytes:
            self.refuse(rejection.OVERLOADED, "too many bodies are being read")
        else:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        """The request is whole: queue it, and begin it if none is under way."""
        if self._refused or self._upgrading:
            return
        parser = self._parser
        request = Request(parser.get_method(), self._target(), self._headers, self._peer, self.respond)
        request.flow = self._flow
        parts = self._parts
        if parts:
            request.body = parts[0] if len(parts) == 1 else b"".join(parts)
            request.size = self._body_bytes
            self._parts = []
            self._body_bytes = 0
        request.open_stream = self.open_stream
        request.keep_alive = parser.should_keep_alive()
        request.started = self.hub.now()
        self.phase = Phase.RESTING
        self.deadline = request.started + self.hub.limits.keep_alive_seconds
        self.queue.append(request)
        if len(self.queue) > _PIPELINED_MAX and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._pump()

    # ── answers ──

    def respond(self, request: Request, answer: Answer, extra: bytes = b"") -> None:
        """Send the answer to the request under way, then begin the next one."""
        self._release(request.size)
        self._flow = request.flow
        if not self.queue or self.queue[0] is not request:
            return
        self.queue.popleft()
        self._busy = False
        if self._transport.is_closing():
            return
        last = self.hub.draining or not (request.keep_alive and self._keep_alive)
        body = b"" if request.method == b"HEAD" else answer.body
        self._transport.write(b"".join((answer.head, self.hub.date_line, extra, _CLOSE if last else b"", b"\r\n", body)))
        if self._last_words and not last and not self.queue:
            self._say_last_words()
        elif last:
            self._refused = True
            self._transport.close()
        else:
            self._go_on()

    def open_stream(self, request: Request, head: bytes, listener: Listener) -> Stream:
        """Answer the request under way with a body that ends with the connection: no further request of it is begun."""
        self._release(request.size)
        self._transport.write(b"".join((head, self.hub.date_line, b"\r\n")))
        self._stream = Stream(self._transport, listener)
        self._stream.is_blocked = self.blocked_since is not None
        return self._stream

    def _go_on(self) -> None:
        if self._paused and len(self.queue) < _PIPELINED_MAX // 2:
            self._paused = False
            self._transport.resume_reading()
        if self.queue:
            self._pump()
        elif self.phase is Phase.RESTING:
            self.deadline = self.hub.now() + self.hub.limits.keep_alive_seconds

    def refuse(self, reason: Reason, detail: str = "") -> None:
        """Answer what cannot be read on, then read and discard for a while: closing at once would reset the client before it reads."""
        self._end_reading(reason, detail)
        if not self.queue:
            self._say_last_words()

    # ── called by the hub ──

    def expire(self, now: float) -> None:
        """Judge the deadlines; called a few times a second."""
        limits = self.hub.limits
        patience = limits.body_deadline_seconds if self._stream is None else limits.keep_alive_seconds
        if self.blocked_since is not None and now - self.blocked_since > patience:
            self._transport.abort()
        elif now < self.deadline or self._busy:
            return
        elif self.phase is Phase.LINGERING:
            self._transport.abort()
        elif self.phase is Phase.RESTING or (self.phase is Phase.HEAD and not self._unfinished_bytes):
            self._transport.close()
        else:
            self.refuse(rejection.BODY_TIMEOUT)

    def drain(self) -> None:
        """Close a connection that rests, or whose answer has no end; another one that is busy closes after its answer."""
        if self._stream is not None or (not self.queue and self.phase is Phase.RESTING):
            self._transport.close()

    def abort(self) -> None:
        """Close now, whatever is under way."""
        self._transport.abort()

    def _end_reading(self, reason: Reason, detail: str) -> None:
        self.hub.count_refusal(reason)
        self._refused = True
        self._release(self._body_bytes)
        self._parts = []
        self._body_bytes = 0
        answer = error_answer(reason, detail, self.hub.retry_after if reason.status == 503 else ())
        self._last_words = b"".join((answer.head, self.hub.date_line, _CLOSE, b"\r\n", answer.body))

    def _say_last_words(self) -> None:
        self._transport.write(self._last_words)
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self.phase = Phase.LINGERING
        self.deadline = self.hub.now() + self.hub.limits.linger_close_seconds

    def _pump(self) -> None:
        if self._pumping:
            return
        self._pumping = True
        try:
            while self.queue and not self._busy and self.blocked_since is None:
                self._busy = True
                self._begin(self.queue[0])
        finally:
            self._pumping = False

    def _begin(self, request: Request) -> None:
        try:
            self.hub.handle(request)
        except Exception:  # noqa: BLE001 - one request that fails must not end the connection's other requests
            _log.exception("a request to %r failed", request.path[:100])
            self.hub.count_refusal(rejection.INTERNAL_ERROR)
            if self.queue and self.queue[0] is request:
                self.respond(request, error_answer(rejection.INTERNAL_ERROR))

    def _go_on_without_upgrade(self, rest: bytes) -> None:
        """Java's client asks on its first POST for HTTP/2, and the parser takes the body for the other protocol: read it as ours."""
        method = self._parser.get_method()
        self._parser = httptools.HttpRequestParser(self)
        wanted = ((name, value) for name, value in self._headers.items() if name not in {b"upgrade", b"connection", b"http2-settings"})
        head = b"".join(b"%s: %s\r\n" % header for header in wanted)
        self._parser.feed_data(b"%s %s HTTP/1.1\r\n%s\r\n%s" % (method, self._url, head, rest))

    def _target(self) -> bytes:
        url = self._url
        if url.startswith(b"/"):
            return url
        parsed = httptools.parse_url(url)
        target: bytes = (parsed.path or b"/") + (b"?" + parsed.query if parsed.query else b"")
        return target

    def _release(self, size: int) -> None:
        self.hub.buffered_bytes -= size

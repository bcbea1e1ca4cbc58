"""Requests and answers as the collector sees them: plain values, whatever server carries them."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol

import orjson

if TYPE_CHECKING:
    from schemas.rejection import Reason

JSON: Final = b"application/json"
_PHRASES: Final = {status.value: status.phrase.encode() for status in HTTPStatus}


class Answer:
    """A status, a body and fixed headers, rendered once so that the hot path only joins bytes.

    ``head`` lacks the empty line at its end: date, CORS and connection headers are added as it is sent.
    """

    __slots__ = ("body", "head", "status")

    def __init__(self, status: int, body: bytes = b"", content_type: bytes = JSON, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        lines = [b"HTTP/1.1 %d %s\r\n" % (status, _PHRASES.get(status, b""))]
        if status != 204:
            lines.append(b"content-type: %s\r\ncontent-length: %d\r\n" % (content_type, len(body)))
        lines.extend(b"%s: %s\r\n" % header for header in headers)
        self.status = status
        self.body = body
        self.head = b"".join(lines)


def error_answer(reason: Reason, detail: str = "", headers: tuple[tuple[bytes, bytes], ...] = ()) -> Answer:
    """``{"error": {"reason": …, "detail": …}}`` with the reason's own status; the catalogue's text if there is no detail."""
    body = orjson.dumps({"error": {"reason": reason.code, "detail": safe_text(detail) or reason.help}})
    return Answer(reason.status, body, headers=headers)


def safe_text(text: str) -> str:
    """The text without lone surrogates, which no encoder takes."""
    return text.encode(errors="replace").decode()


class Respond(Protocol):
    """Sends the one answer to a request. ``extra`` are whole header lines, each with its line end."""

    def __call__(self, request: Request, answer: Answer, extra: bytes = b"") -> None:
        """Answer this request."""


class Listener(Protocol):
    """Who writes to a stream hears of it: that the other side reads again, and that it has gone."""

    def resumed(self) -> None:
        """There is room again."""

    def ended(self) -> None:
        """The stream is over."""


class Outlet(Protocol):
    """Where a stream is written to. ``is_blocked``: the other side does not read; what is written all the same is held in memory."""

    @property
    def is_blocked(self) -> bool:
        """Whether to wait for ``resumed``."""
        ...

    def write(self, data: bytes) -> None:
        """Send it after all before it."""


class OpenStream(Protocol):
    """Answers a request with a body that has no end. ``head``: its status line and headers, each with its line end."""

    def __call__(self, request: Request, head: bytes, listener: Listener) -> Outlet:
        """Answer this request."""


class Request:
    """One request, read whole. Header names are in lower case; of a repeated header the last value counts.

    ``flow``: the source, as far as it is known.
    """

    __slots__ = ("body", "flow", "headers", "keep_alive", "method", "open_stream", "path", "peer", "query", "respond", "size", "started")

    def __init__(self, method: bytes, url: bytes, headers: dict[bytes, bytes], peer: str, respond: Respond) -> None:
        path, _, query = url.partition(b"?")
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.peer = peer
        self.respond = respond
        self.open_stream: OpenStream | None = None
        self.body = b""
        self.flow = ""
        self.size = 0
        self.keep_alive = True
        self.started = 0.0

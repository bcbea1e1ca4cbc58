"""Cross-origin rules: the browser's questions, and the header lines that let a page read an answer.

The Origin is echoed, never ``*``: some trackers send credentials, and a browser refuses ``*`` for those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from collectors.http import Answer
from collectors.sources import SourceTable, allows
from schemas import rejection
from schemas.errors import Rejected

if TYPE_CHECKING:
    from collectors.http import Request
    from schemas.definitions.model import Source

_HEADERS: Final = (
    b"content-type, authorization, x-retry-count, anonymousid, sentat, sp-anonymous, x-umami-cache, x-umami-website-id,"
    b" x-umami-hostname, x-compress-codec, x-strict-mode, cross-origin-resource-policy"
)
_SHARED: Final = (
    b"access-control-allow-credentials: true\r\naccess-control-expose-headers: Retry-After, X-RateLimit-Reset\r\nvary: Origin\r\n"
)
_PREFLIGHT: Final = (
    b"access-control-allow-methods: GET, HEAD, POST, OPTIONS\r\naccess-control-allow-headers: %s\r\naccess-control-max-age: 7200\r\n"
) % _HEADERS
_VARY: Final = b"vary: Origin\r\n"
_ORIGIN_BYTES_MAX: Final = 512
NO_CONTENT: Final = Answer(204)


def preflight_lines(request: Request, table: SourceTable) -> bytes:
    """The header lines of the answer to OPTIONS. The answer itself is always 204: a page on an unknown origin finds no permission in it."""
    origin = _origin(request)
    if origin is None or not table.some_allows(origin):
        return _VARY
    return _echo(origin) + _PREFLIGHT


def lines_for(request: Request, source: Source | None, table: SourceTable) -> bytes:
    """The header lines of an answer; before the source is known, any source's origin may read what is wrong."""
    if b"origin" not in request.headers:
        return b""
    origin = _origin(request)
    if origin is None:
        return _VARY
    allowed = allows(source, origin) if source is not None else table.some_allows(origin)
    return _echo(origin) if allowed else _VARY


def check_origin(request: Request, source: Source) -> None:
    """Raises ``Rejected``: origin-not-allowed, when a browser says that the page is on none of the source's origins."""
    if b"origin" not in request.headers:
        return
    origin = _origin(request)
    if origin is None or not allows(source, origin):
        raise Rejected(rejection.ORIGIN_NOT_ALLOWED)


def _origin(request: Request) -> str | None:
    raw = request.headers.get(b"origin")
    if raw is None or len(raw) > _ORIGIN_BYTES_MAX or not raw.isascii():
        return None
    return raw.decode("ascii")


def _echo(origin: str) -> bytes:
    return b"access-control-allow-origin: %s\r\n%s" % (origin.encode(), _SHARED)

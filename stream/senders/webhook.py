"""One attempt: a signed POST, with deadlines, without redirects, proxies or cookies."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import aiohttp
from yarl import URL

from schemas.errors import Misconfigured
from stream import VERSION
from stream.senders.address import AddressGuard, GuardedResolver, RefusedAddressError, check_literal
from stream.senders.schedule import retry_after_seconds

if TYPE_CHECKING:
    from types import TracebackType

    from schemas.definitions.model import Sender
    from stream.runtime.clock import Clock
    from stream.senders.signing import Signer

_READ_BYTES = 65_536
_KEPT_BYTES = 1_024
_BODY_SECONDS = 2.0
_HEADER_BYTES = 16_384
# Below the five seconds after which most servers close an idle connection: a POST into a closing one is a failed attempt.
_KEEP_ALIVE_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended. ``label`` is the metric's; ``detail`` holds nothing that the receiver wrote but its status.

    ``receiver_down`` tells failures of the receiver as a whole from the refusal of one transition.
    ``body`` is the start of the answer, at most 1 KiB.
    """

    label: str
    detail: str
    receiver_down: bool = False
    retry_after_seconds: float | None = None
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds for a whole attempt, and within it for look-up, connection and TLS."""

    attempt_seconds: float
    connect_seconds: float


class Webhook:
    """The receiver of one sender; Misconfigured if its URL is none. Use it as an async context manager."""

    def __init__(self, sender: Sender, signer: Signer, deadlines: Deadlines, clock: Clock, guard: AddressGuard) -> None:
        self._url = _url(sender)
        self._signer = signer
        self._deadlines = deadlines
        self._clock = clock
        self._guard = guard
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, keepalive_timeout=_KEEP_ALIVE_SECONDS, resolver=GuardedResolver(self._guard), use_dns_cache=False
            ),
            timeout=aiohttp.ClientTimeout(total=None, connect=self._deadlines.connect_seconds, ceil_threshold=1e9),
            headers={"Content-Type": "application/json", "User-Agent": f"Ebbtide/{VERSION}", "Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            max_line_size=_HEADER_BYTES,
            max_field_size=_HEADER_BYTES,
        )
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._session is not None:
            await self._session.close()

    async def attempt(self, webhook_id: str, body: bytes) -> Outcome:
        """POST ``body``, unchanged; never raises but on cancellation, and ends at its deadline."""
        try:
            async with asyncio.timeout(self._deadlines.attempt_seconds):
                return await self._post(webhook_id, body)
        except TimeoutError:
            return Outcome("timeout", "no whole answer before the deadline", receiver_down=True)
        except RefusedAddressError as error:
            return Outcome("refused_address", str(error))
        except (aiohttp.ClientResponseError, aiohttp.ClientPayloadError, aiohttp.InvalidURL) as error:
            return Outcome("garbage", type(error).__name__, receiver_down=True)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Outcome("unreachable", type(error).__name__, receiver_down=True)

    async def _post(self, webhook_id: str, body: bytes) -> Outcome:
        assert self._session is not None, "used outside its context"
        headers = self._signer.headers(webhook_id, self._clock.now_ms() // 1000, body)
        check_literal(self._guard, self._url.host or "")
        async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as response:
            kept = await _start_of_body(response)
            return _judge(response.status, response.headers.get("Retry-After"), self._clock.now_ms() / 1000, kept)


def _url(sender: Sender) -> URL:
    try:
        url = URL(sender.url)
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise Misconfigured(f"sender {sender.id}: its url is not one of http or https")
    return url


async def _start_of_body(response: aiohttp.ClientResponse) -> bytes:
    kept = b""
    read = 0
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            while read < _READ_BYTES:
                chunk = await response.content.read(_READ_BYTES - read)
                if not chunk:
                    return kept
                read += len(chunk)
                kept = (kept + chunk)[:_KEPT_BYTES]
    except (aiohttp.ClientError, TimeoutError):
        pass  # the status has come; what becomes of the rest of the answer changes nothing
    response.close()
    return kept


def _judge(status: int, retry_after: str | None, now_seconds: float, body: bytes) -> Outcome:
    detail = f"status {status}"
    hold = retry_after_seconds(retry_after, now_seconds)
    if 200 <= status < 300:
        return Outcome("delivered", detail, body=body)
    if status == 410:
        return Outcome("gone", detail, body=body)
    if status == 429:
        return Outcome("throttled", detail, receiver_down=True, retry_after_seconds=hold, body=body)
    if status >= 500:
        return Outcome("failed", detail, receiver_down=True, retry_after_seconds=hold, body=body)
    if status >= 400:
        return Outcome("rejected", detail, retry_after_seconds=hold, body=body)
    return Outcome("redirected", detail, receiver_down=True, retry_after_seconds=hold, body=body)

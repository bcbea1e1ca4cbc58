"""Asks the protocols as a client would, without a server or a broker: what is answered, and what would be written."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from collectors.body import Limits
from collectors.http import Answer, Request
from collectors.keyring import Keyring
from collectors.protocols.port import Parsed, Refused, Submission
from collectors.protocols.registry import PROTOCOLS
from collectors.server.routing import RouteTable
from collectors.server.telling import Telling
from collectors.sources import StaticSources, WriteKeys
from collectors.visitors import Visitors
from schemas.definitions.model import Source
from schemas.errors import Rejected
from stream.runtime.catalogue import collector as catalogue
from stream.runtime.metrics import Metrics

KEY: Final = "key-of-the-shop"
DOMAIN: Final = "shop.example"
WEBSITE: Final = "b59e9c65-ae32-47f1-8400-119fcf4861c4"
NOW_MS: Final = 1_764_000_000_000
BASIC: Final = {"authorization": "Basic " + b64encode(f"{KEY}:".encode()).decode()}
AGENT: Final = "Mozilla/5.0 (X11) Firefox/140"
ADDRESS: Final = "203.0.113.9"


class DayAsSalt:
    def of(self, day: int) -> bytes:
        return b"%016d" % day


VISITORS: Final = Visitors(DayAsSalt())
SHOP: Final = Source("shop-web", "web", tuple(hashlib.sha256(key.encode()).hexdigest() for key in (KEY, DOMAIN, WEBSITE)), ("*",))
ROUTES: Final = RouteTable(PROTOCOLS, Telling(Metrics(catalogue.CATALOGUE)))


@dataclass
class Told:
    """An answer, and the events and refusals behind it; ``reason`` if the request was refused as a whole."""

    answer: Answer
    events: list[dict[str, Any]] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    reason: str = ""

    @property
    def json(self) -> Any:
        return orjson.loads(self.answer.body)

    @property
    def event(self) -> dict[str, Any]:
        (only,) = self.events
        return only


def ask(url: str, body: object = b"", headers: dict[str, str] | None = None, *, method: str = "", now_ms: int = NOW_MS) -> Told:
    """One request from a browser at a fixed address; a body that is no bytes goes as JSON."""
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    said = {"user-agent": AGENT, "host": "collect.shop.example", **(headers or {})}
    verb = (method or ("POST" if data else "GET")).encode()
    request = Request(verb, url.encode(), {name.lower().encode(): value.encode() for name, value in said.items()}, ADDRESS, _unheard)
    request.body = data
    found = ROUTES.find_for(request)
    assert found is not None, f"nothing answers on {url}"
    route = found[0]
    assert request.method in route.methods
    directory = StaticSources(SHOP)
    keys, keyring = WriteKeys(directory).find, Keyring(directory, {})
    submission = Submission(request, Limits(), keys, now_ms, ADDRESS, visitors=VISITORS, keyring=keyring)
    try:
        parsed: Parsed = route.parse(submission)
    except Rejected as refusal:
        return Told(route.rejected(submission, refusal), reason=refusal.reason.code)
    events = [orjson.loads(value) for _, value in parsed.events]
    return Told(route.accepted(submission, parsed), events, [who for who, _ in parsed.events], parsed.refused)


def _unheard(request: Request, answer: Answer, extra: bytes = b"") -> None:
    raise AssertionError("nobody answers by himself here")

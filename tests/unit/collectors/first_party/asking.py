"""Requests of browsers to a source that knows its visitors again, without a server or a broker."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from collectors.body import Limits
from collectors.first_party.hand_over import Outcome, hand_over_text
from collectors.http import Answer, Request
from collectors.keyring import Keyring
from collectors.protocols.port import Submission
from collectors.protocols.registry import PROTOCOLS
from collectors.server.routing import RouteTable
from collectors.server.telling import Telling
from collectors.sources import StaticSources, WriteKeys
from schemas.definitions.model import FirstParty, Source
from schemas.errors import Rejected
from stream.runtime.catalogue import collector as catalogue
from stream.runtime.metrics import Metrics
from tests.unit.collectors.asking import ADDRESS, AGENT, KEY, NOW_MS, SHOP, VISITORS

SECRET: Final = "a-secret-of-all-our-hosts"
SECRETS: Final = {"VISITORS": SECRET}
RULES: Final = FirstParty(("c.shop.example",), domains=("shop.example",), secret_env="VISITORS")
ROUTES: Final = RouteTable(PROTOCOLS, Telling(Metrics(catalogue.CATALOGUE)))


@dataclass
class Heard:
    answer: Answer
    line: str
    events: list[dict[str, Any]] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    reason: str = ""

    @property
    def json(self) -> Any:
        return orjson.loads(self.answer.body)

    @property
    def cookie(self) -> str:
        """What the browser will send back."""
        found = re.match(r"set-cookie: (ebbtide_id=[^;]*);", self.line)
        return found[1] if found else ""

    @property
    def event(self) -> dict[str, Any]:
        (only,) = self.events
        return only

    @property
    def ids(self) -> tuple[str | None, str | None]:
        return self.event.get("anonymousId"), self.event.get("ids", {}).get("anon")


def browse(
    url: str = "/v1/track",
    body: object = b"",
    *,
    cookie: str = "",
    rules: FirstParty | None = RULES,
    headers: Mapping[str, str] = {},
    now_ms: int = NOW_MS,
    secrets: Mapping[str, str] = SECRETS,
) -> Heard:
    """One request of a page of the shop; a body that is no bytes goes as JSON."""
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    said = {"user-agent": AGENT, "host": "c.shop.example:8443", "origin": "https://shop.example", "cookie": cookie, **headers}
    carried = {name.encode(): value.encode() for name, value in said.items() if value}
    request = Request(b"POST" if data else b"GET", url.encode(), carried, ADDRESS, _unheard)
    request.body = data
    found = ROUTES.find_for(request)
    assert found is not None
    directory = StaticSources(Source("shop-web", "web", SHOP.write_keys, ("https://shop.example",), first_party=rules))
    submission = Submission(
        request, Limits(), WriteKeys(directory).find, now_ms, ADDRESS, visitors=VISITORS, keyring=Keyring(directory, secrets)
    )
    try:
        parsed = found[0].parse(submission)
    except Rejected as refusal:
        return Heard(found[0].rejected(submission, refusal), "", reason=refusal.reason.code)
    answer = found[0].accepted(submission, parsed)
    visit = submission.visit
    line, outcomes = ("", []) if visit is None else (visit.line().decode(), visit.outcomes)
    return Heard(answer, line, [orjson.loads(value) for _, value in parsed.events], [who for who, _ in parsed.events], outcomes)


def viewed(page: str = "https://shop.example/", **ids: object) -> dict[str, Any]:
    return {"writeKey": KEY, "event": "viewed", "messageId": "m-1", "context": {"page": {"url": page}}, **ids}


def handed(visitor: str = "visitor-a-1", *, agent: str = AGENT, now_ms: int = NOW_MS, secret: str = SECRET) -> str:
    return hand_over_text(visitor, agent, now_ms, secret.encode())


def _unheard(request: Request, answer: Answer, extra: bytes = b"") -> None:
    raise AssertionError("nobody answers by himself here")

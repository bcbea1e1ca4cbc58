"""Sends callbacks to the routes without a server or a broker: what is answered, and what would be written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from collectors.body import Limits
from collectors.http import Answer, Request
from collectors.keyring import Keyring
from collectors.protocols.port import Submission
from collectors.protocols.wechat import WECHAT, WECOM
from collectors.sources import StaticSources, WriteKeys
from schemas.definitions.model import Source
from schemas.errors import Rejected
from tests.unit.collectors.wechat.vendor import AES_KEY, TOKEN, Callback, Vendor

NOW_MS: Final = 1_764_000_000_456
SENT_MS: Final = 1_763_999_999_000
SECRETS: Final = {"WX_TOKEN": TOKEN, "WX_KEY": AES_KEY}
BRAND: Final = Source("brand", "official_account", app_id="wx123", token_env="WX_TOKEN", aes_key_env="WX_KEY")
SHOP: Final = Source("shop", "mini_program", app_id="wx456", token_env="WX_TOKEN")
CORP: Final = Source("corp", "wecom", corp_id="ww1", token_env="WX_TOKEN", aes_key_env="WX_KEY")
SOURCES: Final = (BRAND, SHOP, CORP)
ROUTES: Final = {"wechat": WECHAT.routes[0], "wecom": WECOM.routes[0]}
FAMILY: Final = {"wx123": "wechat", "wx456": "wechat", "ww1": "wecom"}


@dataclass
class Told:
    """An answer, and the events behind it; if the request was refused, why, and whether the account was known by then."""

    answer: Answer
    events: list[dict[str, Any]] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    reason: str = ""
    detail: str = ""
    proven: bool = False

    @property
    def event(self) -> dict[str, Any]:
        (only,) = self.events
        return only


def call(
    account: str,
    callback: Callback,
    *,
    family: str = "",
    sources: tuple[Source, ...] = SOURCES,
    secrets: Mapping[str, str] = SECRETS,
    headers: Mapping[bytes, bytes] | None = None,
) -> Told:
    """One callback to the path of an account."""
    family = family or FAMILY[account]
    method = b"POST" if callback.body else b"GET"
    url = f"/{family}/{account}?{callback.query}".encode("latin-1")
    request = Request(method, url, dict(headers or {}), "203.0.113.9", _unheard)
    request.body = callback.body
    directory = StaticSources(*sources)
    keys = WriteKeys(directory).find
    submission = Submission(request, Limits(), keys, NOW_MS, "203.0.113.9", keyring=Keyring(directory, secrets))
    route = ROUTES[family]
    try:
        parsed = route.parse(submission)
    except Rejected as refusal:
        reason, detail = refusal.reason.code, refusal.detail
        return Told(route.rejected(submission, refusal), reason=reason, detail=detail, proven=submission.source is not None)
    events = [orjson.loads(value) for _, value in parsed.events]
    return Told(route.accepted(submission, parsed), events, [who for who, _ in parsed.events], proven=submission.source is not None)


def told(message: str | dict[str, Any], account: str = "wx123") -> list[dict[str, Any]]:
    """The events of one encrypted message."""
    heard = call(account, Vendor(account).sealed(message) if account != "wx456" else Vendor(account).plain(message))
    assert heard.answer.status == 200, heard
    return heard.events


def _unheard(request: Request, answer: Answer, extra: bytes = b"") -> None:
    raise AssertionError("nobody answers by himself here")

"""Handing a visitor over to another host, or from an app to the page that it shows: who it is, until when that holds, and a signature, in
one parameter of the address.

Cookies do not cross hosts, and whoever could make such a parameter could make any browser take any id. It holds for two minutes, and in
the browser that asked for it: an address that is copied and passed on brings nobody else along.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final, Literal

import orjson

from collectors.first_party.cookie import as_visitor
from collectors.links.signing import seal, unseal

if TYPE_CHECKING:
    from collections.abc import Iterable

Outcome = Literal["issued", "taken", "old", "wrong", "elsewhere"]
PARAMETER: Final = "ebbtide_id"
LIVES_MS: Final = 120_000
ANY_AGENT: Final = ""
"""In the place of the user agent: an app that shows a page has one of its own."""

_LABEL: Final = b"ebbtide hand-over\0"
_TEXT_MAX: Final = 1_500


def hand_over_text(visitor: str, agent: str, now_ms: int, key: bytes) -> str:
    """The parameter's value."""
    return seal(_LABEL, orjson.dumps([visitor, now_ms + LIVES_MS, _brief(agent)]), key)


def read_hand_over(text: str, agent: str, now_ms: int, keys: Iterable[bytes]) -> tuple[str, Outcome]:
    """Whom it hands over, if anybody, and what became of it."""
    payload = unseal(_LABEL, text, keys) if len(text) <= _TEXT_MAX else None
    if payload is None:
        return "", "wrong"
    visitor, until_ms, where = orjson.loads(payload)
    if not now_ms < until_ms:
        return "", "old"
    if where not in (ANY_AGENT, _brief(agent)):
        return "", "elsewhere"
    return as_visitor(visitor), "taken"


def _brief(agent: str) -> str:
    return sha256(agent.encode(errors="replace")).hexdigest()[:12] if agent else ANY_AGENT

"""Standard Webhooks signatures: HMAC-SHA256 over ``id.timestamp.body``, one signature for each active secret."""

from __future__ import annotations

import base64
import binascii
import hmac
from hashlib import sha256
from typing import TYPE_CHECKING

from schemas.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIX = "whsec_"
_SHORTEST_BYTES = 24
_LONGEST_BYTES = 64
_WANTED = f"'{_PREFIX}' and base64 of {_SHORTEST_BYTES} to {_LONGEST_BYTES} bytes; two during rotation, with a space between"


class Signer:
    """Signs requests with one or, during a rotation, two secrets (raw bytes, 24 to 64 each)."""

    def __init__(self, secrets: tuple[bytes, ...]) -> None:
        self._secrets = secrets

    def __repr__(self) -> str:
        return f"Signer({len(self._secrets)} secrets)"

    def headers(self, webhook_id: str, timestamp_seconds: int, body: bytes) -> dict[str, str]:
        """The three headers of Standard Webhooks for one attempt."""
        signed = f"{webhook_id}.{timestamp_seconds}.".encode() + body
        signatures = (base64.b64encode(hmac.digest(secret, signed, sha256)).decode() for secret in self._secrets)
        return {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(timestamp_seconds),
            "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
        }


def signer_from(secrets: Mapping[str, str], name: str) -> Signer:
    """The signer for the secret that stands under ``name``; Misconfigured (never with the secret's text) if it is missing or no secret."""
    words = secrets.get(name, "").split()
    if not words:
        raise Misconfigured(f"{name} is not set; expected {_WANTED}")
    if len(words) > 2:
        raise Misconfigured(f"{name} holds {len(words)} secrets; expected {_WANTED}")
    return Signer(tuple(_decoded(name, word) for word in words))


def _decoded(name: str, word: str) -> bytes:
    try:
        secret = base64.b64decode(word.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise Misconfigured(f"{name} is no base64; expected {_WANTED}") from None
    if not word.startswith(_PREFIX) or not _SHORTEST_BYTES <= len(secret) <= _LONGEST_BYTES:
        raise Misconfigured(f"{name} is a secret of {len(secret)} bytes or lacks its prefix; expected {_WANTED}")
    return secret

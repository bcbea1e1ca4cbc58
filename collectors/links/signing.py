"""Links and pixels that only their owner can make: what they say, and a signature of it, in one text. Nothing is kept of them anywhere."""

from __future__ import annotations

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

KEY_BYTES_MIN: Final = 16
SIGNATURE: Final = "sig"
_SIGNATURE_BYTES: Final = 16
_LINK: Final = b"ebbtide link\0"
_PIXEL: Final = b"ebbtide pixel\0"


@dataclass(frozen=True, slots=True)
class Link:
    """A link to ``target``. ``user``: whom it was made for; ``event``: what following it is called, else it is a click."""

    source: str
    target: str
    user: str = ""
    event: str = ""
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A link as it came, with what proves it; ``link`` is anybody's word until ``is_signed``."""

    link: Link
    payload: bytes
    signature: bytes

    def is_signed(self, keys: Iterable[bytes]) -> bool:
        """Whether one of these keys made it."""
        return _fits(self.signature, [_mac(key, _LINK + self.payload) for key in keys])


def link_token(link: Link, key: bytes) -> str:
    """What stands in the address behind ``/l/``."""
    payload = orjson.dumps([link.source, link.target, link.user, link.event, link.properties])
    return seal(_LINK, payload, key)


def read_token(token: str) -> Sealed:
    """A token taken apart. Raises ``ValueError`` for what is none."""
    whole = _bytes(token)
    said = orjson.loads(whole[_SIGNATURE_BYTES:])
    if type(said) is not list or [type(item) for item in said] != [str, str, str, str, dict]:
        raise ValueError("not what a link says")
    return Sealed(Link(*said), whole[_SIGNATURE_BYTES:], whole[:_SIGNATURE_BYTES])


def seal(label: bytes, payload: bytes, key: bytes) -> str:
    """A payload and its signature in one text. ``label`` keeps apart what is signed for different ends with one key."""
    return _text(_mac(key, label + payload) + payload)


def unseal(label: bytes, text: str, keys: Iterable[bytes]) -> bytes | None:
    """The payload, or None if none of these keys made this text."""
    try:
        whole = _bytes(text)
    except ValueError:
        return None
    signature, payload = whole[:_SIGNATURE_BYTES], whole[_SIGNATURE_BYTES:]
    return payload if _fits(signature, [_mac(key, label + payload) for key in keys]) else None


def pixel_signature(fields: Iterable[tuple[str, str]], key: bytes) -> str:
    """The signature of a pixel's fields, in whatever order: mail programs and proxies may write an address anew."""
    return _text(_mac(key, _said(fields)))


def is_pixel_signed(signature: str, fields: Iterable[tuple[str, str]], keys: Iterable[bytes]) -> bool:
    """Whether one of these keys signed these fields."""
    said = _said(fields)
    try:
        return _fits(_bytes(signature), [_mac(key, said) for key in keys])
    except ValueError:
        return False


def _said(fields: Iterable[tuple[str, str]]) -> bytes:
    return _PIXEL + orjson.dumps(sorted(fields))


def _mac(key: bytes, said: bytes) -> bytes:
    return hmac.digest(key, said, "sha256")[:_SIGNATURE_BYTES]


def _fits(signature: bytes, made: list[bytes]) -> bool:
    return any([hmac.compare_digest(signature, each) for each in made])  # noqa: C419 - all are compared: how long it takes tells nothing


def _text(whole: bytes) -> str:
    return urlsafe_b64encode(whole).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    """The bytes of a text that is written in the one way: base64 leaves bits unused, and no other spelling may pass."""
    try:
        whole = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise ValueError("no base64") from None
    if _text(whole) != text:
        raise ValueError("base64 that nobody writes")
    return whole

"""Reading bytes from strangers: gzip with caps, JSON with caps, and nothing that recurses."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any, Final

import orjson

from schemas import rejection
from schemas.errors import Rejected

_GZIP: Final = b"\x1f\x8b"
_GZIP_MEMBERS_MAX: Final = 16
_RATIO_ASKED_FROM_BYTES: Final = 65_536
_WHITESPACE: Final = b" \t\r\n"
_KEY_BYTES_MIN: Final = 4  # ``"":0``


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of what a body may hold; bytes are counted after decompression, levels and keys per event."""

    decompressed_bytes: int = 4_194_304
    decompression_ratio: int = 200
    event_bytes: int = 32_768
    events: int = 1_000
    depth: int = 64
    keys: int = 2_000


def decompressed(body: bytes, limits: Limits) -> bytes:
    """The body itself, or what it unpacks to if it begins like gzip; never inflates more than one byte over the limit.

    Raises ``Rejected``: bad-encoding, body-too-large.
    """
    if not body.startswith(_GZIP):
        return body
    whole = b""
    rest = body
    for _ in range(_GZIP_MEMBERS_MAX):
        inflater = zlib.decompressobj(wbits=31)
        try:
            whole += inflater.decompress(rest, limits.decompressed_bytes + 1 - len(whole))
        except zlib.error as error:
            raise Rejected(rejection.BAD_ENCODING, str(error)) from None
        _check_growth(len(whole), len(body), limits)
        if not inflater.eof:
            raise Rejected(rejection.BAD_ENCODING, "the gzip stream ends too early")
        rest = inflater.unused_data
        if not rest:
            return whole
    raise Rejected(rejection.BAD_ENCODING, f"more than {_GZIP_MEMBERS_MAX} gzip members")


def _check_growth(grown: int, from_bytes: int, limits: Limits) -> None:
    if grown > limits.decompressed_bytes:
        raise Rejected(rejection.BODY_TOO_LARGE, f"it unpacks to more than {limits.decompressed_bytes} bytes")
    if grown > _RATIO_ASKED_FROM_BYTES and grown > from_bytes * limits.decompression_ratio:
        raise Rejected(rejection.BODY_TOO_LARGE, f"it unpacks to more than {limits.decompression_ratio} times its size")


def read_object(text: bytes, limits: Limits) -> dict[str, Any]:
    """One JSON object of an event's size, depth and number of keys.

    Raises ``Rejected``: event-too-large, bad-json, too-deep, too-many-keys, bad-shape.
    """
    if len(text) > limits.event_bytes:
        raise Rejected(rejection.EVENT_TOO_LARGE, f"{len(text)} bytes are more than {limits.event_bytes}")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if "depth limit" in str(error):
            raise Rejected(rejection.TOO_DEEP, f"more than {limits.depth} levels") from None
        raise Rejected(rejection.BAD_JSON, str(error)) from None
    if type(value) is not dict:
        raise Rejected(rejection.BAD_SHAPE, "an event is a JSON object")
    # Brackets and colons in texts count too here, so few of them settle it; only many make us walk. Most texts have no room for so many.
    many_keys = len(text) > limits.keys * _KEY_BYTES_MIN and text.count(b":") > limits.keys
    if many_keys or text.count(b"{") + text.count(b"[") > limits.depth:
        check_tree(value, limits)
    return value


def check_tree(value: object, limits: Limits) -> None:
    """Count levels and keys level by level, so that no nesting can exhaust the stack. Raises ``Rejected``: too-deep, too-many-keys."""
    level: list[Any] = [value]
    keys = 0
    depth = 0
    while level:
        below: list[Any] = []
        containers = False
        for item in level:
            if type(item) is dict:
                containers = True
                keys += len(item)
                below.extend(item.values())
            elif type(item) is list:
                containers = True
                below.extend(item)
        depth += containers
        if depth > limits.depth:
            raise Rejected(rejection.TOO_DEEP, f"more than {limits.depth} levels")
        if keys > limits.keys:
            raise Rejected(rejection.TOO_MANY_KEYS, f"more than {limits.keys} keys")
        level = below


def looks_like_json(body: bytes) -> bool:
    """Whether the first byte that is no whitespace begins an object or a list."""
    return body[:1] in {b"{", b"["} or body.lstrip(_WHITESPACE)[:1] in {b"{", b"["}

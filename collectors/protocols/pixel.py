"""Segment's pixel: an image whose query is an event, for mails and pages without scripts.

``GET /v1/pixel/track?data=<base64 of JSON>``, or dotted keys: ``?writeKey=…&userId=u1&event=opened&properties.mail=spring``.
The answer is always 200 and the image: a broken picture helps nobody. What is refused is counted and dead-lettered.
Values of dotted keys stay text.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl

from collectors.body import check_tree, read_object
from collectors.http import Answer, Request
from collectors.normalise import TYPES, normalise, read_sent_ms
from collectors.protocols.port import READ, Parsed, Route, Submission, WireProtocol
from collectors.protocols.segment import header_key, identified
from schemas import rejection
from schemas.errors import Rejected

NAME: Final = "pixel"
IMAGE: Final = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
GIF: Final = Answer(
    200,
    IMAGE,
    b"image/gif",
    (
        (b"cache-control", b"no-cache, no-store, must-revalidate, private"),
        (b"pragma", b"no-cache"),
        (b"expires", b"0"),
        (b"cross-origin-resource-policy", b"cross-origin"),
        (b"timing-allow-origin", b"*"),
    ),
)
_MILLISECONDS: Final = re.compile(r"[0-9]{12,14}")
_FIELDS_MAX: Final = 500
_URL_SAFE: Final = str.maketrans("-_ ", "+/+")


def parse_pixel(kind: str, submission: Submission) -> Parsed:
    """One event out of the query. Raises ``Rejected``."""
    request = submission.request
    key = header_key(request)
    if key:
        submission.authenticate(key)
    try:
        pairs = parse_qsl(request.query.decode("latin-1"), keep_blank_values=True, max_num_fields=_FIELDS_MAX)
    except ValueError:
        raise Rejected(rejection.TOO_MANY_KEYS, f"more than {_FIELDS_MAX} fields") from None
    fields = dict(pairs)
    if submission.source is None and fields.get("writeKey"):
        submission.authenticate(fields["writeKey"])
    call = read_object(_from_base64(fields["data"]), submission.limits) if "data" in fields else _nested(pairs)
    check_tree(call, submission.limits)
    arrival = identified(submission, call.get("writeKey"), NAME)
    return Parsed([normalise(call, kind, read_sent_ms(call.get("sentAt")), arrival)])


def _from_base64(text: str) -> bytes:
    """Both alphabets, padding or not; a plus that the query turned into a space comes back."""
    text = text.translate(_URL_SAFE).rstrip("=")
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Rejected(rejection.BAD_ENCODING, f"data: {error}") from None


def _nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    call: dict[str, Any] = {}
    for name, value in pairs:
        *parents, last = name.split(".")
        at = call
        for parent in parents:
            below = at.setdefault(parent, {})
            if type(below) is not dict:
                raise Rejected(rejection.BAD_SHAPE, "a key is both a value and an object")
            at = below
        if type(at.get(last)) is dict:
            raise Rejected(rejection.BAD_SHAPE, "a key is both a value and an object")
        at[last] = value
    for name in ("timestamp", "originalTimestamp", "sentAt"):
        if type(text := call.get(name)) is str and _MILLISECONDS.fullmatch(text):
            call[name] = int(text)
    return call


def _image(submission: Submission, outcome: object) -> Answer:  # noqa: ARG001 - the port's signature
    return GIF


def _original(request: Request) -> bytes:
    return request.query


PROTOCOL: Final = WireProtocol(
    NAME,
    tuple(
        Route(f"pixel-{kind}", f"/v1/pixel/{kind}".encode(), READ, partial(parse_pixel, kind), _image, _image, _original, retries=False)
        for kind in sorted(TYPES)
    ),
)

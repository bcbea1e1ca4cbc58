"""Mixpanel's bodies: ``data`` of a form or a query, as base64 or plain JSON; else JSON or JSON lines; gzip that need not be announced."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from typing import Final

import msgspec

from collectors.body import decompressed, looks_like_json
from collectors.protocols.decoding import decoded, one_by_one
from collectors.protocols.forms import pairs_of
from collectors.protocols.port import Submission
from schemas import rejection
from schemas.errors import Rejected

_FIELDS_MAX: Final = 50
_URL_SAFE: Final = str.maketrans("-_ ", "+/+")
_lists: Final = msgspec.json.Decoder(list[msgspec.Raw])
_raws: Final = msgspec.json.Decoder(msgspec.Raw)


@dataclass(frozen=True, slots=True)
class Opened:
    """A request's records, each as JSON, and the fields beside them, of the query and of a form."""

    raws: list[bytes]
    fields: dict[str, str]


def opened(submission: Submission) -> Opened:
    """What a request holds. Raises ``Rejected``: bad-encoding, bad-json, bad-shape, too-deep, body-too-large."""
    fields = fields_of(submission)
    data = fields.pop("data", None)
    body = submission.body() if data is None else _unwrapped(data, submission)
    return Opened(_records(body, submission), fields)


def fields_of(submission: Submission) -> dict[str, str]:
    """The fields of the query, and of the body if that is a form. Raises ``Rejected``: bad-shape."""
    body = submission.request.body
    is_form = not looks_like_json(body) and b"=" in body[:64]
    texts = [text.decode(errors="replace") for text in ((submission.request.query, body) if is_form else (submission.request.query,))]
    try:
        pairs = [pairs_of(text, _FIELDS_MAX, keep_blank_values=True) for text in texts]
    except ValueError:
        raise Rejected(rejection.BAD_SHAPE, f"more than {_FIELDS_MAX} fields") from None
    return {name: value for found in pairs for name, value in found}


def _unwrapped(text: str, submission: Submission) -> bytes:
    if text.lstrip()[:1] in {"{", "["}:
        return text.encode(errors="replace")
    text = text.translate(_URL_SAFE).rstrip("=")
    try:
        return decompressed(b64decode(text + "=" * (-len(text) % 4), validate=True), submission.limits)
    except ValueError as error:
        raise Rejected(rejection.BAD_ENCODING, f"data: {error}") from None


def _records(body: bytes, submission: Submission) -> list[bytes]:
    if not looks_like_json(body):
        raise Rejected(rejection.BAD_JSON, "neither JSON nor gzip nor data=<base64>")
    if body.lstrip()[:1] == b"[":
        return one_by_one(decoded(_lists, body), submission)
    try:
        return [bytes(decoded(_raws, body))]
    except Rejected:
        return _json_lines(body)


def _json_lines(body: bytes) -> list[bytes]:
    """One record a line. A line that is none is a bad record, unless it is the only one."""
    lines = [line for line in body.splitlines() if line.strip()]
    if len(lines) < 2:
        decoded(_raws, body)
    return lines

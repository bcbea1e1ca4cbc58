"""Sensors' bodies: a form, or a query, whose ``data`` or ``data_list`` is base64 of JSON, often of gzip of JSON."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import Final

import msgspec

from collectors.body import decompressed, looks_like_json
from collectors.protocols.decoding import one_by_one
from collectors.protocols.forms import pairs_of
from collectors.protocols.port import Submission
from schemas import rejection
from schemas.errors import Rejected

_FIELDS_MAX: Final = 100
_SUMMED_CHARACTERS_MAX: Final = 65_536  # a sum takes a tenth of a microsecond a character, and nobody else is served meanwhile
_ENCRYPTED: Final = "9"
_SUM: Final = re.compile(r"(?:\A|&|;|=)(?:crc=)?(-?[0-9]{1,10})\Z")
_lists: Final = msgspec.json.Decoder(list[msgspec.Raw])


def read_records(submission: Submission) -> list[bytes]:
    """The records of a request, each as its own JSON text. Raises ``Rejected``: bad-encoding, bad-json, body-too-large, bad-shape.

    The type of content is not asked: the mini-program's client calls its form plain text. Gzip is known by its first bytes.
    """
    body = submission.body()
    if looks_like_json(body):
        return _records(body, submission)
    fields = dict(_fields(submission.request.query)) | dict(_fields(body))
    text = fields.get("data_list") or fields.get("data")
    if not text:
        raise Rejected(rejection.BAD_SHAPE, "neither data nor data_list")
    text = text.replace(" ", "+")  # a plus that was not percent-encoded has become a space
    _check_sum(text, fields)
    if fields.get("gzip") == _ENCRYPTED:
        raise Rejected(rejection.BAD_ENCODING, "the client encrypts what it sends, with a key that is not here")
    try:
        packed = b64decode(text, validate=True)
    except ValueError as error:
        raise Rejected(rejection.BAD_ENCODING, f"base64: {error}") from None
    return _records(decompressed(packed, submission.limits), submission)


def java_hash(text: str) -> int:
    """What Java's ``String.hashCode`` gives: the check sum of Sensors' clients, a signed 32-bit number."""
    total = 0
    for character in text:
        total = (total * 31 + ord(character)) & 0xFFFFFFFF
    return total - 0x1_0000_0000 if total & 0x8000_0000 else total


def _fields(form: bytes) -> list[tuple[str, str]]:
    try:
        return pairs_of(form.decode("latin-1"), _FIELDS_MAX)
    except ValueError:
        raise Rejected(rejection.BAD_SHAPE, f"more than {_FIELDS_MAX} fields") from None


def _check_sum(text: str, fields: dict[str, str]) -> None:
    said = _SUM.search(fields.get("crc") or fields.get("ext", ""))
    if said is not None and len(text) <= _SUMMED_CHARACTERS_MAX and int(said[1]) != java_hash(text):
        raise Rejected(rejection.BAD_ENCODING, "the data does not have the crc that was sent along")


def _records(text: bytes, submission: Submission) -> list[bytes]:
    if text.lstrip()[:1] != b"[":
        return [text]
    try:
        return one_by_one(_lists.decode(text), submission)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected(rejection.BAD_JSON, str(error)) from None

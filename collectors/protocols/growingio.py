"""GrowingIO: ``/v3/projects/<id>/collect``, a JSON list, plain or in one of three forms of LZ-string.

**What clients hear.** Exactly 204 for a POST, whatever is wrong with its body: the client for the web sends all again as an image on
anything else. The image for a GET. An unknown key hears 401, and 503 what cannot be stored: all clients send that again.

**The key** is the project's id in the path.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

import msgspec

from collectors.body import looks_like_json, read_object
from collectors.http import Answer, Request
from collectors.normalise import normalise, read_sent_ms
from collectors.protocols.decoding import one_by_one
from collectors.protocols.growingio_events import Namer, translate
from collectors.protocols.lzstring import bits_of_bytes, bits_of_text, bits_of_uri, unpacked
from collectors.protocols.pixel import GIF
from collectors.protocols.port import READ, WRITE, Parsed, Refused, Route, Submission, WireProtocol
from collectors.protocols.segment import accepted as strictly_accepted
from collectors.protocols.segment import client_of, rejected
from schemas import rejection
from schemas.errors import Rejected

NAME: Final = "growingio"
OK: Final = Answer(204)
_HEARD: Final = frozenset({401, 403, 500, 503})
_PACKED_BITS_MAX: Final = 131_072 * 8
_STM: Final = re.compile(rb"(?:\A|&)stm=([0-9]{1,19})(?=&|\Z)")

_lists: Final = msgspec.json.Decoder(list[msgspec.Raw])


def parse_collect(submission: Submission) -> Parsed:
    """All events of a request. Raises ``Rejected`` for what is wrong with it as a whole."""
    source = submission.authenticate(unquote(submission.request.path.split(b"/")[3].decode("latin-1")))
    raws = _listed(_text(submission), submission)
    if len(raws) > submission.limits.events:
        raise Rejected(rejection.TOO_MANY_EVENTS, f"more than {submission.limits.events} events")
    stm = _STM.search(submission.request.query)
    sent_ms = read_sent_ms(int(stm[1])) if stm else None
    agent, locale = client_of(submission.request)
    arrival = submission.arrival(source, NAME, submission.client_ip, agent, locale)
    namer = Namer()
    parsed = Parsed([])
    for index, raw in enumerate(raws):
        try:
            event = read_object(raw, submission.limits)
            call, kind, preset = translate(event)
            call["messageId"] = namer.name_of(event)
            parsed.events.append(normalise(call, kind, sent_ms, arrival, preset))
        except Rejected as refusal:
            parsed.refused.append(Refused(index, refusal.reason, refusal.detail, raw))
    return parsed


def parse_items(submission: Submission) -> Parsed:
    """What the clients for servers tell of things that nobody is. Raises ``Rejected``: missing-person, always."""
    submission.authenticate(unquote(submission.request.path.split(b"/")[2].decode("latin-1")))
    raise Rejected(rejection.MISSING_PERSON, "an item is not a person")


def _text(submission: Submission) -> bytes:
    body = submission.body()
    if not body:
        # The client escapes nothing here, so an ampersand ends no field and a plus is a plus; `data` is its last field.
        data = unquote(submission.request.query.partition(b"data=")[2].decode("latin-1"))
        return data.encode(errors="replace") if data[:1] in {"[", "{"} else _of_limits(bits_of_uri(data), submission)
    return body if looks_like_json(body) else _from_lz(body, submission)


def _from_lz(body: bytes, submission: Submission) -> bytes:
    """Nothing tells the two forms apart for sure, but the right one yields JSON."""
    if len(body) * 8 > _PACKED_BITS_MAX * 2:  # 15 bits take up to three bytes
        raise Rejected(rejection.BODY_TOO_LARGE, f"packed, it is more than {_PACKED_BITS_MAX // 8} bytes")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return _of_limits(bits_of_bytes(body), submission)
    try:
        found = _of_limits(bits_of_text(text), submission)
        if looks_like_json(found):
            return found
    except Rejected:
        pass
    return _of_limits(bits_of_bytes(body), submission)


def _of_limits(bits: str, submission: Submission) -> bytes:
    limits = submission.limits
    if len(bits) > _PACKED_BITS_MAX:  # reading bits one by one is slow, and nobody else is served meanwhile
        raise Rejected(rejection.BODY_TOO_LARGE, f"packed, it is more than {_PACKED_BITS_MAX // 8} bytes")
    return unpacked(bits, min(limits.decompressed_bytes, max(len(bits) // 8 * limits.decompression_ratio, 65_536)))


def _listed(text: bytes, submission: Submission) -> list[bytes]:
    try:
        return one_by_one(_lists.decode(text), submission)
    except msgspec.ValidationError as error:
        raise Rejected(rejection.BAD_SHAPE, str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected(rejection.BAD_JSON, str(error)) from None


def _accepted(submission: Submission, parsed: Parsed) -> Answer:
    if submission.strict and parsed.refused:
        return strictly_accepted(submission, parsed)
    return GIF if submission.request.method in READ else OK


def _rejected(submission: Submission, refusal: Rejected) -> Answer:
    if submission.strict or (refusal.reason.status in _HEARD and submission.request.method not in READ):
        return rejected(submission, refusal)
    return GIF if submission.request.method in READ else OK


def _original(request: Request) -> bytes:
    return request.body or request.query


PROTOCOL: Final = WireProtocol(
    NAME,
    (
        Route(NAME, b"/v3/projects/*/collect", READ + WRITE, parse_collect, _accepted, _rejected, _original),
        Route(NAME, b"/projects/*/collect/item", WRITE, parse_items, _accepted, _rejected, _original),
    ),
)

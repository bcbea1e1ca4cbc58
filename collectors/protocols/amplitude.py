"""Amplitude: ``POST /2/httpapi`` and ``/batch``, ``{"api_key": …, "events": […]}``, and the forms ``/identify`` and ``/groupidentify``.

**What clients hear.** They read ``code`` in the answer's JSON rather than the status, so every answer has one, and both agree. A
body is taken apart: good events go on, each bad one becomes a dead letter, and the client hears 200; with a 400 it would send the
good ones again. Where nothing is good it hears 400 with the index of each, drops them and tells its developer. A 400 without
indices would have them all sent again, twelve times, unless it names a missing field: so a body that cannot be read names one, and
an unknown key is told in the words that the clients look for. On 413 they halve their batches, so too many events are a 413, too.

PostHog's clients use ``/batch``, too: a body is Amplitude's if ``events`` is the first of the two lists that it names.

**The key** is ``api_key``.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from typing import Any, Final

import msgspec
import orjson

from collectors.body import looks_like_json, read_object
from collectors.http import Answer, Request, safe_text
from collectors.normalise import as_id, normalise, read_sent_ms
from collectors.protocols.amplitude_events import translate
from collectors.protocols.decoding import decoded, one_by_one, taken_apart
from collectors.protocols.forms import pairs_of
from collectors.protocols.port import WRITE, Parsed, Route, Submission, WireProtocol, always
from collectors.protocols.segment import client_of, original
from schemas import rejection
from schemas.errors import Rejected

NAME: Final = "amplitude"
REMOTE: Final = "$remote"
_FIELDS_MAX: Final = 20
_UNKNOWN_KEY: Final = "Invalid API key: no source has this key"


class _Body(msgspec.Struct):
    events: list[msgspec.Raw]
    api_key: Any = None
    client_upload_time: Any = None


_bodies: Final = msgspec.json.Decoder(_Body)
_lists: Final = msgspec.json.Decoder(list[msgspec.Raw])
_raws: Final = msgspec.json.Decoder(msgspec.Raw)
_FIRST_LIST: Final = re.compile(rb'"(events|batch)"\s*:')
_HEAD_BYTES: Final = 1_024
_OLD_FORM: Final = (b"checksum=", b"client=")
_DIGITS_MAX: Final = 15


def parse_events(submission: Submission) -> Parsed:
    """All events of a body. Raises ``Rejected`` for what is wrong with the body as a whole."""
    body = submission.body()
    if body.startswith(_OLD_FORM):
        return _parse_old_form(body, submission)
    if not looks_like_json(body):
        raise Rejected(rejection.BAD_JSON, "the body begins neither like an object nor like gzip")
    said = decoded(_bodies, body)
    submission.authenticate(as_id(said.api_key))
    sent_ms = read_sent_ms(said.client_upload_time)
    return taken_apart(one_by_one(said.events, submission), submission, _reader(submission, sent_ms))


def _parse_old_form(body: bytes, submission: Submission) -> Parsed:
    """What ``amplitude-js``, the older client for browsers, sends: ``checksum``, ``client``, ``e``, ``upload_time``, ``v``."""
    fields = _form(body)
    submission.authenticate(fields.get("client"))
    uploaded = fields.get("upload_time", "")
    sent_ms = read_sent_ms(int(uploaded)) if uploaded.isdecimal() and len(uploaded) <= _DIGITS_MAX else None
    raws = decoded(_lists, fields.get("e", "").encode(errors="replace"))
    return taken_apart(one_by_one(raws, submission), submission, _reader(submission, sent_ms))


def parse_identify(submission: Submission) -> Parsed:
    """The form with users' properties. Raises ``Rejected``."""
    return _parse_form(submission, "$identify")


def parse_group_identify(submission: Submission) -> Parsed:
    """The form with groups' properties. Raises ``Rejected``."""
    return _parse_form(submission, "$groupidentify")


def _parse_form(submission: Submission, event_type: str) -> Parsed:
    fields = _form(submission.body())
    submission.authenticate(fields.get("api_key"))
    body = fields.get("identification", "").encode(errors="replace")
    raws = decoded(_lists, body) if body.lstrip().startswith(b"[") else [decoded(_raws, body)]
    return taken_apart(one_by_one(raws, submission), submission, _reader(submission, None, event_type))


def _form(body: bytes) -> dict[str, str]:
    try:
        return dict(pairs_of(body.decode("latin-1"), _FIELDS_MAX, keep_blank_values=True))
    except ValueError:
        raise Rejected(rejection.BAD_SHAPE, f"more than {_FIELDS_MAX} fields") from None


def _reader(submission: Submission, sent_ms: int | None, event_type: str | None = None) -> Callable[[bytes], tuple[str, bytes]]:
    source = submission.source
    assert source is not None
    agent, locale = client_of(submission.request)
    arrival = submission.arrival(source, NAME, "", agent, locale)

    def read(raw: bytes) -> tuple[str, bytes]:
        event = read_object(raw, submission.limits)
        if event_type:
            event["event_type"] = event_type
        # Only this word asks for the address; without it the one who sends may be a server.
        arrival.ip = submission.client_ip if event.get("ip") == REMOTE else ""
        own_sent = read_sent_ms(event.get("client_upload_time"))
        call, kind, preset = translate(event)
        return normalise(call, kind, sent_ms if own_sent is None else own_sent, arrival, preset)

    return read


def _speaks(request: Request) -> bool:
    """Whether a body on the shared path is Amplitude's: its head tells, packed or not."""
    head = request.body[:_HEAD_BYTES]
    if head.startswith(b"\x1f\x8b"):
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, _HEAD_BYTES)
        except zlib.error:
            return False
    found = _FIRST_LIST.search(head)
    return found is not None and found[1] == b"events"


def _accepted(submission: Submission, parsed: Parsed) -> Answer:
    if parsed.refused and (submission.strict or not parsed.events):
        wrong: dict[str, list[int]] = {}
        for item in parsed.refused:
            wrong.setdefault(item.reason.code, []).append(item.index)
        error = safe_text(
            f"{len(parsed.refused)} events are refused, the first: {parsed.refused[0].detail or parsed.refused[0].reason.help}"
        )
        return _answer(400, error=error, events_with_invalid_fields=wrong)
    return _answer(200, events_ingested=len(parsed.events), server_upload_time=submission.received_ms)


def _rejected(submission: Submission, refusal: Rejected) -> Answer:  # noqa: ARG001 - the port's signature
    reason = refusal.reason
    if reason is rejection.UNKNOWN_WRITE_KEY:
        return _answer(400, error=_UNKNOWN_KEY)
    status = 413 if reason is rejection.TOO_MANY_EVENTS else reason.status
    error = safe_text(refusal.detail) or reason.help
    if status in {413, 429, 503}:
        return _answer(status, error=error)
    return _answer(status, error=error, missing_field="api_key" if reason is rejection.NO_WRITE_KEY else "events")


def _answer(code: int, **fields: object) -> Answer:
    return Answer(code, orjson.dumps({"code": code, **fields}))


PROTOCOL: Final = WireProtocol(
    NAME,
    (
        Route(NAME, b"/2/httpapi", WRITE, parse_events, _accepted, _rejected, original, heeds_limits=always),
        Route(NAME, b"/batch", WRITE, parse_events, _accepted, _rejected, original, _speaks, heeds_limits=always),
        Route("amplitude-identify", b"/identify", WRITE, parse_identify, _accepted, _rejected, original, heeds_limits=always),
        Route("amplitude-identify", b"/groupidentify", WRITE, parse_group_identify, _accepted, _rejected, original, heeds_limits=always),
    ),
)

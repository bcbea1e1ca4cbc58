"""Google Analytics 4: the Measurement Protocol of servers and apps, ``POST /mp/collect``, and what gtag.js sends, ``/g/collect``.

**What clients hear.** 204, as from Google, whatever is in the body: the clients for servers raise an error in the caller for
anything else, and nobody has written code for that. What is refused is counted and dead-lettered. A strict client hears the real
status, everybody hears 503 if nothing can be stored, and ``/debug/mp/collect`` says what is wrong and stores nothing.

**The key** is the ``api_secret``, without one the ``measurement_id`` or ``firebase_app_id``; gtag.js has only the ``tid``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import orjson

from collectors.body import looks_like_json, read_object
from collectors.http import Answer, error_answer, safe_text
from collectors.normalise import Arrival, normalise
from collectors.protocols.decoding import decoded, one_by_one, taken_apart
from collectors.protocols.forms import pairs_of
from collectors.protocols.ga4_events import Sender, translate, user_only
from collectors.protocols.ga4_gtag import hits, translate_hit
from collectors.protocols.port import READ, WRITE, Parsed, Route, Submission, WireProtocol
from collectors.protocols.segment import client_of, original
from schemas import rejection
from schemas.errors import Rejected

NAME: Final = "ga4"
OK: Final = Answer(204)
_FIELDS_MAX: Final = 500
_UNAVAILABLE: Final = 503


class _Body(msgspec.Struct):
    events: list[msgspec.Raw] = []
    client_id: Any = None
    app_instance_id: Any = None
    user_id: Any = None
    timestamp_micros: Any = None
    user_properties: Any = None
    consent: Any = None
    user_location: Any = None
    device: Any = None
    ip_override: Any = None


_bodies: Final = msgspec.json.Decoder(_Body)


@dataclass(slots=True)
class Checked(Parsed):
    """What a request to be checked holds: nothing to store, and what is wrong."""

    wrong: list[dict[str, str]] = field(default_factory=list)


def fields_of(text: bytes) -> dict[str, str]:
    """The fields of a query; of a repeated one the last. Raises ``Rejected``: too-many-keys."""
    try:
        return dict(pairs_of(text.decode(errors="replace"), _FIELDS_MAX, keep_blank_values=True))
    except ValueError:
        raise Rejected(rejection.TOO_MANY_KEYS, f"more than {_FIELDS_MAX} fields") from None


def parse_measurement(submission: Submission) -> Parsed:
    """All events of a body of the Measurement Protocol. Raises ``Rejected`` for what is wrong with it as a whole."""
    said = fields_of(submission.request.query)
    submission.authenticate(said.get("api_secret") or said.get("measurement_id") or said.get("firebase_app_id"))
    body = submission.body()
    if not looks_like_json(body):
        raise Rejected(rejection.BAD_JSON, "the body begins neither like an object nor like gzip")
    told = decoded(_bodies, body)
    sender = Sender.of({name: getattr(told, name) for name in told.__struct_fields__ if name != "events"})
    if not told.events and sender.traits:
        return Parsed([normalise(user_only(sender), "identify", None, _arrival(submission, ""))])
    return taken_apart(one_by_one(told.events, submission), submission, _reader(sender, submission))


def _reader(sender: Sender, submission: Submission) -> Callable[[bytes], tuple[str, bytes]]:
    arrival = _arrival(submission, "")
    index = -1

    def read(raw: bytes) -> tuple[str, bytes]:
        nonlocal index
        index += 1
        call, kind = translate(read_object(raw, submission.limits), sender, index)
        return normalise(call, kind, None, arrival)

    return read


def parse_check(submission: Submission) -> Checked:
    """What is wrong with a body, which is not stored."""
    try:
        parsed = parse_measurement(submission)
    except Rejected as refusal:
        return Checked([], wrong=[_message("", refusal.reason, refusal.detail)])
    return Checked([], wrong=[_message(f"events[{item.index}]", item.reason, item.detail) for item in parsed.refused])


def _message(where: str, reason: rejection.Reason, detail: str) -> dict[str, str]:
    return {"fieldPath": where, "description": safe_text(detail) or reason.help, "validationCode": reason.code.upper().replace("-", "_")}


def parse_gtag(submission: Submission) -> Parsed:
    """All hits of a request of gtag.js: of its query, and of each line of its body. Raises ``Rejected``."""
    shared = fields_of(submission.request.query)
    submission.authenticate(shared.get("tid"))
    arrival = _arrival(submission, submission.client_ip)
    at = -1

    def read(line: bytes) -> tuple[str, bytes]:
        nonlocal at
        at += 1
        call, kind, preset = translate_hit({**shared, **fields_of(line)}, at)
        return normalise(call, kind, None, arrival, preset)

    return taken_apart(hits(submission.body()), submission, read)


def _arrival(submission: Submission, address: str) -> Arrival:
    assert submission.source is not None
    agent, locale = client_of(submission.request)
    return submission.arrival(submission.source, NAME, address, agent, locale)


def _accepted(submission: Submission, parsed: Parsed) -> Answer:
    if submission.strict and parsed.refused:
        return error_answer(parsed.refused[0].reason, parsed.refused[0].detail)
    return OK


def _rejected(submission: Submission, refusal: Rejected) -> Answer:
    if submission.strict or refusal.reason.status == _UNAVAILABLE:
        return error_answer(refusal.reason, refusal.detail)
    return OK


def _told(submission: Submission, parsed: Parsed) -> Answer:  # noqa: ARG001 - the port's signature
    assert isinstance(parsed, Checked)
    return Answer(200, orjson.dumps({"validationMessages": parsed.wrong}))


PROTOCOL: Final = WireProtocol(
    NAME,
    (
        Route("ga4-mp", b"/mp/collect", WRITE, parse_measurement, _accepted, _rejected, original),
        Route("ga4-check", b"/debug/mp/collect", WRITE, parse_check, _told, _rejected, original),
        Route("ga4-gtag", b"/g/collect", READ + WRITE, parse_gtag, _accepted, _rejected, lambda request: request.body or request.query),
    ),
)

"""Sensors (神策): ``/sa``, ``/sa.gif`` and ``/debug``, by GET and POST.

**What clients hear.** Their clients for the web and mini-programs throw a batch away on any error, and the web's batch mode sends it
again for ever; so whatever is wrong with a body or a record hears 200, is counted, and becomes a dead letter. Errors are told where
somebody reads them: an unknown key (401), an origin that is not the source's (403), and all on ``/debug`` or with
``X-Strict-Mode: 1``. A GET is an image's and is answered with one. ``Dry-Run: true`` on ``/debug`` stores nothing.

**The key** is ``token`` of the query, else ``writeKey``, else ``project``.
"""

from __future__ import annotations

from functools import partial
from typing import Final
from urllib.parse import parse_qs

from collectors.body import read_object
from collectors.http import Answer, Request
from collectors.normalise import Arrival, normalise, read_sent_ms
from collectors.protocols.pixel import GIF
from collectors.protocols.port import READ, WRITE, Parsed, Refused, Route, Submission, WireProtocol
from collectors.protocols.segment import accepted as strictly_accepted
from collectors.protocols.segment import client_of, rejected
from collectors.protocols.sensors_body import read_records
from collectors.protocols.sensors_events import Namer, translate
from schemas import rejection
from schemas.errors import Rejected

NAME: Final = "sensors"
OK: Final = Answer(200, b"ok", b"text/plain")
_KEYS: Final = ("token", "writeKey", "project")
_HEARD: Final = frozenset({401, 403, 500, 503})


def parse_sa(submission: Submission, *, debug: bool = False) -> Parsed:
    """All records of a request. Raises ``Rejected`` for what is wrong with it as a whole."""
    request = submission.request
    submission.strict = submission.strict or debug
    source = submission.authenticate(_key(request))
    records = read_records(submission)
    limits = submission.limits
    if len(records) > limits.events:
        raise Rejected(rejection.TOO_MANY_EVENTS, f"more than {limits.events} records")
    agent, locale = client_of(request)
    arrival = submission.arrival(source, NAME, submission.client_ip, agent, locale)
    read = partial(_event, namer=Namer(), arrival=arrival, submission=submission)
    parsed = Parsed([])
    for index, raw in enumerate(records):
        try:
            parsed.events.append(read(raw))
        except Rejected as refusal:
            parsed.refused.append(Refused(index, refusal.reason, refusal.detail, raw))
    if debug and request.headers.get(b"dry-run", b"").lower() == b"true":
        parsed.events.clear()
    return parsed


def _event(raw: bytes, namer: Namer, arrival: Arrival, submission: Submission) -> tuple[str, bytes]:
    record = read_object(raw, submission.limits)
    found = translate(record)
    found.call["messageId"] = namer.name_of(record)
    return normalise(found.call, found.kind, read_sent_ms(found.sent), arrival, found.preset)


def _key(request: Request) -> str | None:
    said = parse_qs(request.query.decode("latin-1"))
    return next((said[name][0] for name in _KEYS if name in said), None)


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
        *(Route(NAME, path, READ + WRITE, parse_sa, _accepted, _rejected, _original) for path in (b"/sa", b"/sa.gif")),
        Route(NAME, b"/debug", READ + WRITE, partial(parse_sa, debug=True), _accepted, _rejected, _original),
    ),
)

"""PostHog: ``POST /i/v0/e/``, ``/e/``, ``/capture/`` and ``/batch/``, each with and without its last slash.

A body is one event, a list of them, or ``{"batch": [...]}``; as JSON, gzip that nothing announces, or a form ``data=<base64>``.

**What clients hear.** Exactly 200 for what is taken: PostHog's client for Python sends all again on a 202 or 204, the one for
browsers too. A batch is taken apart as Segment's is; a body that cannot be read and an unknown key hear the status of
``schemas.rejection``, on which every client drops what it sent. Browsers never hear 429 over a limit: their client would drop that too.

**The key** is ``api_key`` or ``token``, of the body, else of the first event or its properties.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from collectors.body import read_object
from collectors.http import Answer, Request
from collectors.normalise import as_id, normalise, read_sent_ms
from collectors.protocols import posthog_config
from collectors.protocols.decoding import one_by_one
from collectors.protocols.port import WRITE, Parsed, Refused, Route, Submission, WireProtocol
from collectors.protocols.posthog_body import read_body
from collectors.protocols.posthog_events import translate
from collectors.protocols.segment import client_of, original, rejected
from schemas import rejection
from schemas.errors import Rejected

NAME: Final = "posthog"
OK: Final = Answer(200, b'{"status":1}')
_KEY_FIELDS: Final = ("api_key", "token")
_PATHS: Final = ("i/v0/e", "e", "capture", "batch")


class _Envelope(msgspec.Struct):
    batch: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    api_key: Any = None
    token: Any = None
    sent_at: Any = None
    historical_migration: Any = None


_envelopes: Final = msgspec.json.Decoder(_Envelope)
_lists: Final = msgspec.json.Decoder(list[msgspec.Raw])


def parse_events(submission: Submission) -> Parsed:
    """All events of a body. Raises ``Rejected`` for what is wrong with the body as a whole, and where it is one single event."""
    body = read_body(submission)
    envelope = _opened(body)
    single = envelope.batch is msgspec.UNSET
    raws = [body] if envelope.batch is msgspec.UNSET else one_by_one(envelope.batch, submission)
    submission.authenticate(as_id(envelope.api_key) or as_id(envelope.token) or _first_key(raws, submission))
    limits = submission.limits
    if len(raws) > limits.events:
        raise Rejected(rejection.TOO_MANY_EVENTS, f"more than {limits.events} events")
    said_sent = envelope.sent_at if envelope.sent_at is not None else _query(submission.request, "_")
    sent_ms = None if envelope.historical_migration is True else read_sent_ms(_number(said_sent))
    read = _reader(submission, sent_ms)
    parsed = Parsed([])
    for index, raw in enumerate(raws):
        try:
            parsed.events.append(read(raw))
        except Rejected as refusal:
            if single:
                raise
            parsed.refused.append(Refused(index, refusal.reason, refusal.detail, raw))
    return parsed


def _reader(submission: Submission, sent_ms: int | None) -> Callable[[bytes], tuple[str, bytes]]:
    source, request, now_ms = submission.source, submission.request, submission.received_ms
    assert source is not None
    agent, locale = client_of(request)

    def visitor() -> str:
        # Who asks not to be known is not known by an address either.
        arrival.ip, arrival.hidden_ip, arrival.visit = "", submission.client_ip, None
        return submission.name_of_the_day(source, submission.client_ip, agent)

    arrival = submission.arrival(source, NAME, submission.client_ip, agent, locale)

    def read(raw: bytes) -> tuple[str, bytes]:
        event = read_object(raw, submission.limits)
        arrival.ip, arrival.hidden_ip, arrival.visit = submission.client_ip, "", submission.visit
        translated = translate(event, now_ms, visitor)
        # An offset was counted from the sending on, so no clock is to be corrected.
        clock_ms = None if event.get("timestamp") is None and "offset" in event else sent_ms
        return normalise(translated.call, translated.kind, clock_ms, arrival, translated.preset)

    return read


def _opened(body: bytes) -> _Envelope:
    try:
        if body.lstrip()[:1] == b"[":
            return _Envelope(batch=_lists.decode(body))
        return _envelopes.decode(body)
    except RecursionError:
        raise Rejected(rejection.TOO_DEEP) from None
    except msgspec.ValidationError as error:
        raise Rejected(rejection.BAD_SHAPE, str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Rejected(rejection.BAD_JSON, str(error)) from None


def _first_key(raws: list[bytes], submission: Submission) -> str | None:
    if not raws:
        return None
    try:
        event = read_object(raws[0], submission.limits)
    except Rejected:
        return None
    properties = event.get("properties")
    places = (event, properties) if type(properties) is dict else (event,)
    return next((key for place in places for name in _KEY_FIELDS if (key := as_id(place.get(name)))), None)


def _query(request: Request, name: str) -> str | None:
    found = parse_qs(request.query.decode("latin-1"), max_num_fields=None).get(name)
    return found[0] if found else None


def _number(value: object) -> object:
    return int(value) if type(value) is str and value.isdecimal() and len(value) < 20 else value


def _accepted(submission: Submission, parsed: Parsed) -> Answer:  # noqa: ARG001 - the port's signature
    return OK


def _is_a_server(request: Request) -> bool:
    """A browser's client throws away what it hears 429 of; those of servers wait."""
    return b"origin" not in request.headers


PROTOCOL: Final = WireProtocol(
    NAME,
    (
        *(
            Route("posthog", f"/{path}{end}".encode(), WRITE, parse_events, _accepted, rejected, original, heeds_limits=_is_a_server)
            for path in _PATHS
            for end in ("", "/")
        ),
        *posthog_config.ROUTES,
    ),
)

"""CloudEvents over HTTP: ``POST /cloudevents``, one event structured or binary, or a batch.

A request with a ``ce-specversion`` header is binary; of the others a JSON list is a batch and an object one event, whatever the
content type says.

**What clients hear.** As with Segment: 200 for what is taken, a batch is taken apart, else the status of ``schemas.rejection``.

**The key** is the user of Basic authentication, a bearer's token, or ``writeKey`` in the query, for in an event there is no place.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import orjson

from collectors.body import check_tree, looks_like_json, read_object
from collectors.http import Request
from collectors.normalise import normalise
from collectors.protocols.cloudevents_events import header_text, translate
from collectors.protocols.decoding import decoded, one_by_one, taken_apart
from collectors.protocols.port import WRITE, Parsed, Route, Submission, WireProtocol, always
from collectors.protocols.segment import accepted, client_of, header_key, original, query_key, rejected
from schemas import rejection
from schemas.errors import Rejected

NAME: Final = "cloudevents"
_PREFIX: Final = b"ce-"
_BEARER: Final = b"bearer "
_lists: Final = msgspec.json.Decoder(list[msgspec.Raw])


def parse(submission: Submission) -> Parsed:
    """All events of a request. Raises ``Rejected`` for what is wrong with it as a whole, and where it is one single event."""
    request = submission.request
    source = submission.authenticate(header_key(request) or _bearer(request) or query_key(request))
    agent, locale = client_of(request)
    arrival = submission.arrival(source, NAME, "", agent, locale)

    def read(raw: bytes) -> tuple[str, bytes]:
        call, kind = translate(read_object(raw, submission.limits))
        return normalise(call, kind, None, arrival)

    body = submission.body()
    if b"ce-specversion" in request.headers:
        event = _binary(request, body, submission)
        call, kind = translate(event)
        return Parsed([normalise(call, kind, None, arrival)])
    if not looks_like_json(body):
        raise Rejected(rejection.BAD_JSON, "neither a JSON event nor a list of them, nor headers of a binary one")
    if body.lstrip()[:1] == b"[":
        return taken_apart(one_by_one(decoded(_lists, body), submission), submission, read)
    return Parsed([read(body)])


def _binary(request: Request, body: bytes, submission: Submission) -> dict[str, Any]:
    """An event whose attributes are headers and whose data is the body. Raises ``Rejected``."""
    event: dict[str, Any] = {
        name[len(_PREFIX) :].decode("latin-1"): header_text(value) for name, value in request.headers.items() if name.startswith(_PREFIX)
    }
    if len(body) > submission.limits.event_bytes:
        raise Rejected(rejection.EVENT_TOO_LARGE, f"{len(body)} bytes are more than {submission.limits.event_bytes}")
    event["datacontenttype"] = request.headers.get(b"content-type", b"").decode("latin-1")
    if body:
        event["data"] = _data(body)
        check_tree(event["data"], submission.limits)
    return event


def _data(body: bytes) -> object:
    """JSON, else text. Raises ``Rejected``: bad-encoding."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise Rejected(rejection.BAD_ENCODING, "data is neither JSON nor text in UTF-8") from None


def _bearer(request: Request) -> str | None:
    given = request.headers.get(b"authorization", b"")
    return given[len(_BEARER) :].strip().decode("latin-1") if given[: len(_BEARER)].lower() == _BEARER else None


PROTOCOL: Final = WireProtocol(NAME, (Route(NAME, b"/cloudevents", WRITE, parse, accepted, rejected, original, heeds_limits=always),))

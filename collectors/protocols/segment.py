"""Segment's HTTP API: ``POST /v1/track`` and its like, one event each, and ``/v1/batch``.

**What clients hear.** Unreadable bodies and unknown keys: the status of ``schemas.rejection`` (400, 401, 413). A single event
that cannot be accepted: its 400, too; Segment's own servers would say 200 here, but no client of theirs does anything on a 400
than drop the event and tell its developer, which is what should happen. A batch is taken apart: good events go on, each bad
one becomes a dead letter of its own, and the client hears 200, since with a 400 its developer would think that all was lost and
some clients would send all again. With ``X-Strict-Mode: 1`` such a batch hears 400 and a list of what was refused, while its
good events are in all the same.

``GET /v1/projects/KEY/settings`` tells clients that ask for their settings where to send (see ``segment_settings``).

RudderStack's clients speak the same calls on the same paths: theirs are told apart by the library that they name in the context,
so that an event says by which protocol it came.

**The key** is the user of Basic authentication, else ``writeKey`` in the body, else in the query.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec
import orjson

from collectors.body import Limits, check_tree, looks_like_json, read_object
from collectors.http import Answer, Request, error_answer, safe_text
from collectors.normalise import TYPES, Arrival, as_id, normalise, read_sent_ms
from collectors.protocols import segment_settings
from collectors.protocols.port import WRITE, Parsed, Refused, Route, Submission, WireProtocol, always
from schemas import rejection
from schemas.errors import Rejected

NAME: Final = "segment"
RUDDERSTACK: Final = "rudderstack"
OK: Final = Answer(200, b'{"success":true}')
_CONTEXT_BYTES_MAX: Final = 32_768
_HEADERS_REMEMBERED: Final = 1_024


class _Batch(msgspec.Struct):
    batch: list[msgspec.Raw]
    context: msgspec.Raw = msgspec.Raw(b"null")  # a union of Raw and None refuses objects
    writeKey: Any = None  # noqa: N815 - the wire's own name
    sentAt: Any = None  # noqa: N815 - the wire's own name


_batches: Final = msgspec.json.Decoder(_Batch)


def parse_single(kind: str, submission: Submission) -> Parsed:
    """One event of the route's own type. Raises ``Rejected``."""
    key = header_key(submission.request)
    if key:
        submission.authenticate(key)
    call = read_object(submission.body(), submission.limits)
    arrival = identified(submission, call.get("writeKey"), dialect(call))
    return Parsed([normalise(call, kind, read_sent_ms(call.get("sentAt")), arrival)])


def parse_batch(submission: Submission) -> Parsed:
    """Events that name their type each. Raises ``Rejected`` only for what is wrong with the body as a whole."""
    key = header_key(submission.request)
    if key:
        submission.authenticate(key)
    batch = _read_batch(submission.body())
    arrival = identified(submission, batch.writeKey, NAME)
    limits = submission.limits
    if len(batch.batch) > limits.events:
        raise Rejected(rejection.TOO_MANY_EVENTS, f"more than {limits.events} events")
    shared = _shared_context(batch.context, limits)
    sent_ms = read_sent_ms(batch.sentAt)
    parsed = Parsed([])
    for index, raw in enumerate(batch.batch):
        original = bytes(raw)
        try:
            call = read_object(original, limits)
            if shared:
                own = call.get("context")
                call["context"] = {**shared, **own} if type(own) is dict else dict(shared)
            arrival.protocol = dialect(call)
            said_ms = read_sent_ms(call.get("sentAt")) if sent_ms is None else sent_ms
            parsed.events.append(normalise(call, call.get("type"), said_ms, arrival))
        except Rejected as refusal:
            parsed.refused.append(Refused(index, refusal.reason, refusal.detail, original))
    return parsed


def dialect(call: dict[str, Any]) -> str:
    """The protocol that a call names: RudderStack's clients name their library, and where the call was made, which Segment's do not."""
    if "channel" in call:
        return RUDDERSTACK
    context = call.get("context")
    library = context.get("library") if type(context) is dict else None
    name = library.get("name") if type(library) is dict else None
    return RUDDERSTACK if type(name) is str and "rudder" in name.lower() else NAME


def _read_batch(body: bytes) -> _Batch:
    if not looks_like_json(body):
        raise Rejected(rejection.BAD_JSON, "the body begins neither like an object nor like gzip")
    try:
        return _batches.decode(body)
    except RecursionError:
        raise Rejected(rejection.TOO_DEEP) from None
    except msgspec.ValidationError as error:
        raise Rejected(rejection.BAD_SHAPE, str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Rejected(rejection.BAD_JSON, str(error)) from None


def _shared_context(raw: msgspec.Raw, limits: Limits) -> dict[str, Any]:
    text = bytes(raw)
    if len(text) > _CONTEXT_BYTES_MAX:
        raise Rejected(rejection.BAD_SHAPE, f"context is over {_CONTEXT_BYTES_MAX} bytes")
    try:
        context = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Rejected(rejection.BAD_JSON, f"context: {error}") from None
    if context is None:
        return {}
    if type(context) is not dict:
        raise Rejected(rejection.BAD_SHAPE, "context is a JSON object")
    check_tree(context, Limits(depth=limits.depth - 1, keys=limits.keys))
    return context


def identified(submission: Submission, body_key: object, protocol: str) -> Arrival:
    """How the call came in, once its key is known. Raises ``Rejected``: no-write-key, unknown-write-key."""
    request = submission.request
    source = submission.source or submission.authenticate(as_id(body_key) or query_key(request))
    user_agent, locale = client_of(request)
    return submission.arrival(source, protocol, submission.client_ip, user_agent, locale)


def client_of(request: Request) -> tuple[str, str]:
    """What the headers say of the client: its user agent and its first language."""
    return _client_of(request.headers.get(b"user-agent", b""), request.headers.get(b"accept-language", b""))


@lru_cache(maxsize=_HEADERS_REMEMBERED)
def _client_of(user_agent: bytes, languages: bytes) -> tuple[str, str]:
    first = languages.partition(b",")[0].partition(b";")[0].strip()
    return user_agent.decode("latin-1"), "" if first == b"*" else first.decode("latin-1")


def header_key(request: Request) -> str | None:
    """The user of Basic authentication; another scheme, or what cannot be read, is no key."""
    given = request.headers.get(b"authorization")
    return None if given is None else _basic_user(given)


@lru_cache(maxsize=_HEADERS_REMEMBERED)
def _basic_user(given: bytes) -> str | None:
    if given[:6].lower() != b"basic ":
        return None
    try:
        return b64decode(given[6:].strip(), validate=True).partition(b":")[0].decode() or None
    except (binascii.Error, UnicodeDecodeError):
        return None


def query_key(request: Request) -> str | None:
    """``writeKey`` of the query."""
    if b"writeKey=" not in request.query:
        return None
    return parse_qs(request.query.decode("latin-1"), max_num_fields=None).get("writeKey", [None])[0]


def accepted(submission: Submission, parsed: Parsed) -> Answer:
    """200; for a strict client 400 with what its batch lost."""
    if not (submission.strict and parsed.refused):
        return OK
    refused = [{"index": item.index, "reason": item.reason.code, "detail": safe_text(item.detail)} for item in parsed.refused]
    error = {"reason": parsed.refused[0].reason.code, "detail": f"{len(refused)} of the batch's events are refused", "refused": refused}
    return Answer(400, orjson.dumps({"error": error, "accepted": len(parsed.events)}))


def rejected(submission: Submission, refusal: Rejected) -> Answer:  # noqa: ARG001 - the port's signature
    """The reason and its own status."""
    return error_answer(refusal.reason, refusal.detail)


def _routes() -> tuple[Route, ...]:
    paths: list[tuple[str, str, Callable[[Submission], Parsed]]]
    paths = [(kind, name, partial(parse_single, kind)) for kind in sorted(TYPES) for name in (kind, kind[0])]
    paths += [("batch", name, parse_batch) for name in ("batch", "b", "import")]
    return tuple(
        Route(label, f"/v1/{name}".encode(), WRITE, parse, accepted, rejected, original, heeds_limits=always)
        for label, name, parse in paths
    )


def original(request: Request) -> bytes:
    """The body as it came."""
    return request.body


PROTOCOL: Final = WireProtocol(NAME, (*_routes(), segment_settings.ROUTE))

"""Snowplow: ``POST /com.snowplowanalytics.snowplow/tp2`` (any vendor's name will do), ``GET /i`` and links at ``GET /r/tp2?u=…``.

**What clients hear.** 200 and ``ok``, or the image. A batch is taken apart: each bad event becomes a dead letter of its own. Trackers
drop a batch on 400, 401, 403, 410 and 422, and send it again for ever on any other error: so a body that is too large hears 400, and what
is over a limit 429.
An image is an image whatever it holds, but 503 while the broker is away, for trackers send by GET too.

**A link** leads only to the origins that its source lists; ``*`` lists none. The click is an event if somebody is known by it.

**The key** is ``aid``, the id of the application: of a batch, the first event's.

With ``SP-Anonymous`` no address is kept. No cookie is ever set.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

import msgspec
import orjson

from collectors.body import read_object
from collectors.http import Answer, Request, error_answer
from collectors.normalise import as_id, normalise
from collectors.protocols.decoding import one_by_one
from collectors.protocols.links import LINK_FAILURES_LED_ON
from collectors.protocols.pixel import GIF, IMAGE
from collectors.protocols.port import READ, WRITE, Parsed, Refused, Route, Submission, WireProtocol, always
from collectors.protocols.segment import accepted as strictly_accepted
from collectors.protocols.segment import client_of, rejected
from collectors.protocols.snowplow_events import sent_ms, translate
from schemas import rejection
from schemas.definitions.model import Source
from schemas.errors import Rejected

NAME: Final = "snowplow"
OK: Final = Answer(200, b"ok", b"text/plain")
_NOT_NOW: Final = Answer(503, IMAGE, b"image/gif", ((b"cache-control", b"no-store"),))
_HEARD: Final = frozenset({400, 401, 403, 429})
_FIELDS_MAX: Final = 500
_REDIRECT: Final = "iglu:com.snowplowanalytics.snowplow/uri_redirect/jsonschema/1-0-0"
_SAFE_IN_LINKS: Final = "%/:?#[]@!$&'()*+,;=~"


class _Payload(msgspec.Struct):
    data: list[msgspec.Raw]


_payloads: Final = msgspec.json.Decoder(_Payload)


def parse_post(submission: Submission) -> Parsed:
    """All events of a body. Raises ``Rejected`` for what is wrong with it as a whole."""
    try:
        raws = one_by_one(_payloads.decode(submission.body()).data, submission)
    except msgspec.ValidationError as error:
        raise Rejected(rejection.BAD_SHAPE, str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected(rejection.BAD_JSON, str(error)) from None
    submission.authenticate(_first_key(raws, submission))
    if len(raws) > submission.limits.events:
        raise Rejected(rejection.TOO_MANY_EVENTS, f"more than {submission.limits.events} events")
    parsed = Parsed([])
    for index, raw in enumerate(raws):
        try:
            parsed.events.append(_event(_texts(read_object(raw, submission.limits)), submission))
        except Rejected as refusal:
            parsed.refused.append(Refused(index, refusal.reason, refusal.detail, raw))
    return parsed


def parse_get(submission: Submission) -> Parsed:
    """One event, all of it in the query. Raises ``Rejected``."""
    fields = _query(submission.request)
    submission.authenticate(fields.get("aid"))
    return Parsed([_event(fields, submission)])


def parse_link(submission: Submission) -> Parsed:
    """A click on a link; what is wrong with the event does not keep anybody from where the link leads.

    Raises ``Rejected``: no-write-key, unknown-write-key, link-not-allowed.
    """
    fields = _query(submission.request)
    source = submission.authenticate(fields.get("aid"))
    target = fields.pop("u", "")
    _check_target(target, source)
    if "e" not in fields:
        fields |= {"e": "ue", "ue_pr": orjson.dumps({"data": {"schema": _REDIRECT, "data": {"uri": _plain(target)}}}).decode()}
    fields.setdefault("p", "web")
    try:
        return Parsed([_event(fields, submission)])
    except Rejected as refusal:
        return Parsed([], [Refused(0, refusal.reason, refusal.detail, submission.request.query)])


def _event(fields: dict[str, str], submission: Submission) -> tuple[str, bytes]:
    source, request = submission.source, submission.request
    assert source is not None
    agent, locale = client_of(request)
    address, hidden = submission.client_ip, ""
    if b"sp-anonymous" in request.headers:
        fields.pop("ip", None)
        address = ""
    found = translate(fields, submission.limits)
    if not found.call["userId"] and not found.call["anonymousId"] and fields.get("p") == "web":
        seen = (fields.pop("ip", None) or submission.client_ip, fields.get("ua") or agent)
        found.call["anonymousId"] = submission.name_of_the_day(source, *seen)
        found.call["context"].pop("ip", None)
        hidden, address = address and seen[0], ""
    arrival = submission.arrival(source, NAME, address, agent, locale, hidden_ip=hidden)
    return normalise(found.call, found.kind, sent_ms(fields, submission.received_ms), arrival, found.preset)


def _texts(event: dict[str, Any]) -> dict[str, str]:
    return {name: text for name, value in event.items() if (text := as_id(value))}


def _first_key(raws: list[bytes], submission: Submission) -> str | None:
    try:
        return as_id(read_object(raws[0], submission.limits).get("aid")) if raws else None
    except Rejected:
        return None


def _query(request: Request) -> dict[str, str]:
    try:
        return dict(reversed(parse_qsl(request.query.decode("latin-1"), max_num_fields=_FIELDS_MAX)))
    except ValueError:
        raise Rejected(rejection.TOO_MANY_KEYS, f"more than {_FIELDS_MAX} fields") from None


def _check_target(target: str, source: Source) -> None:
    """Raises ``Rejected``: link-not-allowed. Compared whole, so a user, a password or another port is none of the source's origins."""
    try:
        parts = urlsplit(target)
    except ValueError:
        raise Rejected(rejection.LINK_NOT_ALLOWED) from None
    if f"{parts.scheme}://{parts.netloc}".lower() not in source.origins:
        raise Rejected(rejection.LINK_NOT_ALLOWED)


def _plain(target: str) -> str:
    """The address with nothing in it that a header could not hold."""
    return quote(target, safe=_SAFE_IN_LINKS, errors="replace")


def _accepted(submission: Submission, parsed: Parsed) -> Answer:
    return strictly_accepted(submission, parsed) if submission.strict and parsed.refused else OK


def _rejected(submission: Submission, refusal: Rejected) -> Answer:
    answer = rejected(submission, refusal)
    if answer.status in _HEARD or answer.status >= 500 or submission.strict:
        return answer
    return Answer(400, answer.body)


def _image(submission: Submission, outcome: object) -> Answer:  # noqa: ARG001 - the port's signature
    return GIF


def _no_image(submission: Submission, refusal: Rejected) -> Answer:
    if submission.strict:
        return rejected(submission, refusal)
    return _NOT_NOW if refusal.reason.status >= 500 else GIF


def _led_on(submission: Submission, outcome: object) -> Answer:  # noqa: ARG001 - the port's signature
    target = _query(submission.request)["u"]
    assert submission.source is not None
    _check_target(target, submission.source)
    target = _plain(target)
    return Answer(
        302, b"", b"text/plain", ((b"location", target.encode()), (b"referrer-policy", b"no-referrer"), (b"cache-control", b"no-store"))
    )


def _not_led_on(submission: Submission, refusal: Rejected) -> Answer:
    """Whoever has clicked is led on even if the event can not be stored."""
    if refusal.reason in LINK_FAILURES_LED_ON and _is_allowed(submission):
        return _led_on(submission, refusal)
    return error_answer(refusal.reason, refusal.detail)


def _is_allowed(submission: Submission) -> bool:
    """Whether the link may be followed; of who has waited too long for his turn nobody has looked yet."""
    try:
        if submission.source is None:
            parse_link(submission)
    except Rejected:
        return False
    return True


def _original(request: Request) -> bytes:
    return request.body or request.query


PROTOCOL: Final = WireProtocol(
    NAME,
    (
        Route(NAME, b"/com.snowplowanalytics.snowplow/tp2", WRITE, parse_post, _accepted, _rejected, _original, heeds_limits=always),
        Route(NAME, b"/i", READ, parse_get, _image, _no_image, _original),
        Route("redirect", b"/r/tp2", READ, parse_link, _led_on, _not_led_on, _original),
        Route(NAME, b"/*/tp2", WRITE, parse_post, _accepted, _rejected, _original, heeds_limits=always),
    ),
)

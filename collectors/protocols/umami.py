"""Umami: ``POST /api/send`` with one event, ``POST /api/batch`` with a list of them.

The website's id is the write key. Umami gives nobody an id unless the page does (``umami.identify("u1")``): that one is the user's,
and everybody else is a visitor of the day (see ``collectors.visitors``), whose address is not kept. Since two people may look alike
to that hash, it is not tied to a user who says who they are afterwards.

**What clients hear.** 200 with a JSON object, in which the tracker looks for ``cache`` and ``disabled``; it retries nothing, and
reads no status.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import orjson

from collectors.body import read_object
from collectors.http import Answer
from collectors.normalise import as_id, normalise
from collectors.protocols.decoding import one_by_one
from collectors.protocols.pages import campaign_of, page_of
from collectors.protocols.port import WRITE, Parsed, Refused, Route, Submission, WireProtocol
from collectors.protocols.segment import client_of, original, rejected
from schemas import rejection
from schemas.errors import Rejected

NAME: Final = "umami"
OK: Final = Answer(200, b'{"disabled":false}')
_KEPT: Final = ("tag", "screen")
_SAID_ELSEWHERE: Final = frozenset(
    {"website", "hostname", "url", "referrer", "title", "language", "id", "name", "data", "timestamp", "ip", "userAgent", *_KEPT}
)
_MEASURES: Final = ("performance", "error")  # a client may send a list for a type, which no set can be asked for
_lists: Final = msgspec.json.Decoder(list[msgspec.Raw])


def parse_send(submission: Submission) -> Parsed:
    """One event. Raises ``Rejected``."""
    return Parsed([_event(submission.body(), submission)])


def parse_batch(submission: Submission) -> Parsed:
    """Events that name their website each. Raises ``Rejected`` for what is wrong with the body as a whole, or with a key."""
    try:
        raws = one_by_one(_lists.decode(submission.body()), submission)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected(rejection.BAD_JSON, str(error)) from None
    if len(raws) > submission.limits.events:
        raise Rejected(rejection.TOO_MANY_EVENTS, f"more than {submission.limits.events} events")
    parsed = Parsed([])
    for index, raw in enumerate(raws):
        try:
            parsed.events.append(_event(raw, submission))
        except Rejected as refusal:
            if refusal.reason in {rejection.NO_WRITE_KEY, rejection.UNKNOWN_WRITE_KEY}:
                raise
            parsed.refused.append(Refused(index, refusal.reason, refusal.detail, raw))
    return parsed


def _event(raw: bytes, submission: Submission) -> tuple[str, bytes]:
    sent = read_object(raw, submission.limits)
    payload = sent.get("payload")
    if type(payload) is not dict:
        raise Rejected(rejection.BAD_SHAPE, "payload is a JSON object")
    website = as_id(payload.get("website"))
    source = submission.authenticate(website)
    agent, locale = client_of(submission.request)
    agent = _text(payload.get("userAgent")) or agent
    call, kind = translate(sent.get("type"), payload, submission.request.headers.get(b"origin", b"").decode("latin-1"))
    address, hidden = _text(payload.get("ip")) or submission.client_ip, ""
    if call["userId"] is None:
        call["anonymousId"] = submission.name_of_the_day(source, address, agent)
        hidden, address = address, ""
    arrival = submission.arrival(source, NAME, address, agent, locale, hidden_ip=hidden)
    return normalise(call, kind, None, arrival)


def translate(said_type: object, payload: dict[str, Any], origin: str = "") -> tuple[dict[str, Any], str]:
    """A payload in the shape of a Segment call, and its type. Raises ``Rejected``: bad-shape."""
    data = payload.get("data")
    own = dict(data) if type(data) is dict else {}
    name = payload.get("name")
    page = _page(payload, origin)
    context: dict[str, Any] = {"page": page, "vendorEvent": said_type}
    if locale := _text(payload.get("language")):
        context["locale"] = locale
    context |= {field: payload[field] for field in _KEPT if payload.get(field)}
    call: dict[str, Any] = {"userId": as_id(payload.get("id")), "context": context, "timestamp": _stated_ms(payload.get("timestamp"))}
    if said_type == "identify":
        return call | {"traits": own}, "identify"
    if said_type == "event" and not name:
        if campaign := campaign_of(page.get("url", "")):
            context["campaign"] = campaign
        return call | {"properties": {**page, **own}}, "page"
    if said_type == "event":
        return call | {"event": name, "properties": own}, "track"
    if said_type in _MEASURES:
        rest = {field: value for field, value in payload.items() if field not in _SAID_ELSEWHERE}
        return call | {"event": said_type, "properties": {**rest, **own}}, "track"
    raise Rejected(rejection.BAD_SHAPE, "type is event, identify, performance or error")


def _page(payload: dict[str, Any], origin: str) -> dict[str, str]:
    """The page as every protocol tells of it; an address without a host gets the page's own."""
    said = _text(payload.get("url"))
    host = _text(payload.get("hostname"))
    url = f"{'http' if origin.startswith('http:') else 'https'}://{host}{said}" if host and said.startswith("/") else said
    return page_of(url, payload.get("title"), payload.get("referrer"))


def _stated_ms(seconds: object) -> object:
    is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    return seconds * 1_000 if is_number else seconds  # type: ignore[operator]


def _text(value: object) -> str:
    return value if type(value) is str else ""


def _accepted(submission: Submission, parsed: Parsed) -> Answer:  # noqa: ARG001 - the port's signature
    return OK


def _accepted_batch(submission: Submission, parsed: Parsed) -> Answer:  # noqa: ARG001 - the port's signature
    taken, refused = len(parsed.events), len(parsed.refused)
    return Answer(200, orjson.dumps({"size": taken + refused, "processed": taken, "errors": refused}))


PROTOCOL: Final = WireProtocol(
    NAME,
    (
        Route("umami", b"/api/send", WRITE, parse_send, _accepted, rejected, original),
        Route("umami", b"/api/batch", WRITE, parse_batch, _accepted_batch, rejected, original),
    ),
)

"""Plausible: ``POST /api/event``, JSON that is called text, from its tracker in short names and from servers in long ones.

The domain is the write key. Plausible sends no id at all: everybody is a visitor of the day (see ``collectors.visitors``), and the
address is not kept. ``pageview`` is a page; ``engagement`` (how long, how far down) stays a track under that name.

**What clients hear.** 202 and ``ok``, as Plausible's own server answers; nothing is sent twice, whatever the status.
"""

from __future__ import annotations

from typing import Any, Final

from collectors.body import read_object
from collectors.http import Answer
from collectors.normalise import normalise
from collectors.protocols.pages import campaign_of, page_of
from collectors.protocols.port import WRITE, Parsed, Route, Submission, WireProtocol
from collectors.protocols.segment import client_of, original, rejected
from schemas import rejection
from schemas.definitions.model import Source
from schemas.errors import Rejected

NAME: Final = "plausible"
OK: Final = Answer(202, b"ok", b"text/plain")
_LONG: Final = {"name": "n", "url": "u", "domain": "d", "referrer": "r", "props": "p", "revenue": "$", "interactive": "i"}


def parse_event(submission: Submission) -> Parsed:
    """One event. Raises ``Rejected``."""
    said = read_object(submission.body(), submission.limits)
    said = {_LONG.get(field, field): value for field, value in said.items()}
    source = _source(said.get("d"), submission)
    for field in ("p", "$"):
        if type(text := said.get(field)) is str:
            said[field] = _opened(text, submission)
    agent, locale = client_of(submission.request)
    visitor = submission.name_of_the_day(source, submission.client_ip, agent)
    call, kind = translate(said)
    call["anonymousId"] = visitor
    return Parsed([normalise(call, kind, None, submission.arrival(source, NAME, "", agent, locale, hidden_ip=submission.client_ip))])


def _opened(text: str, submission: Submission) -> dict[str, Any]:
    """Properties that a client has written as JSON once more; what is none is passed over. Raises ``Rejected`` for what is too large."""
    try:
        return read_object(text.encode(errors="replace"), submission.limits)
    except Rejected as refusal:
        if refusal.reason not in {rejection.BAD_JSON, rejection.BAD_SHAPE}:
            raise
        return {}


def _source(domain: object, submission: Submission) -> Source:
    """The source of the first domain of the list that is known. Raises ``Rejected``: no-write-key, unknown-write-key."""
    domains = [each.strip() for each in domain.split(",")] if type(domain) is str else []
    for each in domains[:-1]:
        try:
            return submission.authenticate(each)
        except Rejected:
            continue
    return submission.authenticate(domains[-1] if domains else None)


def translate(said: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """An event in short names in the shape of a Segment call, and its type. Raises ``Rejected``: bad-shape."""
    url = said.get("u")
    if type(url) is not str:
        raise Rejected(rejection.BAD_SHAPE, "u (url) is a text")
    own = said.get("p")
    properties = dict(own) if type(own) is dict else {}
    page = page_of(url, referrer=said.get("r"))
    context: dict[str, Any] = {"page": page}
    if said.get("i") is False:
        context["interactive"] = False
    if campaign := campaign_of(url):
        context["campaign"] = campaign
    if said.get("n") == "pageview":
        context["vendorEvent"] = "pageview"
        return {"properties": {**page, **properties}, "context": context}, "page"
    revenue = said.get("$")
    if type(revenue) is dict:
        properties |= {name: revenue[field] for name, field in (("revenue", "amount"), ("currency", "currency")) if field in revenue}
    if said.get("n") == "engagement":
        properties |= _engagement(said)
    return {"event": said.get("n"), "properties": properties, "context": context}, "track"


def _engagement(said: dict[str, Any]) -> dict[str, Any]:
    engaged_ms, depth = said.get("e"), said.get("sd")
    found: dict[str, Any] = {}
    if isinstance(engaged_ms, (int, float)) and not isinstance(engaged_ms, bool):
        found["seconds"] = engaged_ms / 1_000
    if depth is not None:
        found["scrollDepth"] = depth
    return found


def _accepted(submission: Submission, parsed: Parsed) -> Answer:  # noqa: ARG001 - the port's signature
    return OK


PROTOCOL: Final = WireProtocol(NAME, (Route("plausible", b"/api/event", WRITE, parse_event, _accepted, rejected, original),))

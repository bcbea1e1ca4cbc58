"""Links that tell who followed them, and pixels for mails: ``GET /l/<token>`` and ``GET /p.gif?source=…&…&sig=…``.

Both are signed, so nobody but the owner of the source's secret makes events by them, or uses them to lead somewhere else. A link leads
only to origins that its source lists *now*: one that has been taken off the list leads nowhere any more.

**What people see.** A link leads on even when the event cannot be stored: who follows it did nothing wrong, and cannot send again.
A pixel is always an image. What is refused is counted; nothing of it is kept. Without a user the person is a visitor of the day.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl

from collectors.http import Answer, error_answer
from collectors.links.keys import Signed
from collectors.links.signing import SIGNATURE, Link, Sealed, is_pixel_signed, read_token
from collectors.links.targets import is_allowed
from collectors.normalise import normalise
from collectors.protocols.pages import campaign_of
from collectors.protocols.pixel import GIF
from collectors.protocols.port import READ, Parsed, Route, Submission, WireProtocol
from collectors.protocols.segment import client_of, original
from schemas import rejection
from schemas.errors import Rejected

NAME: Final = "links"
LEADS_ON_WITHIN_SECONDS: Final = 1.0
_CLICK: Final = "$click"
_FIELDS_MAX: Final = 64
_OPENED: Final = "opened"
_NOT_PROPERTIES: Final = frozenset({"source", "event", "userId", "anonymousId", "messageId"})
LINK_FAILURES_LED_ON: Final = frozenset({rejection.OVERLOADED, rejection.BROKER_AWAY, rejection.SPOOL_FULL, rejection.SPOOL_FAILED})


def parse_link(submission: Submission) -> Parsed:
    """The event of one link. HEAD is no visit: whoever asks only looks where it leads. Raises ``Rejected``."""
    link = _proven(submission)
    if submission.request.method != b"GET":
        return Parsed([])
    call: dict[str, Any] = {"event": link.event, "properties": {**link.properties, "url": link.target}, "context": {}}
    if campaign := campaign_of(link.target):
        call["context"]["campaign"] = campaign
    return Parsed([_event(call, link.user, submission, None if link.event else _CLICK)])


def parse_pixel(submission: Submission) -> Parsed:
    """The event of one pixel. Raises ``Rejected``."""
    fields = _fields(submission)
    said = [(name, value) for name, value in fields if name != SIGNATURE]
    given = [value for name, value in fields if name == SIGNATURE]
    named = dict(said)
    signed = _keys(submission, named.get("source", ""))
    if len(given) != 1 or not is_pixel_signed(given[0], said, signed.keys):
        raise Rejected(rejection.WRONG_SIGNATURE, f"source {signed.source.id}: its {SIGNATURE} is wrong")
    submission.source = signed.source
    if submission.request.method != b"GET":
        return Parsed([])
    call: dict[str, Any] = {name: named[name] for name in ("anonymousId", "messageId") if named.get(name)}
    call["event"] = named.get("event") or _OPENED
    call["properties"] = {name: value for name, value in said if name not in _NOT_PROPERTIES}
    return Parsed([_event(call, named.get("userId", ""), submission, None)])


def _event(call: dict[str, Any], user: str, submission: Submission, preset: str | None) -> tuple[str, bytes]:
    source = submission.source
    assert source is not None
    agent, locale = client_of(submission.request)
    arrival = submission.arrival(source, NAME, submission.client_ip, agent, locale)
    if user:
        call["userId"] = user
    elif "anonymousId" not in call:
        call["anonymousId"] = submission.name_of_the_day(source, submission.client_ip, agent)
        arrival.ip, arrival.hidden_ip = "", arrival.ip
    return normalise(call, "track", None, arrival, preset)


def _proven(submission: Submission) -> Link:
    sealed = _sealed(submission)
    signed = _keys(submission, sealed.link.source)
    if not sealed.is_signed(signed.keys):
        raise Rejected(rejection.WRONG_SIGNATURE, f"source {signed.source.id}: the link's signature is wrong")
    if not is_allowed(sealed.link.target, signed.source.targets):
        raise Rejected(rejection.TARGET_NOT_ALLOWED, f"source {signed.source.id}")
    submission.source = signed.source
    return sealed.link


def _sealed(submission: Submission) -> Sealed:
    try:
        return read_token(submission.request.path.rpartition(b"/")[2].decode("latin-1"))
    except ValueError:
        raise Rejected(rejection.UNKNOWN_LINK) from None


def _keys(submission: Submission, source_id: str) -> Signed:
    assert submission.keyring is not None
    return submission.keyring.links.find(source_id)


def _fields(submission: Submission) -> list[tuple[str, str]]:
    try:
        return parse_qsl(submission.request.query.decode("latin-1"), keep_blank_values=True, max_num_fields=_FIELDS_MAX)
    except ValueError:
        raise Rejected(rejection.TOO_MANY_KEYS, f"more than {_FIELDS_MAX} fields") from None


def _led_on(submission: Submission, outcome: object) -> Answer:  # noqa: ARG001 - the port's signature
    target = _sealed(submission).link.target
    headers = ((b"location", target.encode()), (b"referrer-policy", b"no-referrer"), (b"cache-control", b"no-store"))
    return Answer(302, b"", b"text/plain", headers)


def _link_rejected(submission: Submission, refusal: Rejected) -> Answer:
    if (refusal.reason in LINK_FAILURES_LED_ON and _is_proven(submission)) or (
        submission.source is not None and refusal.reason.dead_letter
    ):
        return _led_on(submission, refusal)
    return error_answer(refusal.reason, refusal.detail)


def _is_proven(submission: Submission) -> bool:
    """Whether the link may be followed; of who has waited too long for his turn nobody has looked yet."""
    try:
        if submission.source is None:
            _proven(submission)
    except Rejected:
        return False
    return True


def _image(submission: Submission, outcome: object) -> Answer:  # noqa: ARG001 - the port's signature
    return GIF


PROTOCOL: Final = WireProtocol(
    NAME,
    (
        Route("link", b"/l/*", READ, parse_link, _led_on, _link_rejected, original, answer_within_seconds=LEADS_ON_WITHIN_SECONDS),
        Route("gif", b"/p.gif", READ, parse_pixel, _image, _image, original, answer_within_seconds=LEADS_ON_WITHIN_SECONDS),
    ),
)

"""``GET /v1/hand-over?writeKey=…``: the parameter that takes a visitor along to another host, or from an app to the page that it shows.

The page, or the app, appends it to the address that it leads to. An app has no cookie and names its visitor: ``anonymousId=…``.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs

import orjson

from collectors.first_party.hand_over import LIVES_MS, PARAMETER
from collectors.http import JSON, Answer
from collectors.protocols.port import READ, Parsed, Route, Submission, WireProtocol, always
from collectors.protocols.segment import original, rejected
from schemas import rejection
from schemas.errors import Rejected

NAME: Final = "first-party"
_FIELDS_MAX: Final = 16
_NOT_FOR_OTHERS: Final = ((b"cache-control", b"no-store"), (b"cross-origin-resource-policy", b"same-site"))


def parse_hand_over(submission: Submission) -> Parsed:
    """No event. Raises ``Rejected``: no-write-key, unknown-write-key, no-hand-over, too-many-keys."""
    source = submission.authenticate(_field(submission, "writeKey"))
    visit = submission.begin_visit(source)
    if visit is None or not visit.hands_over:
        raise Rejected(rejection.NO_HAND_OVER, f"source {source.id}")
    return Parsed([])


def _field(submission: Submission, name: str) -> str:
    try:
        return parse_qs(submission.request.query.decode("latin-1"), max_num_fields=_FIELDS_MAX).get(name, [""])[0]
    except ValueError:
        raise Rejected(rejection.TOO_MANY_KEYS, f"more than {_FIELDS_MAX} fields") from None


def _accepted(submission: Submission, parsed: Parsed) -> Answer:  # noqa: ARG001 - the port's signature
    visit = submission.visit
    assert visit is not None
    value = visit.handed_on(_field(submission, "anonymousId"))
    told = {"parameter": PARAMETER, "value": value, "expiresAt": submission.received_ms + LIVES_MS}
    return Answer(200, orjson.dumps(told), JSON, _NOT_FOR_OTHERS)


PROTOCOL: Final = WireProtocol(
    NAME, (Route("hand-over", b"/v1/hand-over", READ, parse_hand_over, _accepted, rejected, original, heeds_limits=always),)
)

"""RudderStack beside what it shares with Segment: the paths that only its clients know.

``/v1/track`` and its like, ``/v1/batch`` and ``/v1/import`` are Segment's and answered there, under this protocol's name where a
client of RudderStack's speaks. Here are ``GET /sourceConfig/`` (the control plane: without it the clients for browsers and phones
send nothing), ``POST /beacon/v1/batch`` (what a page sends as it is left), ``POST /v1/merge`` and the pixel
``GET /pixel/v1/track|page``.

Statuses are Segment's, and a batch is answered with exactly 200: RudderStack's client for Python sends all again on a 202 or 204.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import orjson

from collectors.body import read_object
from collectors.http import JSON, Answer
from collectors.normalise import as_id, normalise, read_sent_ms
from collectors.protocols.pixel import PROTOCOL as PIXEL
from collectors.protocols.pixel import parse_pixel
from collectors.protocols.port import READ, WRITE, Parsed, Route, Submission, WireProtocol, always
from collectors.protocols.segment import RUDDERSTACK, accepted, header_key, identified, original, parse_batch, query_key, rejected
from schemas import rejection
from schemas.errors import Rejected

NAME: Final = RUDDERSTACK
_USER_IDS: Final = {"user_id": "userId", "userId": "userId", "anonymous_id": "anonymousId", "anonymousId": "anonymousId"}
_QUIET: Final = {"statsCollection": {"errors": {"enabled": False}, "metrics": {"enabled": False}}}


def parse_source_config(submission: Submission) -> Parsed:
    """No events, but a known key. Raises ``Rejected``: no-write-key, unknown-write-key."""
    submission.authenticate(_config_key(submission))
    return Parsed([])


def parse_merge(submission: Submission) -> Parsed:
    """Two ids of one person, ``{"mergeProperties": [{"type": "email", "value": "…"}, …]}``: an identify with both. Raises ``Rejected``."""
    key = header_key(submission.request)
    if key:
        submission.authenticate(key)
    call = read_object(submission.body(), submission.limits)
    arrival = identified(submission, call.get("writeKey"), NAME)
    sides = call.get("mergeProperties")
    if type(sides) is not list or len(sides) != 2:
        raise Rejected(rejection.BAD_SHAPE, "mergeProperties is a list of two")
    merged: dict[str, Any] = {name: call.get(name) for name in ("userId", "anonymousId", "messageId", "originalTimestamp", "timestamp")}
    merged["ids"] = ids = {}
    for side in sides:
        namespace, value = _side(side)
        if namespace in _USER_IDS:
            merged[_USER_IDS[namespace]] = value
        else:
            ids[namespace] = value
    merged["context"] = {**_object(call.get("context")), "vendorEvent": "merge"}
    return Parsed([normalise(merged, "identify", read_sent_ms(call.get("sentAt")), arrival)])


def _side(side: object) -> tuple[str, str]:
    namespace, value = (as_id(side.get("type")), as_id(side.get("value"))) if type(side) is dict else (None, None)
    if not namespace or not value:
        raise Rejected(rejection.BAD_SHAPE, "each of mergeProperties has a type and a value")
    return namespace, value


def _object(value: object) -> dict[str, Any]:
    return value if type(value) is dict else {}


def _config_key(submission: Submission) -> str | None:
    return header_key(submission.request) or query_key(submission.request)


def _source_config(submission: Submission, parsed: Parsed) -> Answer:  # noqa: ARG001 - the port's signature
    """A source that is on and has no destination but this collector, which the client was told as its data plane."""
    source = submission.source
    assert source is not None
    told: dict[str, Any] = {
        "id": source.id,
        "name": source.id,
        "writeKey": _config_key(submission),
        "enabled": True,
        "workspaceId": "ebbtide",
        "updatedAt": "1970-01-01T00:00:00.000Z",
        "config": _QUIET,
        "destinations": [],
        "dataplanes": {},
    }
    return Answer(200, orjson.dumps({"isHosted": False, "source": told}), JSON, ((b"cache-control", b"no-store"),))


def _pixels() -> tuple[Route, ...]:
    image = PIXEL.routes[0]
    return tuple(
        Route(
            f"pixel-{kind}", f"/pixel/v1/{kind}".encode(), READ, partial(parse_pixel, kind), image.accepted, image.rejected, image.original
        )
        for kind in ("page", "track")
    )


PROTOCOL: Final = WireProtocol(
    NAME,
    (
        Route("settings", b"/sourceConfig", READ, parse_source_config, _source_config, rejected, original),
        Route("settings", b"/sourceConfig/", READ, parse_source_config, _source_config, rejected, original),
        Route("batch", b"/beacon/v1/batch", WRITE, parse_batch, accepted, rejected, original),
        Route("merge", b"/v1/merge", WRITE, parse_merge, accepted, rejected, original, heeds_limits=always),
        *_pixels(),
    ),
)

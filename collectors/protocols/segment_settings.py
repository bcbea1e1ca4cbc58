"""What Segment's clients for browsers and phones ask before they send anything: ``GET /v1/projects/KEY/settings``.

The answer names one destination, this collector, under the address by which the client reached it; so a client whose settings come
from here needs to be told one host and no more.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

import orjson

from collectors.http import JSON, Answer, Request, error_answer
from collectors.protocols.port import READ, Parsed, Route, Submission
from schemas.errors import Rejected

_HOST: Final = re.compile(rb"[A-Za-z0-9.\[\]:_-]{1,255}")
# The address in it is the asker's own, so nobody else may be handed it.
_UNCACHED: Final = ((b"cache-control", b"no-store"),)


def parse_settings(submission: Submission) -> Parsed:
    """No events, but a known key. Raises ``Rejected``: unknown-write-key."""
    submission.authenticate(_key(submission.request))
    return Parsed([])


def _key(request: Request) -> str:
    return unquote(request.path.split(b"/")[3].decode("latin-1"))


def _settings(submission: Submission, parsed: Parsed) -> Answer:  # noqa: ARG001 - the port's signature
    request = submission.request
    scheme, host = own_address(request)
    destination = {
        "apiKey": _key(request),
        "apiHost": f"{host}/v1",
        "protocol": scheme,
        "unbundledIntegrations": [],
        "addBundledMetadata": True,
    }
    settings = {"integrations": {"Segment.io": destination}, "plan": {"track": {}}, "edgeFunction": {}, "middlewareSettings": {}}
    return Answer(200, orjson.dumps(settings), JSON, _UNCACHED)


def own_address(request: Request) -> tuple[str, str]:
    """Scheme and host by which the client reached this collector.

    A proxy in front says the scheme. Where it does not, a page's own tells: one on https could not have asked over http. Any
    client may say what it likes here, since only that client hears it.
    """
    host = request.headers.get(b"host", b"")
    forwarded = request.headers.get(b"x-forwarded-proto", b"").lower()
    secure = forwarded == b"https" or (forwarded != b"http" and request.headers.get(b"origin", b"").startswith(b"https:"))
    return "https" if secure else "http", host.decode("latin-1") if _HOST.fullmatch(host) else "localhost"


def _rejected(submission: Submission, refusal: Rejected) -> Answer:  # noqa: ARG001 - the port's signature
    return error_answer(refusal.reason, refusal.detail)


def _original(request: Request) -> bytes:
    return request.path


ROUTE: Final = Route("settings", b"/v1/projects/*/settings", READ, parse_settings, _settings, _rejected, _original)

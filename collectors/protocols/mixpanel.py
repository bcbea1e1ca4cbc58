"""Mixpanel: ``/track`` and ``/import`` for events, ``/engage`` for people's properties, ``/groups`` for groups'; GET and POST.

**What clients hear.** Its client for Python wants an object whose ``status`` is 1 and asks for one with ``verbose=1``; its client for
Node takes anything but a bare ``1`` for an error unless told ``verbose``. So the answer is whichever was asked for, to those that send
JSON in a body (``/import``) one that counts what came in, and with ``img=1`` an image. A body is taken apart: the good go on, each
bad record becomes a dead letter, and the client hears of success, for it would raise an error that nobody catches. Where nothing is
good, the status of ``schemas.rejection`` and ``"status": 0``, or ``0``.

**The key** is the ``token`` of the first record, else the user of Basic authentication, else ``api_key`` or ``project_id``. A record
with the key of another source is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson

from collectors.body import looks_like_json, read_object
from collectors.http import Answer, Request, safe_text
from collectors.normalise import as_id, normalise, read_sent_ms
from collectors.protocols.decoding import taken_apart
from collectors.protocols.mixpanel_body import Opened, fields_of, opened
from collectors.protocols.mixpanel_events import translate_event
from collectors.protocols.mixpanel_people import translate_group, translate_person
from collectors.protocols.pixel import GIF
from collectors.protocols.port import READ, WRITE, Parsed, Refused, Route, Submission, WireProtocol, posting
from collectors.protocols.segment import client_of, header_key
from schemas import rejection
from schemas.errors import Rejected

NAME: Final = "mixpanel"
Translate = Callable[[dict[str, Any]], tuple[dict[str, Any], str, str | None]]
"""A record → a call for ``normalise``, its type, its name of the shared vocabulary."""

_TEXT: Final = b"text/plain"
_DIGITS_MAX: Final = 20


def parse(translate: Translate, *, corrects: bool, submission: Submission) -> Parsed:
    """All records of a request; ``corrects``: the query may say when it was sent. Raises ``Rejected``."""
    found = opened(submission)
    _identify(found, submission)
    stamp = found.fields.get("_", "") if corrects else ""
    sent_ms = read_sent_ms(int(stamp)) if stamp.isascii() and stamp.isdecimal() and len(stamp) < _DIGITS_MAX else None
    # Only this field asks for the address; without it the one who sends may be a server.
    address = submission.client_ip if found.fields.get("ip") == "1" else ""
    return taken_apart(found.raws, submission, _reader(translate, address, sent_ms, submission))


def _identify(found: Opened, submission: Submission) -> None:
    """Find the source. Raises ``Rejected``: no-write-key, unknown-write-key."""
    keys = [_first_token(found, submission), header_key(submission.request), found.fields.get("api_key"), found.fields.get("project_id")]
    said = [key for key in keys if key]
    for key in said[:-1]:
        try:
            submission.authenticate(key)
        except Rejected:
            continue
        return
    submission.authenticate(said[-1] if said else None)


def _first_token(found: Opened, submission: Submission) -> str | None:
    if not found.raws:
        return None
    try:
        return _token(read_object(found.raws[0], submission.limits))
    except Rejected:
        return None


def _token(record: dict[str, Any]) -> str | None:
    properties = record.get("properties")
    inner = properties.get("token") if type(properties) is dict else None
    return as_id(record.get("$token")) or as_id(inner) or as_id(record.get("token"))


def _reader(translate: Translate, address: str, sent_ms: int | None, submission: Submission) -> Callable[[bytes], tuple[str, bytes]]:
    source = submission.source
    assert source is not None
    agent, locale = client_of(submission.request)
    arrival = submission.arrival(source, NAME, address, agent, locale)
    find = submission.find

    def read(raw: bytes) -> tuple[str, bytes]:
        record = read_object(raw, submission.limits)
        token = _token(record)
        if token and (other := find(token)) is not None and other is not source:
            raise Rejected(rejection.UNKNOWN_WRITE_KEY, "a record with the key of another source than the first")
        call, kind, preset = translate(record)
        return normalise(call, kind, sent_ms, arrival, preset)

    return read


def _accepted(submission: Submission, parsed: Parsed) -> Answer:
    if parsed.refused and not parsed.events:
        first = parsed.refused[0]
        return _failure(submission, first.reason.status, first.detail or first.reason.help, parsed)
    return _success(submission, parsed)


def _rejected(submission: Submission, refusal: Rejected) -> Answer:
    return _failure(submission, refusal.reason.status, refusal.detail or refusal.reason.help, Parsed([]))


def _success(submission: Submission, parsed: Parsed) -> Answer:
    asked = _asked(submission)
    if asked == "img":
        return GIF
    if asked == "strict":
        return _counted(200, "OK", parsed, "some records are refused" if parsed.refused else None)
    if asked == "verbose":
        return Answer(200, b'{"status":1,"error":null}')
    return Answer(200, b"1", _TEXT)


def _failure(submission: Submission, status: int, error: str, parsed: Parsed) -> Answer:
    asked = _asked(submission)
    if asked == "img":
        return GIF
    if asked == "strict":
        return _counted(status, "Bad Request" if status < 500 else "Try Again", parsed, error)
    if asked == "verbose":
        return Answer(status, orjson.dumps({"status": 0, "error": safe_text(error)}))
    return Answer(status, b"0", _TEXT)


def _counted(code: int, status: str, parsed: Parsed, error: str | None) -> Answer:
    failed = [_failed(item) for item in parsed.refused]
    said = {"code": code, "status": status, "num_records_imported": len(parsed.events), "failed_records": failed}
    return Answer(code, orjson.dumps(said if error is None else said | {"error": safe_text(error)}))


def _failed(item: Refused) -> dict[str, Any]:
    return {"index": item.index, "field": item.reason.code, "message": safe_text(item.detail) or item.reason.help}


def _asked(submission: Submission) -> str:
    """How the client wants to hear: img, verbose, plain, or strict, which is for bodies of JSON to be imported."""
    try:
        fields = fields_of(submission)
    except Rejected:
        return "verbose"
    if fields.get("img") == "1":
        return "img"
    if submission.request.path.startswith(b"/import") and "data" not in fields:
        return "strict"
    unsaid = "1" if looks_like_json(submission.request.body) else "0"
    return "verbose" if fields.get("verbose", unsaid) == "1" else "plain"


def _original(request: Request) -> bytes:
    return request.body or request.query


def _routes() -> tuple[Route, ...]:
    def routes(name: str, path: str, translate: Translate, *, corrects: bool) -> list[Route]:
        def read(submission: Submission) -> Parsed:
            return parse(translate, corrects=corrects, submission=submission)

        paths = (f"/{path}".encode(), f"/{path}/".encode())
        return [Route(name, each, READ + WRITE, read, _accepted, _rejected, _original, heeds_limits=posting) for each in paths]

    return (
        *routes("mixpanel-track", "track", translate_event, corrects=True),
        *routes("mixpanel-import", "import", translate_event, corrects=False),
        *routes("mixpanel-engage", "engage", translate_person, corrects=True),
        *routes("mixpanel-groups", "groups", translate_group, corrects=True),
    )


PROTOCOL: Final = WireProtocol(NAME, _routes())

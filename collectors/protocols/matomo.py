"""Matomo: ``/matomo.php`` and ``/piwik.php`` by GET and POST: one request in the query or a form, or many as ``{"requests": [...]}``.

**What clients hear.** The image, or 204 with ``send_image=0``; of many, how many were tracked. What is refused has its status, with
the image all the same: no client sends anything again, those for servers tell their developer, and a page shows nothing.

**The key** is ``idsite``; or, for servers, ``token_auth``, with which ``cip`` says whose address it was.

Matomo's requests carry no id of their own. One with a random number or a time is known again by its content, another never.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import orjson

from collectors.body import check_tree, looks_like_json
from collectors.http import Answer, Request
from collectors.normalise import as_id, normalise
from collectors.protocols.forms import pairs_of
from collectors.protocols.matomo_events import translate
from collectors.protocols.pixel import GIF, IMAGE
from collectors.protocols.port import READ, WRITE, Parsed, Refused, Route, Submission, WireProtocol
from collectors.protocols.repeats import Repeats
from collectors.protocols.segment import accepted as strictly_accepted
from collectors.protocols.segment import client_of, rejected
from schemas import rejection
from schemas.errors import Rejected

NAME: Final = "matomo"
_NO_IMAGE: Final = Answer(204)
_FIELDS_MAX: Final = 500
_KNOWN_AGAIN: Final = ("r", "rand", "cdt")
_NOT_CONTENT: Final = frozenset({"token_auth", "send_image", "queuedtracking", "cdo"})


class _Bulk(msgspec.Struct):
    requests: list[msgspec.Raw]
    token_auth: Any = None


_bulks: Final = msgspec.json.Decoder(_Bulk)


def parse_php(submission: Submission) -> Parsed:
    """The one action of a request, or the many of a body. Raises ``Rejected`` for one, and for what is wrong with a body as a whole."""
    body = submission.body()
    fields = _fields(submission.request.query)
    if looks_like_json(body):
        return _parse_bulk(body, fields, submission)
    return Parsed([_Reader(submission, fields.get("token_auth")).read(fields | _fields(body))])


def _parse_bulk(body: bytes, shared: dict[str, str], submission: Submission) -> Parsed:
    try:
        bulk = _bulks.decode(body)
    except msgspec.ValidationError as error:
        raise Rejected(rejection.BAD_SHAPE, str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected(rejection.BAD_JSON, str(error)) from None
    if len(bulk.requests) > submission.limits.events:
        raise Rejected(rejection.TOO_MANY_EVENTS, f"{len(bulk.requests)} requests are more than {submission.limits.events}")
    reader = _Reader(submission, as_id(bulk.token_auth) or shared.get("token_auth"))
    parsed = Parsed([])
    for index, raw in enumerate(bulk.requests):
        try:
            parsed.events.append(reader.read(_request(bytes(raw), submission)))
        except Rejected as refusal:
            if reader.source is None and refusal.reason in {rejection.NO_WRITE_KEY, rejection.UNKNOWN_WRITE_KEY}:
                raise
            parsed.refused.append(Refused(index, refusal.reason, refusal.detail, bytes(raw)))
    if reader.source is None:
        raise Rejected(rejection.NO_WRITE_KEY)
    return parsed


class _Reader:
    """Reads the actions of one request. From a page they are all of one source, whose origins it is that are asked."""

    def __init__(self, submission: Submission, token: str | None) -> None:
        self._submission = submission
        self._repeats = Repeats()
        self._agent, self._locale = client_of(submission.request)
        self._vouched = False
        if token:
            try:
                submission.authenticate(token)
                self._vouched = True
            except Rejected:
                pass  # whoever has no right to speak for others may still speak for himself
        self.source = submission.source

    def read(self, fields: dict[str, str]) -> tuple[str, bytes]:
        submission = self._submission
        source = self.source
        if not self._vouched:
            source = submission.authenticate(fields.get("idsite"))
            self.source = submission.source = self.source or source
            if source is not self.source and b"origin" in submission.request.headers:
                raise Rejected(rejection.ORIGIN_NOT_ALLOWED, "from a page, all requests are of one source")
        assert source is not None
        call, kind, preset = translate(fields, submission.received_ms)
        address, hidden = (self._vouched and fields.get("cip")) or submission.client_ip, ""
        if self._vouched and fields.get("cid"):
            call["anonymousId"] = fields["cid"]
        if not call["userId"] and not call["anonymousId"]:
            agent = fields.get("ua") or self._agent
            call["anonymousId"] = submission.name_of_the_day(source, address, agent)
            hidden, address = address, ""
        if any(name in fields for name in _KNOWN_AGAIN):
            call["messageId"] = self._repeats.name_of({name: text for name, text in fields.items() if name not in _NOT_CONTENT})
        else:
            call["messageId"] = None
        arrival = submission.arrival(source, NAME, address, self._agent, self._locale, hidden_ip=hidden)
        return normalise(call, kind, None, arrival, preset)


def _request(raw: bytes, submission: Submission) -> dict[str, str]:
    if len(raw) > submission.limits.event_bytes:
        raise Rejected(rejection.EVENT_TOO_LARGE, f"{len(raw)} bytes are more than {submission.limits.event_bytes}")
    try:
        said = orjson.loads(raw)
    except ValueError as error:
        raise Rejected(rejection.BAD_JSON, str(error)) from None
    if type(said) is str:
        return _fields(said.partition("?")[2].encode() if "?" in said[:1] else said.encode())
    if type(said) is dict:
        check_tree(said, submission.limits)
        return {name: text for name, value in said.items() if (text := as_id(value))}
    raise Rejected(rejection.BAD_SHAPE, "a request is a query or an object")


def _fields(query: bytes) -> dict[str, str]:
    try:
        return dict(pairs_of(query.decode("latin-1"), _FIELDS_MAX))
    except ValueError:
        raise Rejected(rejection.TOO_MANY_KEYS, f"more than {_FIELDS_MAX} fields") from None


def _accepted(submission: Submission, parsed: Parsed) -> Answer:
    if submission.strict and parsed.refused:
        return strictly_accepted(submission, parsed)
    if looks_like_json(submission.request.body):
        indices = [item.index for item in parsed.refused]
        told = {"status": "success", "tracked": len(parsed.events), "invalid": len(indices), "invalid_indices": indices}
        return Answer(200, orjson.dumps(told))
    return _NO_IMAGE if b"send_image=0" in submission.request.query else GIF


def _rejected(submission: Submission, refusal: Rejected) -> Answer:
    if submission.strict or looks_like_json(submission.request.body):
        return rejected(submission, refusal)
    return Answer(refusal.reason.status, IMAGE, b"image/gif", ((b"cache-control", b"no-store"),))


def _original(request: Request) -> bytes:
    return request.body or request.query


PROTOCOL: Final = WireProtocol(
    NAME,
    tuple(Route(NAME, path, READ + WRITE, parse_php, _accepted, _rejected, _original) for path in (b"/matomo.php", b"/piwik.php")),
)

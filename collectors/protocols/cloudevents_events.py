"""A CloudEvent in the shape of a Segment call.

**Name.** ``type`` is the event's name; ``ebbtide.identify``, ``ebbtide.page`` and their like are a call of that type, whose data is
the traits or the properties.

**Whose.** The extension attributes ``userid`` and ``anonymousid``, else ``userId`` and ``anonymousId`` in the data, else the
``subject``, as a user.

**Id.** An event is known by ``source`` and ``id`` together, so ours is a hash of both; two sources may count from 1.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import orjson

from collectors.normalise import TYPES, as_id
from collectors.protocols.decoding import an_object
from schemas import rejection
from schemas.errors import Rejected

_OURS: Final = "ebbtide."
_VERSIONS: Final = ("1.0", "0.3")
_SAID_ELSEWHERE: Final = frozenset({"data", "data_base64", "time", "userid", "anonymousid", "specversion"})


def translate(event: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """A call for ``normalise`` and its type. Raises ``Rejected``: bad-shape, bad-encoding, missing-name."""
    if event.get("specversion") not in _VERSIONS:
        raise Rejected(rejection.BAD_SHAPE, "specversion is 1.0")
    number, source, name = (event.get(field) for field in ("id", "source", "type"))
    if not (type(number) is str and number and type(source) is str and source):
        raise Rejected(rejection.BAD_SHAPE, "id and source are texts that are not empty")
    if type(name) is not str or not name:
        raise Rejected(rejection.MISSING_NAME, "type must be a non-empty text")
    kind = name.removeprefix(_OURS) if name.startswith(_OURS) and name.removeprefix(_OURS) in TYPES else "track"
    data = _data_of(event)
    fields = dict(an_object(data)) if isinstance(data, dict) else {} if data is None else {"data": data}
    call: dict[str, Any] = {"event": name, "messageId": _id(source, number), "timestamp": event.get("time")}
    call |= _whose(event, fields)
    call["traits" if kind in {"identify", "group"} else "properties"] = fields
    for field in {"group": ("groupId",), "alias": ("previousId",)}.get(kind, ()):
        call[field] = fields.pop(field, None)
    attributes = {field: value for field, value in event.items() if field not in _SAID_ELSEWHERE and value not in (None, "")}
    call["context"] = {"cloudevents": attributes}
    return call, kind


def header_text(value: bytes) -> str:
    """A header's value: characters beyond ASCII come as percent-encoded UTF-8, and some clients put quotes around it."""
    text = unquote_to_bytes(value).decode(errors="replace")
    return text[1:-1] if len(text) > 1 and text.startswith('"') and text.endswith('"') else text


def _id(source: str, number: str) -> str:
    return hashlib.sha256(f"{source}\0{number}".encode(errors="surrogatepass")).hexdigest()[:32]


def _whose(event: dict[str, Any], fields: dict[str, Any]) -> dict[str, str | None]:
    user = as_id(event.get("userid")) or as_id(fields.get("userId"))
    anonymous = as_id(event.get("anonymousid")) or as_id(fields.get("anonymousId"))
    if user is None and anonymous is None:
        user = as_id(event.get("subject"))
    return {"userId": user, "anonymousId": anonymous}


def _data_of(event: dict[str, Any]) -> object:
    packed = event.get("data_base64")
    if packed is None and event.get("datacontentencoding") == "base64":
        packed = event.get("data")
    if packed is None:
        return event.get("data")
    if type(packed) is not str:
        raise Rejected(rejection.BAD_SHAPE, "data_base64 is a text")
    try:
        return orjson.loads(b64decode(packed, validate=True))
    except ValueError:
        raise Rejected(rejection.BAD_ENCODING, "data_base64 is not the base64 of JSON") from None

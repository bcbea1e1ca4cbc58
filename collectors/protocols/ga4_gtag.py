"""What gtag.js sends: a query of short names, and of several events in one request a line of the body each, over the query's fields.

``ep.`` and ``up.`` come before names of parameters and of the user's properties, ``epn.`` and ``upn.`` if they are numbers. A page
load has a number, ``_p``, and a request in it another, ``_s``: with the place in the body they are the event's id.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import orjson

from collectors.protocols.decoding import placed
from collectors.protocols.ga4_events import described

_CONTEXT: Final = {
    "sid": ("sessionId",),
    "ul": ("locale",),
    "sr": ("screen", "size"),
    "uap": ("os", "name"),
    "uapv": ("os", "version"),
    "uam": ("device", "model"),
    "gcs": ("ga4", "consent"),
    "sct": ("ga4", "session_number"),
    "seg": ("ga4", "session_engaged"),
    "_et": ("ga4", "engagement_time_msec"),
}
_PAGE: Final = {"dl": "page_location", "dt": "page_title", "dr": "page_referrer"}
_ELEMENT: Final = {"link_text": "text", "link_url": "href"}


def hits(body: bytes) -> list[bytes]:
    """Each hit's own fields; without a body there is one, which has none."""
    return [line for line in body.replace(b"\r", b"").split(b"\n") if line] or [b""]


def translate_hit(fields: dict[str, str], at: int) -> tuple[dict[str, Any], str, str | None]:
    """A call for ``normalise``, its type, and its name where that is one of the shared vocabulary."""
    params: dict[str, Any] = {_PAGE[name]: value for name, value in fields.items() if name in _PAGE}
    traits: dict[str, Any] = {}
    context: dict[str, Any] = {}
    for name, value in fields.items():
        kind, _, rest = name.partition(".")
        if rest and kind in {"ep", "epn"}:
            params[rest] = number(value) if kind == "epn" else value
        elif rest and kind in {"up", "upn"}:
            traits[rest] = number(value) if kind == "upn" else value
        elif name in _CONTEXT and value:
            placed(context, _CONTEXT[name], value)
    if fields.get("cu"):
        params.setdefault("currency", fields["cu"])
    own = {name: value for name, value in params.items() if name not in _PAGE.values()}
    call: dict[str, Any] = {"event": fields.get("en"), "userId": fields.get("uid"), "anonymousId": fields.get("cid"), "traits": traits}
    call["messageId"] = _id(fields, at)
    call |= {"properties": own, "context": context}
    kind = described(call, fields.get("en"), own, context, params)
    if fields.get("en") == "click" and "link_url" in own:
        context["vendorEvent"] = "click"
        own |= {known: own.pop(said) for said, known in _ELEMENT.items() if said in own}
        return call, kind, "$click"
    return call, kind, None


def number(text: str) -> object:
    """A JSON number as one; anything else stays text."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return value if type(value) in {int, float} else text


def _id(fields: dict[str, str], at: int) -> str | None:
    if "_p" not in fields or "_s" not in fields:
        return None
    return hashlib.sha256(orjson.dumps([fields, at], option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]

"""Snowplow's events, flat maps of texts, in the shape of Segment's calls.

**Names.** ``pv`` is a page, ``pp`` is ``page_ping``, ``se`` has its action for a name, ``tr`` and ``ti`` are ``transaction`` and
``transaction_item``. A self-describing event has the name of its schema; those of Snowplow's own for which there is a word in the
shared vocabulary get it. ``context.schema`` keeps the whole name.

**Contexts** are ``context.entities``: a list for each name of a schema.
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.body import Limits
from collectors.normalise import as_id
from collectors.protocols.pages import campaign_of, page_of
from collectors.protocols.snowplow_values import json_of, milliseconds
from collectors.protocols.texts import number, size
from schemas import rejection
from schemas.errors import Rejected

_SCHEMA: Final = re.compile(r"iglu:([^/]+)/([^/]+)/[^/]+/[^/]+\Z")
_OWN_VENDOR: Final = "com.snowplowanalytics."
_KINDS: Final = {"screen_view": "screen"}
_PRESETS: Final = {
    "link_click": "$click",
    "button_click": "$click",
    "uri_redirect": "$click",
    "application_foreground": "$show",
    "application_background": "$hide",
}
_OF_CLICKS: Final = {
    "targetUrl": "href",
    "uri": "href",
    "elementId": "id",
    "elementContent": "text",
    "elementClasses": "classes",
    "label": "text",
}
_PING: Final = {"pp_mix": "minX", "pp_max": "maxX", "pp_miy": "minY", "pp_may": "maxY"}
_STRUCTURED: Final = {"se_ca": "category", "se_la": "label", "se_pr": "property", "se_va": "value"}
_TRANSACTION: Final = {
    "tr_id": "orderId",
    "tr_af": "affiliation",
    "tr_tt": "total",
    "tr_tx": "tax",
    "tr_sh": "shipping",
    "tr_ci": "city",
    "tr_st": "state",
    "tr_co": "country",
    "tr_cu": "currency",
}
_ITEM: Final = {
    "ti_id": "orderId",
    "ti_sk": "sku",
    "ti_nm": "name",
    "ti_na": "name",
    "ti_ca": "category",
    "ti_pr": "price",
    "ti_qu": "quantity",
    "ti_cu": "currency",
}
_NUMBERS: Final = frozenset({"se_va", "tr_tt", "tr_tx", "tr_sh", "ti_pr", "ti_qu", *_PING})
_CONTEXT: Final = {"ua": "userAgent", "lang": "locale", "tz": "timezone", "ip": "ip", "sid": "sessionId"}
_SIZES: Final = {"res": "screen", "vp": "viewport"}
_LIBRARY: Final = re.compile(r"(.+?)-([0-9].*)\Z")


class Call:
    """A call for ``normalise``: ``kind`` is its type, ``preset`` its name where that is one of the shared vocabulary."""

    __slots__ = ("call", "kind", "preset")

    def __init__(self, kind: str, event: object = None, preset: str | None = None) -> None:
        self.kind = kind
        self.preset = preset
        self.call: dict[str, Any] = {"event": event, "properties": {}, "context": {}}


def translate(fields: dict[str, str], limits: Limits) -> Call:
    """One event. Raises ``Rejected``: bad-shape, bad-encoding, bad-json and what else is wrong with the JSON in it."""
    found = _named(fields, limits)
    call, context = found.call, found.call["context"]
    page = page_of(fields.get("url", ""), fields.get("page"), fields.get("refr"))
    if page:
        context["page"] = page
    if campaign := campaign_of(fields.get("url", "")):
        context["campaign"] = campaign
    if found.kind == "page":
        call["properties"] = dict(page)
    context |= {name: fields[key] for key, name in _CONTEXT.items() if fields.get(key)}
    context |= {name: found_size for key, name in _SIZES.items() if (found_size := size(fields.get(key, "")))}
    if library := _LIBRARY.match(fields.get("tv", "")):
        context["library"] = {"name": f"snowplow-{library[1]}", "version": library[2]}
    if fields.get("aid"):
        context["app"] = {"id": fields["aid"]}
    entities = _entities(fields, limits)
    if entities:
        context["entities"] = entities
    call |= _whose(fields, entities)
    call["messageId"] = fields.get("eid")
    call["timestamp"] = milliseconds(fields.get("ttm") or fields.get("dtm"))
    return found


def sent_ms(fields: dict[str, str], received_ms: int) -> int | None:
    """When the client says it sent the event. The one for Python knows whole seconds only: of that second, the millisecond that
    moves the event's time least. A ``ttm`` is a time that the client vouches for.
    """
    said = milliseconds(fields.get("stm"))
    if fields.get("ttm") or type(said) is not int:
        return None
    return said if said % 1_000 else min(max(received_ms, said), said + 999)


def _named(fields: dict[str, str], limits: Limits) -> Call:
    kind = fields.get("e")
    if kind == "ue":
        return _self_describing(fields, limits)
    if kind == "pv":
        found = Call("page")
    elif kind == "pp":
        found = Call("track", "page_ping")
        found.call["properties"] = _picked(fields, _PING)
    elif kind == "se":
        found = Call("track", fields.get("se_ac"))
        found.call["properties"] = _picked(fields, _STRUCTURED)
    elif kind == "tr":
        found = Call("track", "transaction")
        found.call["properties"] = _picked(fields, _TRANSACTION)
    elif kind == "ti":
        found = Call("track", "transaction_item")
        found.call["properties"] = _picked(fields, _ITEM)
    else:
        raise Rejected(rejection.BAD_SHAPE, "e is one of pv, pp, ue, se, tr, ti")
    if kind != "se":
        found.call["context"]["vendorEvent"] = kind
    return found


def _self_describing(fields: dict[str, str], limits: Limits) -> Call:
    outer = json_of(fields, "ue_pr", "ue_px", limits)
    inner = outer.get("data") if outer is not None else None
    schema = inner.get("schema") if type(inner) is dict else None
    parts = _SCHEMA.match(schema) if type(schema) is str else None
    if type(inner) is not dict or parts is None:
        raise Rejected(rejection.BAD_SHAPE, "ue_pr or ue_px holds no event with an iglu: schema")
    data = inner.get("data")
    properties = dict(data) if type(data) is dict else {}
    vendor, name = parts[1], parts[2]
    own = vendor.startswith(_OWN_VENDOR)
    kind, preset = (_KINDS.get(name, "track"), _PRESETS.get(name)) if own else ("track", None)
    found = Call(kind, name, preset)
    if preset == "$click":
        properties = {_OF_CLICKS.get(field, field): value for field, value in properties.items()}
    found.call["properties"] = properties
    found.call["context"]["schema"] = schema
    if preset or kind != "track":
        found.call["context"]["vendorEvent"] = name
    return found


def _entities(fields: dict[str, str], limits: Limits) -> dict[str, list[Any]]:
    outer = json_of(fields, "co", "cx", limits)
    listed = outer.get("data") if outer is not None else None
    entities: dict[str, list[Any]] = {}
    for entity in listed if type(listed) is list else ():
        schema = entity.get("schema") if type(entity) is dict else None
        parts = _SCHEMA.match(schema) if type(schema) is str else None
        if parts is not None:
            entities.setdefault(parts[2], []).append(entity.get("data"))
    return entities


def _whose(fields: dict[str, str], entities: dict[str, list[Any]]) -> dict[str, str | None]:
    device = fields.get("duid") or fields.get("nuid") or fields.get("tnuid")
    sessions = entities.get("client_session")
    if not device and sessions and type(sessions[0]) is dict:
        device = as_id(sessions[0].get("userId"))
    return {"userId": fields.get("uid"), "anonymousId": device}


def _picked(fields: dict[str, str], names: dict[str, str]) -> dict[str, Any]:
    return {name: number(fields[key]) if key in _NUMBERS else fields[key] for key, name in names.items() if fields.get(key)}

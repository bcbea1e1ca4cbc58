"""Matomo's requests, flat maps of texts, in the shape of Segment's calls.

**Names.** One request is one action, the first of: a goal (``goal``; ``order_completed`` and ``cart_updated`` of a shop), ``ping``, an
event (its action is the name), content (``content_impression``, ``content_interaction``), ``site_search``, an outlink (``$click``),
``download``, else a page.

**Junk.** What the tracker for browsers could not find out is sent as ``undefined``; that is nothing.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from collectors.protocols.pages import campaign_of, page_of
from collectors.protocols.texts import number, size

_JUNK: Final = frozenset({"", "undefined", "null", "NaN"})
_DIMENSION: Final = re.compile(r"dimension[0-9]{1,3}\Z")
_EVENT: Final = {"e_c": "category", "e_n": "name", "e_v": "value"}
_SEARCH: Final = {"search": "keyword", "search_cat": "category", "search_count": "results"}
_CONTENT: Final = {"c_n": "name", "c_p": "piece", "c_t": "target", "c_i": "interaction"}
_ORDER: Final = {"ec_id": "orderId", "revenue": "revenue", "ec_st": "subtotal", "ec_tx": "tax", "ec_sh": "shipping", "ec_dt": "discount"}
_GOAL: Final = {"idgoal": "goal", "revenue": "revenue"}
_PRODUCT: Final = {"_pks": "sku", "_pkn": "name", "_pkc": "category", "_pkp": "price"}
_ITEM: Final = ("sku", "name", "category", "price", "quantity")
_NUMBERS: Final = frozenset({"e_v", "search_count", "revenue", "ec_st", "ec_tx", "ec_sh", "ec_dt", "_pkp"})
_CONTEXT: Final = {"ua": "userAgent", "lang": "locale", "pv_id": "pageViewId"}
_CAMPAIGN: Final = {"_rcn": "name", "_rck": "term"}
_PERFORMANCE: Final = {
    "pf_net": "network",
    "pf_srv": "server",
    "pf_tfr": "transfer",
    "pf_dm1": "domProcessing",
    "pf_dm2": "domCompletion",
    "pf_onl": "onload",
}


def translate(said: dict[str, str], received_ms: int) -> tuple[dict[str, Any], str, str | None]:
    """A request's call for ``normalise``, its type, and its name where that is one of the shared vocabulary."""
    fields = {name: value for name, value in said.items() if value not in _JUNK}
    kind, name, properties = _action(fields)
    page = page_of(fields.get("url", ""), fields.get("action_name"), fields.get("urlref"))
    if kind == "page":
        properties = {**page, **properties}
    properties |= {field: value for field, value in fields.items() if _DIMENSION.match(field)}
    if variables := _variables(fields.get("cvar")):
        properties["customVariables"] = variables
    preset = name if name and name.startswith("$") and "link" in fields else None
    call: dict[str, Any] = {"event": name, "properties": properties, "context": _context(fields, page), "userId": fields.get("uid")}
    call["anonymousId"] = fields.get("_id")
    call["timestamp"] = _stated(fields, received_ms)
    return call, kind, preset


def _action(fields: dict[str, str]) -> tuple[str, str | None, dict[str, Any]]:
    name: str | None = None
    if "idgoal" in fields:
        name, properties = _goal(fields)
    elif "ping" in fields:
        name, properties = "ping", {}
    elif "e_c" in fields or "e_a" in fields:
        name, properties = fields.get("e_a"), _picked(fields, _EVENT)
    elif "c_n" in fields:
        name, properties = "content_interaction" if "c_i" in fields else "content_impression", _picked(fields, _CONTENT)
    elif "search" in fields:
        name, properties = "site_search", _picked(fields, _SEARCH)
    elif "link" in fields:
        name, properties = "$click", {"href": fields["link"]}
    elif "download" in fields:
        name, properties = "download", {"href": fields["download"]}
    else:
        product = _picked(fields, _PRODUCT)
        return "page", None, {"product": product} if product else {}
    return "track", name, properties


def _goal(fields: dict[str, str]) -> tuple[str, dict[str, Any]]:
    if fields["idgoal"] != "0":
        return "goal", _picked(fields, _GOAL)
    properties = _picked(fields, _ORDER)
    items = _json(fields.get("ec_items"))
    if type(items) is list:
        properties["products"] = [dict(zip(_ITEM, item, strict=False)) for item in items if type(item) is list]
    return "order_completed" if "ec_id" in fields else "cart_updated", properties


def _context(fields: dict[str, str], page: dict[str, str]) -> dict[str, Any]:
    context: dict[str, Any] = {"page": page} if page else {}
    campaign = {**campaign_of(fields.get("url", "")), **_picked(fields, _CAMPAIGN)}
    if campaign:
        context["campaign"] = campaign
    context |= _picked(fields, _CONTEXT)
    if screen := size(fields.get("res", "")):
        context["screen"] = screen
    if variables := _variables(fields.get("_cvar")):
        context["customVariables"] = variables
    if performance := {name: number(fields[field]) for field, name in _PERFORMANCE.items() if field in fields}:
        context["performance"] = performance
    hints = _json(fields.get("uadata"))
    if type(hints) is dict and hints:
        context["userAgentData"] = hints
    return context


def _stated(fields: dict[str, str], received_ms: int) -> object:
    """When it happened: ``cdt``, seconds since 1970 or a date and time of UTC; less ``cdo`` seconds, of which there may be no more."""
    said = fields.get("cdt")
    ago = number(fields.get("cdo", ""))
    ago_ms = abs(int(ago * 1_000)) if isinstance(ago, int | float) else 0
    if said is None:
        return received_ms - ago_ms if ago_ms else None
    if said.isascii() and said.isdecimal():
        return int(said[:20]) * 1_000 - ago_ms
    try:
        return int(datetime.strptime(said, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()) * 1_000 - ago_ms
    except ValueError:
        return said


def _variables(text: str | None) -> dict[str, Any]:
    """``{"1": ["plan", "pro"]}`` as ``{"plan": "pro"}``."""
    said = _json(text)
    pairs = said.values() if type(said) is dict else ()
    return {pair[0]: pair[1] for pair in pairs if type(pair) is list and len(pair) == 2 and type(pair[0]) is str}


def _json(text: str | None) -> object:
    try:
        return orjson.loads(text) if text else None
    except ValueError:
        return None


def _picked(fields: dict[str, str], names: dict[str, str]) -> dict[str, Any]:
    return {name: number(fields[field]) if field in _NUMBERS else fields[field] for field, name in names.items() if field in fields}

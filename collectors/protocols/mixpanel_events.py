"""Mixpanel's events in the shape of Segment's calls.

**Whose.** A ``distinct_id`` is a user's, unless it is the device's own: ``$device:…``, or the same as ``$device_id``. With
``$user_id`` the user and the device are both said. ``$identify`` ties the anonymous id to the user; if what it names as the former
id is no device's, somebody else was logged in before on that device, and the two stay two people.

**Times** are seconds or milliseconds; what is less than 10¹¹ is seconds (a year far ahead), all else milliseconds.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import orjson

from collectors.normalise import as_id
from collectors.protocols.decoding import object_at, placed
from schemas import rejection
from schemas.errors import Rejected

_DEVICE: Final = "$device:"
_SECONDS_BELOW: Final = 1e11
_DIGITS_MAX: Final = 20
_KINDS: Final = {
    "$identify": "identify",
    "$create_alias": "alias",
    "$merge": "alias",
    "$mp_web_page_view": "page",
    "$mp_page_view": "page",
}
_PRESETS: Final = {"$mp_click": "$click", "$ae_session_start": "$launch"}
_NOT_PROPERTIES: Final = frozenset(
    {"token", "distinct_id", "time", "$insert_id", "$anon_distinct_id", "$anon_id", "$identified_id", "$distinct_ids"}
    | {"$device_id", "$user_id", "alias"}
)
_PAGE: Final = {
    "$current_url": "url",
    "current_url": "url",
    "current_url_path": "path",
    "current_page_title": "title",
    "$referrer": "referrer",
}
_CONTEXT: Final = {
    "mp_lib": ("library", "name"),
    "$lib_version": ("library", "version"),
    "ip": ("ip",),
    "$ip": ("ip",),
    "$os": ("os", "name"),
    "$os_version": ("os", "version"),
    "$device": ("device", "type"),
    "$model": ("device", "model"),
    "$manufacturer": ("device", "manufacturer"),
    "$brand": ("device", "brand"),
    "$app_version_string": ("app", "version"),
    "$app_build_number": ("app", "build"),
    "$screen_width": ("screen", "width"),
    "$screen_height": ("screen", "height"),
    "$city": ("location", "city"),
    "$region": ("location", "region"),
    "mp_country_code": ("location", "country"),
    "$latitude": ("location", "latitude"),
    "$longitude": ("location", "longitude"),
    "$carrier": ("network", "carrier"),
}
_CAMPAIGN: Final = {"utm_source": "source", "utm_medium": "medium", "utm_campaign": "name", "utm_term": "term", "utm_content": "content"}
_ELEMENT: Final = {"$el_text": "text", "$el_tag_name": "element", "$attr-href": "href"}


def translate_event(event: dict[str, Any]) -> tuple[dict[str, Any], str, str | None]:
    """A call for ``normalise``, its type, and its name where that is one of the shared vocabulary. Raises ``Rejected``: bad-shape."""
    name = event.get("event")
    properties = object_at(event, "properties")
    known = name if type(name) is str else ""
    kind, preset = _KINDS.get(known, "track"), _PRESETS.get(known)
    own, context = _sorted(properties)
    if kind == "page":
        own = {**context.get("page", {}), **own}
    if preset == "$click":
        own |= {field: properties[said] for said, field in _ELEMENT.items() if type(properties.get(said)) is str}
    if preset or kind != "track":
        context["vendorEvent"] = known
    call: dict[str, Any] = {"event": name, "messageId": as_id(properties.get("$insert_id")), "timestamp": stated_ms(properties.get("time"))}
    call |= _whose(known, properties) | {"properties": own, "context": context}
    if kind == "alias" and call["messageId"] is None:
        # No client gives it an id or a time; whoever says again that two ids are one person says nothing new.
        call["messageId"] = hashlib.sha256(orjson.dumps(properties, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
    return call, kind, preset


def stated_ms(value: object) -> object:
    """A time of Mixpanel's in milliseconds; what is no number is left as it is."""
    if type(value) is str and value.isascii() and value.isdecimal() and len(value) < _DIGITS_MAX:
        value = int(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _SECONDS_BELOW:
        return value * 1_000
    return value


def whose_profile(distinct: str | None, device: str | None = None) -> dict[str, str | None]:
    """Whom a ``distinct_id`` names: the user, or a device that nobody is logged in on."""
    if distinct is not None and distinct.startswith(_DEVICE):
        return {"userId": None, "anonymousId": distinct.removeprefix(_DEVICE) or None}
    if distinct is None or distinct == device:
        return {"userId": None, "anonymousId": device}
    return {"userId": distinct, "anonymousId": device}


def _whose(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    distinct, device, user = (as_id(properties.get(field)) for field in ("distinct_id", "$device_id", "$user_id"))
    if name == "$identify":
        return _identified(as_id(properties.get("$identified_id")) or user or distinct, device, properties)
    if name == "$create_alias":
        return _alias(distinct, as_id(properties.get("alias")), device)
    if name == "$merge":
        both = properties.get("$distinct_ids")
        if type(both) is not list or len(both) != 2:
            raise Rejected(rejection.BAD_SHAPE, "$distinct_ids is a list of two ids")
        return _alias(as_id(both[0]), as_id(both[1]), device)
    if user:
        return {"userId": user, "anonymousId": device}
    return whose_profile(distinct, device)


def _identified(user: str | None, device: str | None, properties: dict[str, Any]) -> dict[str, str | None]:
    former = as_id(properties.get("$anon_id")) or as_id(properties.get("$anon_distinct_id"))
    former = former and former.removeprefix(_DEVICE)
    return {"userId": user, "anonymousId": former if device is None else device}


def _alias(one: str | None, other: str | None, device: str | None) -> dict[str, str | None]:
    """Two ids of one person, whichever way round: a user's names the event, a device's is the anonymous id."""
    first, second = whose_profile(one, device), whose_profile(other, device)
    if first["userId"] is None and second["userId"] is not None:
        first, second = second, first
    user, previous = first["userId"], second["userId"] or second["anonymousId"]
    if user is None:
        return first | {"previousId": previous}
    return {"userId": user, "anonymousId": second["anonymousId"] if second["userId"] is None else None, "previousId": previous}


def _sorted(properties: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Properties and context. Of two names for one place the first in the client's order counts."""
    own: dict[str, Any] = {}
    context: dict[str, Any] = {}
    for name, value in properties.items():
        if name in _NOT_PROPERTIES or value is None:
            continue
        if name in _PAGE:
            if value != "$direct":
                placed(context, ("page", _PAGE[name]), value)
        elif name in _CONTEXT:
            placed(context, _CONTEXT[name], value)
        elif name.startswith("$"):
            placed(context, ("mixpanel", name), value)
        else:
            own[name] = value
        if name in _CAMPAIGN:
            placed(context, ("campaign", _CAMPAIGN[name]), value)
    if type(context.get("ip")) is not str:
        context.pop("ip", None)
    return own, context

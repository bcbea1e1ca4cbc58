"""GrowingIO's events in the shape of Segment's calls.

**Values.** Its clients turn every value of a developer's into text. What is written exactly as JavaScript writes a number, of at most
nine digits before the point, becomes that number again; longer ones, phone numbers and ids of orders, stay text.
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.normalise import as_id
from collectors.protocols.repeats import Repeats, digest

_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{0,14}[1-9])?\Z")
_ATTRIBUTES: Final = frozenset({"LOGIN_USER_ATTRIBUTES", "VISITOR_ATTRIBUTES"})
_PRESETS: Final = {"VIEW_CLICK": "$click", "APP_CLOSED": "$hide"}
_CUSTOM_PRESETS: Final = {"$mp_on_share": "$share", "$mp_share_timeline": "$share", "$mp_add_favorites": None}
_CLICK: Final = {"textValue": "text", "hyperlink": "href", "xpath": "xpath", "xcontent": "selector", "index": "index"}
_KEYS: Final = {"phone": "phone", "mobile": "phone", "email": "email"}
_CONTEXT: Final = {
    "language": ("locale",),
    "userAgent": ("userAgent",),
    "sessionId": ("sessionId",),
    "appName": ("app", "name"),
    "appVersion": ("app", "version"),
    "appChannel": ("app", "channel"),
    "operatingSystem": ("os", "name"),
    "platformVersion": ("os", "version"),
    "deviceBrand": ("device", "brand"),
    "deviceModel": ("device", "model"),
    "deviceType": ("device", "type"),
    "networkState": ("network", "type"),
    "screenWidth": ("screen", "width"),
    "screenHeight": ("screen", "height"),
    "platform": ("library", "platform"),
    "sdkVersion": ("library", "version"),
}
_SAID_ELSEWHERE: Final = frozenset(
    {
        *("eventType", "eventName", "timestamp", "deviceId", "userId", "userKey", "attributes", "eventSequenceId", "dataSourceId"),
        *("domain", "path", "query", "title", "referralPage", "protocolType", "projectKey", "sendTime", "gioId"),
        *_CONTEXT,
        *_CLICK,
    }
)


def translate(event: dict[str, Any]) -> tuple[dict[str, Any], str, str | None]:
    """An event's call for ``normalise``, its type, and its name where that is one of the shared vocabulary."""
    vendors = as_id(event.get("eventType")) or ""
    own = _values(event.get("attributes"))
    context = _context(event)
    page = _page(event)
    if page:
        context["page"] = page
    call: dict[str, Any] = {"timestamp": event.get("timestamp"), "context": context, **_whose(event)}
    if vendors == "CUSTOM":
        name = event.get("eventName")
        preset = _CUSTOM_PRESETS.get(name) if type(name) is str else None
        if preset:
            context["vendorEvent"] = name
        return call | {"event": name, "properties": own}, "track", preset
    context["vendorEvent"] = vendors
    if vendors in _ATTRIBUTES:
        return call | {"traits": own}, "identify", None
    if vendors == "PAGE":
        return call | {"properties": {**page, **own}}, "page", None
    preset = _PRESETS.get(vendors)
    if vendors == "VISIT" and event.get("platform") != "web":
        preset = "$launch"
    if vendors in {"VIEW_CLICK", "VIEW_CHANGE"}:
        own = {**{name: event[field] for field, name in _CLICK.items() if event.get(field) is not None}, **own}
    return call | {"event": vendors.lower(), "properties": own}, "track", preset


class Namer:
    """Gives events ids by which they are known when they are sent again: device, session and number where they have one, else all
    that they say. Attributes of users, and all that clients for servers send, have no number.
    """

    def __init__(self) -> None:
        self._repeats = Repeats()

    def name_of(self, event: dict[str, Any]) -> str | None:
        """32 hexadecimal digits; None if the event does not say when it happened."""
        if event.get("timestamp") is None:
            return None
        if event.get("eventSequenceId") is not None and event.get("sessionId"):
            return digest([event.get(field) for field in ("deviceId", "sessionId", "eventSequenceId", "eventType", "timestamp")])
        return self._repeats.name_of({field: value for field, value in event.items() if field != "sendTime"})


def _whose(event: dict[str, Any]) -> dict[str, Any]:
    user, key = as_id(event.get("userId")), as_id(event.get("userKey"))
    namespace = _KEYS.get(key.lower()) if key else None
    ids = {namespace: user} if namespace and user else {}
    return {"userId": None if ids else user, "anonymousId": as_id(event.get("deviceId")), "ids": ids}


def _page(event: dict[str, Any]) -> dict[str, str]:
    """On the web an address is put together of its parts; a mini-program's page is a path, and its domain the app's id."""
    path, domain, query = (as_id(event.get(field)) or "" for field in ("path", "domain", "query"))
    if not path:
        return {}
    url = path
    if event.get("platform") == "web" and domain:
        protocol = as_id(event.get("protocolType")) or "https"
        url = f"{protocol}://{domain}{path}"
    found = {"url": f"{url}?{query}" if query else url, "path": path, "title": event.get("title"), "referrer": event.get("referralPage")}
    return {field: value for field, value in found.items() if type(value) is str and value}


def _context(event: dict[str, Any]) -> dict[str, Any]:
    context: dict[str, Any] = {}
    for field, (*above, last) in _CONTEXT.items():
        value = event.get(field)
        if value is not None and value != "":
            (context.setdefault(above[0], {}) if above else context)[last] = value
    if event.get("platform") == "MinP" and event.get("domain"):
        context.setdefault("app", {})["id"] = event["domain"]
    rest = {field: value for field, value in event.items() if field not in _SAID_ELSEWHERE and value is not None}
    if key := as_id(event.get("userKey")):
        rest["userKey"] = key
    if rest:
        context["growingio"] = rest
    return context


def _values(attributes: object) -> dict[str, Any]:
    if type(attributes) is not dict:
        return {}
    return {name: _number(value) if type(value) is str else value for name, value in attributes.items()}


def _number(text: str) -> float | int | str:
    if not _NUMBER.match(text) or text == "-0":
        return text
    return float(text) if "." in text else int(text)

"""Amplitude's events in the shape of Segment's calls.

**Names.** What its clients track by themselves gets its word of the shared vocabulary, and ``context.vendorEvent`` keeps Amplitude's.

**Traits.** ``user_properties`` are traits, bare ones and those under ``$set``; ``$unset`` makes traits that are null. ``$setOnce``
does not: a trait here is always the newest value, so the second "once" would overwrite the first. It, ``$add``, ``$append`` and
their like stay readable in ``context.amplitude``.
"""

from __future__ import annotations

from typing import Any, Final

from collectors.normalise import as_id
from collectors.protocols.decoding import an_object, object_at, placed

_PREFIX: Final = "[Amplitude] "
_KINDS: Final = {
    "$identify": "identify",
    "$groupidentify": "group",
    "[Amplitude] Page Viewed": "page",
    "[Amplitude] Screen Viewed": "screen",
}
_PRESETS: Final = {
    "[Amplitude] Element Clicked": "$click",
    "[Amplitude] Element Interacted": "$click",
    "[Amplitude] Application Backgrounded": "$hide",
    "[Amplitude] Application Opened": "$show",
}
_PAGE: Final = {"Page URL": "url", "Page Location": "url", "Page Path": "path", "Page Title": "title"}
_ELEMENT: Final = {"Element Text": "text", "Element Tag": "element", "Element Href": "href"}
_CONTEXT: Final = {
    "app_version": ("app", "version"),
    "version_name": ("app", "version"),
    "os_name": ("os", "name"),
    "os_version": ("os", "version"),
    "device_brand": ("device", "brand"),
    "device_manufacturer": ("device", "manufacturer"),
    "device_model": ("device", "model"),
    "carrier": ("network", "carrier"),
    "country": ("location", "country"),
    "region": ("location", "region"),
    "city": ("location", "city"),
    "location_lat": ("location", "latitude"),
    "location_lng": ("location", "longitude"),
    "language": ("locale",),
    "user_agent": ("userAgent",),
    "groups": ("groups",),
}
_PROPERTIES: Final = ("price", "quantity", "revenue", "productId", "revenueType", "currency")
_REVENUE: Final = ("$price", "$quantity", "$revenue", "$productId", "$revenueType", "$currency")
_SAID_ELSEWHERE: Final = frozenset(
    {"user_id", "device_id", "event_type", "time", "insert_id", "event_properties", "user_properties", "group_properties"}
    | {"client_upload_time", "ip", "session_id", "library", *_PROPERTIES}
)


def translate(event: dict[str, Any]) -> tuple[dict[str, Any], str, str | None]:
    """A call for ``normalise``, its type, and its name where that is one of the shared vocabulary. Raises ``Rejected``: bad-shape."""
    name = event.get("event_type")
    known = name if type(name) is str else ""
    kind, preset = _KINDS.get(known, "track"), _PRESETS.get(known)
    own = dict(object_at(event, "event_properties"))
    context = _context(event)
    if known == "[Amplitude] Application Opened" and own.get("[Amplitude] From Background") is False:
        preset = "$launch"
    if preset or kind != "track":
        context["vendorEvent"] = known
    call: dict[str, Any] = {
        "event": name,
        "messageId": as_id(event.get("insert_id")) or as_id(event.get("uuid")),
        "timestamp": event.get("time", event.get("timestamp")),
    }
    call |= {"userId": as_id(event.get("user_id")), "anonymousId": as_id(event.get("device_id")), "context": context}
    if kind == "group":
        _be_group(call, event, own)
    else:
        call["traits"] = _traits(object_at(event, "user_properties"), context, "userProperties")
    if kind == "page":
        own, context["page"] = _page(own)
    elif kind == "screen":
        call["name"] = own.pop("[Amplitude] Screen Name", None)
    elif preset == "$click":
        own = _renamed(own, _ELEMENT)
    call["properties"] = own | {field: event[field] for field in _PROPERTIES if event.get(field) is not None}
    for field in _REVENUE:
        if known == "revenue_amount" and field in own:
            call["properties"][field[1:]] = call["properties"].pop(field)
    return call, kind, preset


def _be_group(call: dict[str, Any], event: dict[str, Any], own: dict[str, Any]) -> None:
    """The group and its properties. Told for nobody in particular, it is nobody's: then its name serves as the anonymous id."""
    kind, name = event.get("group_type"), event.get("group_value")
    for said, names in an_object(event.get("groups")).items():
        kind, name = said, names[0] if type(names) is list and names else names
        break
    group = as_id(name)
    own["groupType"] = kind
    call |= {"groupId": group, "traits": _traits(object_at(event, "group_properties"), call["context"], "groupProperties")}
    if group and call["userId"] is None and call["anonymousId"] is None:
        call["anonymousId"] = f"${kind}_{group}"


def _traits(said: dict[str, Any], context: dict[str, Any], field: str) -> dict[str, Any]:
    traits = {name: value for name, value in said.items() if not name.startswith("$")} | an_object(said.get("$set"))
    gone = said.get("$unset")
    if isinstance(gone, (dict, list)):
        traits |= {name: None for name in gone if type(name) is str}
    rest = {name: value for name, value in said.items() if name.startswith("$") and name not in {"$set", "$unset"}}
    if rest:
        placed(context, ("amplitude", field), rest)
    return traits


def _context(event: dict[str, Any]) -> dict[str, Any]:
    """What all protocols know goes where it stands for all of them, what only Amplitude knows into ``amplitude``."""
    context: dict[str, Any] = {}
    for field, value in event.items():
        if value is None or field in _SAID_ELSEWHERE:
            continue
        placed(context, _CONTEXT.get(field, ("amplitude", field)), value)
    session, address, library = event.get("session_id"), event.get("ip"), event.get("library")
    if isinstance(session, (int, str)) and session != -1:
        context["sessionId"] = session
    if type(address) is str and address and not address.startswith("$"):
        context["ip"] = address
    if type(library) is str:
        name, _, version = library.partition("/")
        context["library"] = {"name": name, "version": version}
    return context


def _page(own: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    own = _renamed(own, _PAGE)
    return own, {field: own[field] for field in ("url", "path", "title", "referrer") if type(own.get(field)) is str and own[field]}


def _renamed(own: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Amplitude's own properties under the names of all protocols, of two for one place the first; the rest as it was."""
    found: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for name, value in own.items():
        known = names.get(name.removeprefix(_PREFIX)) if name.startswith(_PREFIX) else None
        if known is None:
            rest[name] = value
        else:
            found.setdefault(known, value)
    return {**found, **rest}

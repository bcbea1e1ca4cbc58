"""Sensors' records in the shape of Segment's calls: what they are named, where their properties go, by what id they are known again.

**Names.** Presets that have a word in the shared vocabulary get it, and ``context.vendorEvent`` keeps Sensors' own.

**Profiles.** ``profile_set`` and ``profile_unset`` become traits. ``profile_set_once``, ``profile_increment`` and ``profile_append`` do
not: a trait here is always the newest value, so the second "once" would overwrite the first, and an increment is no value. They are
``identify`` without traits; what they carry stands in ``properties``, where a rule may count it. So is ``profile_delete``: who is
to be forgotten is erased by command, not by whoever has a write key.
"""

from __future__ import annotations

from typing import Any, Final

from collectors.normalise import as_id
from collectors.protocols.repeats import Repeats, digest
from collectors.protocols.sensors_people import whose
from schemas import rejection
from schemas.errors import Rejected

_TRACKS: Final = frozenset({"track", "track_id_unbind"})
_SIGN_UPS: Final = frozenset({"track_signup", "track_id_bind"})
_PROFILES: Final = frozenset({"profile_set", "profile_set_once", "profile_increment", "profile_append", "profile_unset", "profile_delete"})
_ITEMS: Final = frozenset({"item_set", "item_delete"})
_KINDS: Final = {"$pageview": "page", "$MPViewScreen": "page", "$AppViewScreen": "screen"}
_PRESETS: Final = {
    "$WebClick": "$click",
    "$AppClick": "$click",
    "$MPClick": "$click",
    "$AppStart": "$launch",
    "$MPLaunch": "$launch",
    "$MPShow": "$show",
    "$AppEnd": "$hide",
    "$MPHide": "$hide",
    "$MPShare": "$share",
}
_TOLD: Final = {
    "$element_id": "id",
    "$element_name": "name",
    "$element_content": "text",
    "$element_type": "element",
    "$element_target_url": "href",
    "$share_method": "method",
    "$share_depth": "depth",
    "$scene": "scene",
    "$url_query": "query",
    "$event_duration": "seconds",
}
_PAGE: Final = {"$url": "url", "$url_path": "path", "$title": "title", "$referrer": "referrer"}
_CONTEXT: Final = {
    "$lib": ("library", "name"),
    "$lib_version": ("library", "version"),
    "$ip": ("ip",),
    "$user_agent": ("userAgent",),
    "$os": ("os", "name"),
    "$os_version": ("os", "version"),
    "$manufacturer": ("device", "manufacturer"),
    "$brand": ("device", "brand"),
    "$model": ("device", "model"),
    "$screen_width": ("screen", "width"),
    "$screen_height": ("screen", "height"),
    "$app_id": ("app", "id"),
    "$app_name": ("app", "name"),
    "$app_version": ("app", "version"),
    "$network_type": ("network", "type"),
    "$carrier": ("network", "carrier"),
    "$utm_source": ("campaign", "source"),
    "$utm_medium": ("campaign", "medium"),
    "$utm_campaign": ("campaign", "name"),
    "$utm_term": ("campaign", "term"),
    "$utm_content": ("campaign", "content"),
}
_NOT_PROPERTIES: Final = frozenset({"$is_login_id", "$project", "$token", "$time", "$lib_detail"})
_NOT_CONTENT: Final = frozenset({"_flush_time", "_nocache", "lib"})


class Call:
    """A call for ``normalise``: ``kind`` is its type, ``preset`` its name where that is one of the shared vocabulary."""

    __slots__ = ("call", "kind", "preset", "sent")

    def __init__(self, call: dict[str, Any], kind: str, preset: str | None, sent: object) -> None:
        self.call = call
        self.kind = kind
        self.preset = preset
        self.sent = sent


def translate(record: dict[str, Any]) -> Call:
    """One record. Raises ``Rejected``: bad-shape, missing-person; what is left to find out is left for ``normalise``."""
    said_type, name = as_id(record.get("type")) or "", record.get("event")
    properties = record.get("properties")
    properties = properties if type(properties) is dict else {}
    call: dict[str, Any] = {"timestamp": record.get("time"), **whose(record)}
    kind, preset = _named(said_type, name)
    if said_type in _PROFILES:
        call |= _profile(said_type, properties)
        context = _context(properties, {})
    else:
        own: dict[str, Any] = {}
        context = _context(properties, own)
        if kind == "page":
            own = {**context.get("page", {}), **own}
        if kind == "screen" and (screen := properties.get("$screen_name")):
            call["name"] = screen
        call |= {"event": name, "properties": own}
    if "library" not in context and (library := _library(record.get("lib"))):
        context["library"] = library
    vendors = name if type(name) is str and name.startswith("$") else said_type
    if vendors != "track":
        context["vendorEvent"] = vendors
    call["context"] = context
    # Of what is imported the times are not those of any clock that is off.
    return Call(call, kind, preset, None if record.get("time_free") is True else record.get("_flush_time"))


def _named(said_type: str, name: object) -> tuple[str, str | None]:
    if said_type in _TRACKS:
        text = name if type(name) is str else ""
        return _KINDS.get(text, "track"), _PRESETS.get(text)
    if said_type in _SIGN_UPS or said_type in _PROFILES:
        return "identify", None
    if said_type in _ITEMS:
        raise Rejected(rejection.MISSING_PERSON, f"{said_type} tells of an item, not of a person")
    raise Rejected(rejection.BAD_SHAPE, "type is none of track, track_signup, track_id_bind, track_id_unbind, profile_*, item_*")


def _profile(said_type: str, properties: dict[str, Any]) -> dict[str, Any]:
    own = {name.removeprefix("$"): value for name, value in properties.items() if name not in _NOT_PROPERTIES and name not in _CONTEXT}
    if said_type == "profile_set":
        return {"traits": own}
    if said_type == "profile_unset":
        return {"traits": dict.fromkeys(own)}
    return {"properties": own}


def _context(properties: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """What all protocols know where it stands for all of them, the rest of the vendor's in ``sensors``; puts the others into ``own``."""
    context: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for name, value in properties.items():
        if name in _NOT_PROPERTIES or value is None:
            continue
        if name in _PAGE:
            if value != "":
                context.setdefault("page", {})[_PAGE[name]] = value
        elif name in _CONTEXT:
            *above, last = _CONTEXT[name]
            (context.setdefault(above[0], {}) if above else context)[last] = value
        elif name in _TOLD:
            own.setdefault(_TOLD[name], value)
        elif name.startswith("$"):
            rest[name] = value
        else:
            own[name] = value
    if rest:
        context["sensors"] = rest
    return context


def _library(said: object) -> dict[str, Any]:
    """The client as profiles name it. Where in a server's code the call stands is nobody's business."""
    if type(said) is not dict:
        return {}
    return {name: said[field] for field, name in (("$lib", "name"), ("$lib_version", "version")) if said.get(field)}


class Namer:
    """Gives the records of one request ids by which they are known when they are sent again.

    ``_track_id`` alone is five random digits and four of the time, so time, event and person go along. Clients for servers have
    none, nor have the profiles of the mini-program's: there it is the content.
    """

    def __init__(self) -> None:
        self._repeats = Repeats()

    def name_of(self, record: dict[str, Any]) -> str | None:
        """32 hexadecimal digits; None if the record does not say when it happened."""
        if record.get("time") is None:
            return None
        track = as_id(record.get("_track_id"))
        if track:
            return digest([track, *(record.get(field) for field in ("time", "type", "event", "distinct_id"))])
        return self._repeats.name_of({field: value for field, value in record.items() if field not in _NOT_CONTENT})

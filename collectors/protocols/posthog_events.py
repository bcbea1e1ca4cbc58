"""PostHog's events in the shape of Segment's calls: whose they are, what they are named, where their properties go.

**Whose.** A ``distinct_id`` is a user's, unless the client marks it as anonymous: ``$is_identified: false``, an id that is the
device's own, or ``$process_person_profile: false``. Once somebody is known, the device goes along as the anonymous id.

**Names.** Presets that have a word in the shared vocabulary get it, and ``context.vendorEvent`` keeps PostHog's.

**Properties.** What the client or developer named without a dollar sign stays. ``$set`` becomes traits, ``$unset`` traits that are
null. ``$set_once`` does not: a trait here is always the newest value, so the second "once" would overwrite the first. Of the
rest, what all protocols know goes where it stands for all of them, and what only PostHog knows into ``context.posthog``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from collectors.normalise import as_id
from collectors.protocols.pages import CAMPAIGN

COOKIELESS: Final = "$posthog_cookieless"
_TYPES: Final = {
    "$pageview": "page",
    "$screen": "screen",
    "$identify": "identify",
    "$set": "identify",
    "$create_alias": "alias",
    "$merge_dangerously": "alias",
    "$groupidentify": "group",
}
_CLICKS: Final = ("click", "touch")  # a client may send a list here, which no set can be asked for
_NOT_PROPERTIES: Final = frozenset(
    {"token", "api_key", "distinct_id", "$set", "$unset", "$anon_distinct_id", "$group_type", "$group_key", "$group_set", "$insert_id"}
)
_PAGE: Final = {"$current_url": "url", "$pathname": "path", "$referrer": "referrer", "$title": "title"}
_CONTEXT: Final[dict[str, tuple[str, ...]]] = {
    **{field: ("campaign", name) for field, name in CAMPAIGN.items()},
    "$lib": ("library", "name"),
    "$lib_version": ("library", "version"),
    "$ip": ("ip",),
    "$raw_user_agent": ("userAgent",),
    "$user_agent": ("userAgent",),
    "$locale": ("locale",),
    "$browser_language": ("locale",),
    "$timezone": ("timezone",),
    "$session_id": ("sessionId",),
    "$groups": ("groups",),
    "$screen_width": ("screen", "width"),
    "$screen_height": ("screen", "height"),
    "$os": ("os", "name"),
    "$os_name": ("os", "name"),
    "$os_version": ("os", "version"),
    "$device_type": ("device", "type"),
    "$device_model": ("device", "model"),
    "$device_manufacturer": ("device", "manufacturer"),
    "$app_name": ("app", "name"),
    "$app_version": ("app", "version"),
    "$app_build": ("app", "build"),
}


class Translated:
    """A call for ``normalise``: ``kind`` is its type, ``preset`` its name where that is one of the shared vocabulary."""

    __slots__ = ("call", "kind", "preset")

    def __init__(self, call: dict[str, Any], kind: str, preset: str | None) -> None:
        self.call = call
        self.kind = kind
        self.preset = preset


def translate(event: dict[str, Any], received_ms: int, visitor: Callable[[], str]) -> Translated:
    """One event. ``visitor`` names who comes without cookies. Times and shapes that are wrong are left for ``normalise`` to refuse."""
    name = event.get("event")
    properties = _object(event.get("properties"))
    kind = _TYPES.get(name, "track") if type(name) is str else "track"
    preset = "$click" if name == "$autocapture" and properties.get("$event_type") in _CLICKS else None
    call: dict[str, Any] = {"messageId": as_id(event.get("uuid")) or as_id(properties.get("$insert_id")), "event": name}
    call["timestamp"] = _stated(event, properties, received_ms)
    call |= _whose(name, event, properties, visitor)
    own, context = _sorted(properties)
    if _is_cookieless(event, properties):
        context.pop("ip", None)
    if kind in {"page", "screen"}:
        own = {**context.get("page", {}), **own}
    if kind == "alias":
        call["previousId"] = own.pop("alias", None)
    if kind == "screen":
        call["name"] = context.get("posthog", {}).pop("$screen_name", None)
    if kind == "group":
        call |= {"groupId": properties.get("$group_key"), "traits": _object(properties.get("$group_set"))}
        own["groupType"] = properties.get("$group_type")
    else:
        call["traits"] = _traits(event, properties)
    if preset:
        own |= _element(properties)
    if preset or kind != "track":
        context["vendorEvent"] = name
    call |= {"properties": own, "context": context}
    return Translated(call, kind, preset)


def _stated(event: dict[str, Any], properties: dict[str, Any], received_ms: int) -> object:
    """When it happened by the client's clock; an ``offset`` is how many milliseconds before it was sent, by whatever clock."""
    if event.get("timestamp") is not None:
        return event["timestamp"]
    offset = event.get("offset")
    if isinstance(offset, (int, float)) and not isinstance(offset, bool):
        return received_ms - abs(offset)
    seconds = properties.get("$time")
    return seconds * 1_000 if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) else None


def _whose(name: object, event: dict[str, Any], properties: dict[str, Any], visitor: Callable[[], str]) -> dict[str, str | None]:
    distinct = as_id(event.get("distinct_id")) or as_id(properties.get("distinct_id"))
    device = as_id(properties.get("$device_id"))
    if _is_cookieless(event, properties):
        return {"anonymousId": visitor()}
    if name == "$identify":
        return {"userId": distinct, "anonymousId": as_id(properties.get("$anon_distinct_id")) or device}
    if name == "$groupidentify" and distinct == f"${properties.get('$group_type')}_{properties.get('$group_key')}":
        return {"anonymousId": distinct}  # the clients for servers make up this id where no person is meant
    if _is_anonymous(properties, distinct, device):
        return {"anonymousId": distinct or device}
    if _TYPES.get(str(name)) == "alias":
        return {"userId": distinct, "anonymousId": device if device == as_id(properties.get("alias")) else None}
    return {"userId": distinct, "anonymousId": device}


def _is_cookieless(event: dict[str, Any], properties: dict[str, Any]) -> bool:
    return properties.get("$cookieless_mode") is True or COOKIELESS in (event.get("distinct_id"), properties.get("distinct_id"))


def _is_anonymous(properties: dict[str, Any], distinct: str | None, device: str | None) -> bool:
    identified = properties.get("$is_identified")
    if isinstance(identified, bool):
        return not identified
    return distinct is None or distinct == device or properties.get("$process_person_profile") is False


def _traits(event: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    traits = {**_object(properties.get("$set")), **_object(event.get("$set"))}
    gone = properties.get("$unset") or event.get("$unset")
    if type(gone) is list:
        traits |= {name: None for name in gone if type(name) is str}
    return traits


def _sorted(properties: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Properties and context. Of two names for one place the first in the client's order counts."""
    own: dict[str, Any] = {}
    context: dict[str, Any] = {}
    for name, value in properties.items():
        if name in _NOT_PROPERTIES or value is None:
            continue
        if name in _PAGE:
            if value != "$direct":
                context.setdefault("page", {})[_PAGE[name]] = value
        elif name in _CONTEXT:
            *above, last = _CONTEXT[name]
            place = context.setdefault(above[0], {}) if above else context
            place.setdefault(last, value)
        elif name.startswith("$"):
            context.setdefault("posthog", {})[name] = value
        else:
            own[name] = value
    return own, context


def _element(properties: dict[str, Any]) -> dict[str, Any]:
    """What was clicked, of its innermost element."""
    elements = properties.get("$elements")
    first = _object(elements[0]) if type(elements) is list and elements else {}
    said = {"text": properties.get("$el_text") or first.get("$el_text"), "element": first.get("tag_name"), "href": first.get("attr__href")}
    return {name: value for name, value in said.items() if type(value) is str and value}


def _object(value: object) -> dict[str, Any]:
    return value if type(value) is dict else {}

"""Events of the Measurement Protocol in the shape of Segment's calls.

``client_id`` and ``app_instance_id`` name a device: the anonymous id. ``user_properties`` are traits. Nothing has an id; with a time,
an event is known again by its content and its place in the body, since one body may well say the same twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from collectors.normalise import as_id
from collectors.protocols.decoding import an_object, object_at, placed
from collectors.protocols.pages import campaign_of, page_of

_KINDS: Final = {"page_view": "page", "screen_view": "screen"}
_CONTEXT: Final = {
    "session_id": ("sessionId",),
    "session_number": ("ga4", "session_number"),
    "engagement_time_msec": ("ga4", "engagement_time_msec"),
    "debug_mode": ("ga4", "debug_mode"),
}
_PAGE: Final = ("page_location", "page_title", "page_referrer")


@dataclass(frozen=True, slots=True)
class Sender:
    """What a body says once for all its events."""

    user: str | None
    device: str | None
    micros: object
    traits: dict[str, Any]
    context: dict[str, Any]

    @classmethod
    def of(cls, body: dict[str, Any]) -> Sender:
        """Read the body's own fields."""
        context = {name: body[name] for name in ("consent", "user_location", "device") if body[name] is not None}
        address = body["ip_override"]
        return cls(
            as_id(body["user_id"]),
            as_id(body["client_id"]) or as_id(body["app_instance_id"]),
            body["timestamp_micros"],
            {name: an_object(said).get("value") for name, said in an_object(body["user_properties"]).items()},
            ({"ga4": context} if context else {}) | ({"ip": address} if type(address) is str else {}),
        )


def translate(event: dict[str, Any], sender: Sender, index: int) -> tuple[dict[str, Any], str]:
    """A call for ``normalise`` and its type. Raises ``Rejected``: bad-shape."""
    name = event.get("name")
    params = object_at(event, "params")
    context: dict[str, Any] = {**sender.context, "ga4": dict(sender.context.get("ga4", {}))}
    own: dict[str, Any] = {}
    for field, value in params.items():
        if field in _CONTEXT:
            placed(context, _CONTEXT[field], value)
        elif field not in _PAGE:
            own[field] = value
    micros = event.get("timestamp_micros")
    call: dict[str, Any] = {"event": name, "userId": sender.user, "anonymousId": sender.device, "traits": dict(sender.traits)}
    call["timestamp"] = stated_ms(sender.micros if micros is None else micros)
    kind = described(call, name, own, context, params)
    if not context["ga4"]:
        del context["ga4"]
    return call | {"properties": own, "context": context, "place": index}, kind


def user_only(sender: Sender) -> dict[str, Any]:
    """A call for what a body without events says of its user."""
    who: dict[str, Any] = {"userId": sender.user, "anonymousId": sender.device}
    return who | {"traits": sender.traits, "context": sender.context, "timestamp": stated_ms(sender.micros)}


def described(call: dict[str, Any], name: object, own: dict[str, Any], context: dict[str, Any], params: dict[str, Any]) -> str:
    """Put page and screen where every protocol has them; the type."""
    url = params.get("page_location")
    page = page_of(url if type(url) is str else "", params.get("page_title"), params.get("page_referrer"))
    if page:
        context["page"] = page
    if campaign := campaign_of(page.get("url", "")):
        context["campaign"] = campaign
    kind = _KINDS.get(name, "track") if type(name) is str else "track"
    if kind == "page":
        own |= {**page, **own}
    if kind == "screen":
        call["name"] = own.pop("screen_name", None) or own.pop("firebase_screen", None)
    if kind != "track":
        context["vendorEvent"] = name
    return kind


def stated_ms(micros: object) -> object:
    """Milliseconds of microseconds, of a number or its text; anything else as it is."""
    if type(micros) is str and micros.isascii() and micros.isdecimal() and len(micros) < 20:
        micros = int(micros)
    return micros / 1_000 if isinstance(micros, (int, float)) and not isinstance(micros, bool) else micros

"""From a client's call in Segment's shape to the event that goes on the topic. Pure but for the id that is minted last."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from collectors.enriching.enrichment import Enrich
from collectors.first_party.visit import Visit
from collectors.inspection import Inspect
from schemas import rejection
from schemas.errors import Rejected
from schemas.routing import routing_id

TYPES: Final = frozenset({"track", "identify", "page", "screen", "group", "alias"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FURTHEST_MS: Final = 253_402_300_800_000  # the year 10000
_LIFTED: Final = {
    "page": ("name", "category"),
    "screen": ("name", "category"),
    "group": ("groupId",),
    "alias": ("previousId",),
}


@dataclass(slots=True)
class Arrival:
    """How a call came in: when, for which source, by which protocol, from where.

    ``enrich``, ``inspect``: what the definitions ask of it. ``hidden_ip``: an address that may be looked up and is not stored.
    ``visit``: what the request's cookie tells.
    """

    received_ms: int
    source: str
    protocol: str
    ip: str = ""
    user_agent: str = ""
    locale: str = ""
    inspect: Inspect | None = None
    enrich: Enrich | None = None
    hidden_ip: str = ""
    visit: Visit | None = None


def normalise(call: dict[str, Any], kind: object, sent_ms: int | None, arrival: Arrival, preset: str | None = None) -> tuple[str, bytes]:
    """The routing id and the event as JSON. ``sent_ms`` is the client's clock when it sent the call, if it said so.

    ``preset`` is the name, out of the shared vocabulary (``$click`` and so on), of what a vendor's client tracks of itself; only a
    protocol can give it, a client's own name never begins with a dollar sign.

    Fields that the contract does not know are dropped, ``integrations`` among them. What Segment keeps beside ``properties``
    moves into it, unless a property of that name is there: ``name`` and ``category`` of page and screen, ``groupId`` of
    group, ``previousId`` of alias. ``context.consent.categoryPreferences`` becomes the trait ``consent``.
    Raises ``Rejected``: bad-shape, missing-name, missing-person, bad-time, poor-quality.
    """
    if type(kind) is not str or kind not in TYPES:
        raise Rejected(rejection.BAD_SHAPE, f"type is one of {', '.join(sorted(TYPES))}")
    event: dict[str, Any] = {"id": None, "type": kind}
    if kind == "track":
        event["event"] = preset or _event_name(call.get("event"))
    who = _put_ids(event, call if arrival.visit is None else arrival.visit.named(call))
    if kind == "alias" and (previous := as_id(call.get("previousId"))):
        event["previousId"] = previous
    stated_ms = _stated_ms(call)
    event["id"] = _event_id(call, kind, stated=stated_ms is not None)
    event["timestamp"] = corrected_ms(stated_ms, sent_ms, arrival.received_ms)
    event["receivedAt"] = arrival.received_ms
    event["source"] = arrival.source
    event["protocol"] = arrival.protocol
    properties = _object(call, "properties")
    for name in _LIFTED.get(kind, ()):
        if call.get(name) is not None:
            properties.setdefault(name, call[name])
    context = _object(call, "context")
    traits = _object(call, "traits")
    if kind == "identify" and not traits and type(context.get("traits")) is dict:
        traits = context.pop("traits")
    if kind != "group":
        traits = _with_consent(traits, context)
    event["properties"] = properties
    event["traits"] = traits
    event["context"] = _with_arrival(context, arrival)
    if arrival.enrich is not None:
        arrival.enrich(event, arrival.hidden_ip)
    if arrival.inspect is not None:
        arrival.inspect(event)
    return who, _written(event)


def _written(value: dict[str, Any], option: int = 0) -> bytes:
    """As JSON. Some decoders read whole numbers of any length, which no other reader takes. Raises ``Rejected``: bad-shape."""
    try:
        return orjson.dumps(value, option=option)
    except orjson.JSONEncodeError as error:
        raise Rejected(rejection.BAD_SHAPE, str(error)) from None


def corrected_ms(stated_ms: int | None, sent_ms: int | None, received_ms: int) -> int:
    """The event's time by our clock: what the client's clock said, moved by how far that clock is off; never in the future."""
    if stated_ms is None:
        return received_ms
    if sent_ms is not None:
        stated_ms += received_ms - sent_ms
    return min(stated_ms, received_ms)


def read_time_ms(value: object) -> int:
    """Milliseconds since 1970 UTC of a number of milliseconds or an ISO 8601 text; a text without an offset is UTC.

    Raises ``Rejected``: bad-time.
    """
    try:
        if type(value) is str:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC)
            since = moment - _EPOCH
            return since.days * 86_400_000 + since.seconds * 1_000 + since.microseconds // 1_000
        if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _FURTHEST_MS:
            return int(value)
    except (ValueError, OverflowError):
        pass
    raise Rejected(rejection.BAD_TIME, "neither milliseconds since 1970 nor ISO 8601")


def read_sent_ms(value: object) -> int | None:
    """When the client says it sent the call; what cannot be read is taken as not said, since only a correction hangs on it."""
    if value is None:
        return None
    try:
        return read_time_ms(value)
    except Rejected:
        return None


def _stated_ms(call: dict[str, Any]) -> int | None:
    for name in ("timestamp", "originalTimestamp"):
        value = call.get(name)
        if value is not None:
            return read_time_ms(value)
    return None


def _event_name(name: object) -> str:
    if type(name) is not str or not name:
        raise Rejected(rejection.MISSING_NAME, "event must be a non-empty text")
    return f"_{name}" if name.startswith("$") else name


def _put_ids(event: dict[str, Any], call: dict[str, Any]) -> str:
    user, anonymous, others = call.get("userId"), call.get("anonymousId"), call.get("ids")
    if user is not None and (user := as_id(user)):
        event["userId"] = user
    if anonymous is not None and (anonymous := as_id(anonymous)):
        event["anonymousId"] = anonymous
    if type(others) is dict:
        others = {namespace: text for namespace, value in others.items() if namespace and (text := as_id(value))}
        if others:
            event["ids"] = others
    who = routing_id(user, anonymous, others)
    if who is None:
        raise Rejected(rejection.MISSING_PERSON)
    return who


def as_id(value: object) -> str | None:
    """An id as text: numbers become text (7 and 7.0 both "7"), everything else that is no text is no id."""
    if type(value) is str:
        return value or None
    if type(value) is int:
        return str(value)
    if type(value) is float:
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return None


def _event_id(call: dict[str, Any], kind: str, *, stated: bool) -> str:
    given = as_id(call.get("messageId"))
    if given:
        return given
    if not stated:
        return os.urandom(16).hex()
    # A client that repeats a call repeats everything but the time of sending: equal content is the same event.
    content = {name: value for name, value in call.items() if name not in ("sentAt", "receivedAt", "writeKey")}
    content["type"] = kind
    return hashlib.sha256(_written(content, orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def _object(call: dict[str, Any], name: str) -> dict[str, Any]:
    value = call.get(name)
    if type(value) is dict:
        return value
    if value is None:
        return {}
    raise Rejected(rejection.BAD_SHAPE, f"{name} is a JSON object")


def _with_consent(traits: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    """The trait ``consent`` from where Segment's libraries put it, unless the call has the trait itself."""
    stated = context.get("consent")
    preferences = stated.get("categoryPreferences") if type(stated) is dict else None
    if type(preferences) is not dict or not preferences or "consent" in traits:
        return traits
    return {**traits, "consent": preferences}


def _with_arrival(context: dict[str, Any], arrival: Arrival) -> dict[str, Any]:
    if arrival.ip and "ip" not in context:
        context["ip"] = arrival.ip
    if arrival.user_agent and "userAgent" not in context:
        context["userAgent"] = arrival.user_agent
    if arrival.locale and "locale" not in context:
        context["locale"] = arrival.locale
    return context

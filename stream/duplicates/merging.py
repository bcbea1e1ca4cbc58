"""An operator's word that two people are one: an alias, written to the log like any other event."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, Final

from schemas.errors import Misconfigured

SOURCE: Final = "ebbtide-duplicates"
PROTOCOL: Final = "operator"
_FIELDS: Final = {"user": "userId", "anon": "anonymousId"}


def alias_event(one: str, other: str, now_ms: int) -> dict[str, Any]:
    """The event that says so. A user comes before an anonymous id, which comes before an id of another namespace.

    Raises:
        Misconfigured: no one event can name both, or they are the same.
    """
    if one == other:
        raise Misconfigured(f"{one} is one person already")
    first, second = sorted((one, other), key=_rank)
    space, value = _parts(first)
    event: dict[str, Any] = {"id": _id(one, other), "type": "alias", "timestamp": now_ms, "receivedAt": now_ms}
    event |= {"source": SOURCE, "protocol": PROTOCOL, "properties": {}, "traits": {}, "context": {}}
    event |= {_FIELDS[space]: value} if space in _FIELDS else {"ids": {space: value}}
    space, value = _parts(second)
    if space in _FIELDS:
        event["previousId"] = value
        event["properties"] = {"previousId": value}
    else:
        ids = event.setdefault("ids", {})
        if space in ids:
            raise Misconfigured(f"{one} and {other} have the namespace {space}, and one event names one id of it; merge both with a user")
        ids[space] = value
    return event


def _parts(person: str) -> tuple[str, str]:
    """Namespace and value; the namespace of an app's ids holds a colon itself (``wx_openid:wx123:oP``)."""
    space, found, value = person.partition(":")
    if ":" in value and space not in _FIELDS:
        space, found, value = person.rpartition(":")
    if not found or not space or not value:
        raise Misconfigured(f"found {person!r}, expected a person such as user:u1")
    return space, value


def _rank(person: str) -> tuple[int, str]:
    return {"user": 0, "anon": 1}.get(_parts(person)[0], 2), person


def _id(one: str, other: str) -> str:
    """The same for the same pair, so that a command given twice is one event."""
    return "merge-" + blake2b("\0".join(sorted((one, other))).encode(), digest_size=12).hexdigest()

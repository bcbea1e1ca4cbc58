"""Mixpanel's updates of people and groups in the shape of Segment's calls.

``$set`` becomes traits and ``$unset`` traits that are null; Mixpanel's own names lose their dollar sign, so that ``$email`` is the
trait ``email`` that every other protocol has. What depends on the value from before (``$set_once``, ``$add``, ``$append``, ``$union``,
``$remove``) is no trait: it stays readable in ``context.mixpanel``. ``$delete`` is refused: to erase a person is another matter.
"""

from __future__ import annotations

from typing import Any, Final

from collectors.normalise import as_id
from collectors.protocols.decoding import object_at, placed
from collectors.protocols.mixpanel_events import stated_ms, whose_profile
from schemas import rejection
from schemas.errors import Rejected

_NAMES: Final = {"$first_name": "firstName", "$last_name": "lastName", "$created": "createdAt", "$country_code": "country"}
_SAID_ELSEWHERE: Final = frozenset({"$token", "$distinct_id", "$group_key", "$group_id", "$time", "$ip", "$set", "$unset"})


def translate_person(record: dict[str, Any]) -> tuple[dict[str, Any], str, str | None]:
    """An update of a person as an identify. Raises ``Rejected``: bad-shape."""
    call = _update(record)
    return call | whose_profile(as_id(record.get("$distinct_id")), as_id(record.get("$device_id"))), "identify", None


def translate_group(record: dict[str, Any]) -> tuple[dict[str, Any], str, str | None]:
    """An update of a group, told for nobody in particular: its name serves as the anonymous id. Raises ``Rejected``: bad-shape."""
    key, group = as_id(record.get("$group_key")), as_id(record.get("$group_id"))
    if key is None or group is None:
        raise Rejected(rejection.BAD_SHAPE, "$group_key and $group_id name a group")
    call = _update(record) | {"anonymousId": f"${key}_{group}", "groupId": group, "properties": {"groupType": key}}
    return call, "group", None


def _update(record: dict[str, Any]) -> dict[str, Any]:
    if "$delete" in record:
        raise Rejected(rejection.BAD_SHAPE, "$delete is not done from outside; see `ebbtide erase`")
    traits = {_trait(name): value for name, value in object_at(record, "$set").items()}
    gone = record.get("$unset")
    if type(gone) is list:
        traits |= {_trait(name): None for name in gone if type(name) is str}
    context: dict[str, Any] = {}
    for name, value in record.items():
        if name not in _SAID_ELSEWHERE:
            placed(context, ("mixpanel", name), value)
    address = record.get("$ip")
    if type(address) is str and address not in {"", "0"}:
        context["ip"] = address
    return {"traits": traits, "timestamp": stated_ms(record.get("$time")), "context": context}


def _trait(name: str) -> str:
    return _NAMES.get(name, name.removeprefix("$"))

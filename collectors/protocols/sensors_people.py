"""Whom a record of Sensors is about.

Clients of the third generation name each id with its kind (``identities``); older ones have ``login_id`` and ``anonymous_id``, those
for servers only a ``distinct_id`` with the property ``$is_login_id``, without which it is a device's.

- A login is ``userId``. What the device made up itself is ``anonymousId``: after a login the mini-program's client no longer says
  openid or unionid, and what it calls the anonymous id may be the openid; the id of the device is the one that stays.
- A second anonymous id (one that the developer has set, or the ``original_id`` of a sign-up) goes along as ``ids.anon``.
- An openid is kept with its app, ``wx_openid:<appid>``; mobile and e-mail are ``phone`` and ``email``; a kind of the customer's own
  keeps its name. ``<kind>+<value>`` in place of an id is that kind's value.
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.normalise import as_id

_PREFIX: Final = "$identity_"
_LOGIN: Final = "$identity_login_id"
_DEVICES: Final = (
    "$identity_mp_id",
    "$identity_cookie_id",
    "$identity_android_uuid",
    "$identity_android_id",
    "$identity_ios_uuid",
    "$identity_idfv",
    "$identity_harmony_uuid",
)
_ANONYMOUS: Final = "$identity_anonymous_id"
_NAMESPACES: Final = {"$identity_mobile": "phone", "$identity_email": "email", "$identity_mp_unionid": "wx_unionid"}
_OPENID: Final = re.compile(r"\$identity_mp_(?:(.+)_)?openid\Z")
_UNIONID: Final = re.compile(r"\$identity_(?:.+_)?unionid\Z")
_RESERVED: Final = frozenset({"user", "anon"})
_UNBIND: Final = "track_id_unbind"


def whose(record: dict[str, Any]) -> dict[str, Any]:
    """``userId``, ``anonymousId`` and ``ids`` of a record, each None or empty where it says none."""
    identities = _identities(record)
    properties = record.get("properties")
    preset = properties if type(properties) is dict else {}
    login = identities.pop(_LOGIN, None) or _plain(record, "login_id", identities)
    if login is None and (preset.get("$is_login_id") is True or record.get("type") == "track_signup"):
        login = _plain(record, "distinct_id", identities)
    found = [identities.pop(device, None) for device in _DEVICES]
    found += [_plain(record, "original_id", identities), _plain(record, "anonymous_id", identities)]
    found += [identities.pop(_ANONYMOUS, None), _plain(record, "distinct_id", identities)]
    ids = _ids(identities, as_id(preset.get("$app_id")))
    taken = {login, *ids.values()}
    anonymous = list(dict.fromkeys(value for value in found if value and value not in taken))
    if record.get("type") == _UNBIND and ids:
        return {"userId": None, "anonymousId": None, "ids": ids}
    if len(anonymous) > 1:
        ids["anon"] = anonymous[1]
    return {"userId": login, "anonymousId": anonymous[0] if anonymous else None, "ids": ids}


def _identities(record: dict[str, Any]) -> dict[str, str]:
    said = record.get("identities")
    found = {kind: text for kind, value in said.items() if (text := as_id(value))} if type(said) is dict else {}
    for field in ("login_id", "distinct_id", "original_id"):
        value = as_id(record.get(field)) or ""
        kind, plus, rest = value.partition("+")
        if kind.startswith(_PREFIX) and plus and rest:
            found.setdefault(kind, rest)
    return found


def _plain(record: dict[str, Any], field: str, identities: dict[str, str]) -> str | None:
    """An id, unless it is ``<kind>+<value>`` of one that ``identities`` holds."""
    value = as_id(record.get(field))
    kind, _, rest = (value or "").partition("+")
    return None if not value or (rest and (kind.startswith(_PREFIX) or identities.get(kind) == rest)) else value


def _ids(identities: dict[str, str], app: str | None) -> dict[str, str]:
    ids: dict[str, str] = {}
    for kind, value in identities.items():
        if openid := _OPENID.match(kind):
            of_app = openid[1] or app
            ids[f"wx_openid:{of_app}" if of_app else "wx_openid"] = value
        elif _UNIONID.match(kind):
            ids["wx_unionid"] = value
        else:
            name = _NAMESPACES.get(kind) or kind.removeprefix(_PREFIX)
            ids[f"sensors_{name}" if name in _RESERVED else name] = value
    return {name: value for name, value in ids.items() if name}

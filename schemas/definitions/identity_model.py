"""The rules of identity: which ids name a person, and which of them join what they are seen with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Joins = Literal["always", "first_login", "never"]
Normaliser = Literal["none", "lower", "email", "phone"]


@dataclass(frozen=True, slots=True)
class Namespace:
    """One kind of id. ``stem:*`` stands for every ``stem:<app>``, each of which is a namespace by itself.

    ``strong``: one value per person; two values are never in one person unless an explicit alias joined them.
    ``joins``: ``first_login`` belongs to the first person with a strong id that claims it; ``never`` is noted, but joins nobody and
    leads to nobody, as many people may share it. ``limit``: most values of it that one person holds.
    ``region`` (ISO 3166, two letters) is that of phone numbers without a country code. ``hashed``: stored and routed as a keyed hash.
    """

    id: str
    strong: bool = False
    joins: Joins = "always"
    limit: int = 50
    normalise: Normaliser = "none"
    region: str | None = None
    hashed: bool = False


DEFAULT_NAMESPACES: Final = (
    Namespace("user", strong=True),
    Namespace("wx_unionid", strong=True),
    Namespace("wecom:*", strong=True),
    Namespace("wx_openid:*", strong=True),
    Namespace("phone"),
    Namespace("email"),
    Namespace("anon", joins="first_login", limit=100),
    Namespace("device", joins="never", limit=20),
)

# What programs write where they have no id. Values of nothing but zeros, dashes, colons and blanks need not stand here.
DEFAULT_BLOCKED: Final = (
    "null",
    "nil",
    "none",
    "undefined",
    "nan",
    "(null)",
    "<null>",
    "<nil>",
    "(none)",
    "(not set)",
    "not_set",
    "n/a",
    "unknown",
    "anonymous",
    "guest",
    "not_authenticated",
    "unauthenticated",
    "true",
    "false",
    "[object object]",
    "[]",
    "{}",
    "-1",
    "distinct_id",
    "user_id",
    "userid",
    "anonymous_id",
    "anonymousid",
    "02:00:00:00:00:00",  # the address that iOS and Android give instead of a device's own
    "9774d56d682e549c",  # the id that a whole series of Android devices shared
)


@dataclass(frozen=True, slots=True)
class IdentityRules:
    """Namespaces in order of priority: an id of an earlier one names the person.

    Whatever the order, one that joins always names before one that joins at the first login, and that before one that never joins; a
    namespace that is not listed joins always and comes last among those that do. ``blocked``: values that name nobody, compared
    stripped and in lower case. ``ids_max``: most ids of all namespaces that one person holds.
    """

    namespaces: tuple[Namespace, ...] = DEFAULT_NAMESPACES
    blocked: tuple[str, ...] = DEFAULT_BLOCKED
    ids_max: int = 200

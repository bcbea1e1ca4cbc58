"""Which ids an event states, under the rules of identity. Pure: equal rules, secret and event give equal ids, anywhere, at any time.

A typed id is ``<namespace>:<value>``; both may hold colons (``wx_openid:wx123:oP``).
"""

from __future__ import annotations

import hmac
from itertools import islice
from typing import Any, Final, Literal, get_args

from msgspec import UNSET

from schemas.definitions.identity_model import IdentityRules, Joins, Namespace
from schemas.errors import Misconfigured
from schemas.event import WireEvent
from schemas.namespaces import Namespaces

Refusal = Literal["blocked", "unreadable", "too_long", "ambiguous", "too_many"]
REFUSED_IDS: Final[tuple[Refusal, ...]] = get_args(Refusal)

VALUE_MAX_BYTES: Final = 256
IDS_OF_EVENT_MAX: Final = 8
"""Of ``ids``: each is looked up and may have to be asked for in another lane, so an event costs what it names."""
_SHORT: Final = VALUE_MAX_BYTES // 4  # characters of UTF-8 have four bytes at most
_READ_MAX: Final = 1_024  # characters: a normaliser need not look at a megabyte
_NAMESPACE_MAX: Final = 128  # characters
_ZEROS: Final = "0-:"  # a value of nothing but these is an id that was wiped out
# What str.strip takes away.
_BLANKS: Final = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_PADDING: Final = _BLANKS + _ZEROS


class IdentityPolicy:
    """The rules of identity, compiled. ``secret``: key of the hashes; without it rules that ask for hashes are Misconfigured.

    It keeps nothing but what it has worked out, in bounded tables, and how many ids it refused.
    """

    def __init__(self, rules: IdentityRules, secret: bytes | None = None) -> None:
        hashed = [namespace.id for namespace in rules.namespaces if namespace.hashed]
        if hashed and not secret:
            raise Misconfigured(
                f"identity: the ids of {', '.join(hashed)} are to be hashed, and there is no secret; set EBBTIDE_IDENTITY_SECRET,"
                " the same for all processes of this deployment, and never change it"
            )
        self._secret = secret or b""
        self.ids_max = rules.ids_max
        self._read_max = min(rules.ids_max, IDS_OF_EVENT_MAX)
        self._blocked = frozenset(value.strip().lower() for value in rules.blocked)
        self._longest_blocked = max(map(len, self._blocked), default=0)
        self._namespaces = Namespaces(rules, self._blocked)
        self._refused: dict[Refusal, int] = {}
        user, anon = self.namespace("user:"), self.namespace("anon:")
        as_they_came = all(namespace.normalise == "none" and not namespace.hashed for namespace in (user, anon))
        self._usual = as_they_came and user.joins != "never"

    def ids_of(self, wire: WireEvent) -> tuple[str, ...]:
        """The event's typed ids, the routing id first, normalised, without blocked ones and doubles; empty: it names nobody.

        The routing id is that of ``userId``, else of ``anonymousId``, else the first of ``ids`` that names somebody; one that never
        joins is it only if there is no other. Of ``ids`` the first 8 are read, or ``ids_max`` if that is less.

        An ``alias`` says that ``userId`` (without one: ``anonymousId``) and ``previousId`` are one person, and states these two only:
        what else it carries was seen there, not said to be that person, and an explicit alias joins even what is strong. Which of the
        two is the old id, and whether either is a user's or an anonymous one, neither SDKs nor specifications tell: each "may be
        either", and some SDKs swap them. So a value v states ``user:v`` and ``anon:v``; the one that nobody uses does no harm, and
        the edge is the same whichever way round they came. But what the event itself gives as ``anonymousId`` states ``anon:v`` only,
        in either place (as ``userId`` too, the one case in which that is not the routing id): the random id of a browser, taken for a
        user, could be the lesser of the two and so become the person's name.
        """
        if not self._usual or wire.ids is not UNSET or wire.type == "alias":
            return self._stated(wire)
        # Nearly all events end here, so it is written out: a call and a folded copy for each id would double the time of it.
        user, anonymous, longest = wire.userId, wire.anonymousId, self._longest_blocked
        first = second = None
        if type(user) is str:
            if len(user) <= longest:
                word = user.strip().lower()
                first = "user:" + user if word not in self._blocked and word.strip(_ZEROS) else self._counted("user", user)
            else:
                first = "user:" + user if longest < len(user.strip(_PADDING)) and len(user) <= _SHORT else self._counted("user", user)
        if type(anonymous) is str:
            if longest < len(anonymous) <= _SHORT and longest < len(anonymous.strip(_PADDING)):
                second = "anon:" + anonymous
            else:
                second = self._counted("anon", anonymous)
        if first is None:
            return () if second is None else (second,)
        return (first,) if second is None else (first, second)

    def typed_id(self, namespace: str, value: str) -> str | None:
        """The typed id of one value, as an event that states it would have it; None: it names nobody. Counts nothing."""
        return self._read(namespace, value)[0]

    def anonymous_id(self, stated: str, ids: tuple[str, ...]) -> str | None:
        """An ``anonymousId`` as it is stored and told: hashed if the rules say so; None if it names nobody. ``ids``: of its event."""
        if f"anon:{stated}" in ids:
            return stated
        typed = self.typed_id("anon", stated)
        return None if typed is None else typed.removeprefix("anon:")

    def namespace(self, typed_id: str) -> Namespace:
        """The namespace under its own name, which is the scope of ``strong`` and ``limit``: ``wx_openid:wx123``, not ``wx_openid:*``.

        The longest that is listed, else what stands before the first colon, with the defaults of ``Namespace``.
        """
        return self._namespaces.of(typed_id).namespace

    def is_strong(self, typed_id: str) -> bool:
        """Two values of its namespace are never in one person, unless an explicit alias joined them."""
        return self._namespaces.of(typed_id).namespace.strong

    def joins(self, typed_id: str) -> Joins:
        """When it joins what it is seen with."""
        return self._namespaces.of(typed_id).namespace.joins

    def rank(self, typed_id: str) -> tuple[int, str]:
        """The lesser canonical id survives a merge: by priority of the namespace, then by value. No two ids are equal in rank."""
        return self._namespaces.of(typed_id).position, typed_id

    def is_explicit(self, wire: WireEvent) -> bool:
        """True for an ``alias`` whose two sides name somebody and differ: what ``ids_of`` gives for it is one person by decree."""
        return wire.type == "alias" and bool(self._aliased(wire))

    def take_refusals(self) -> dict[Refusal, int]:
        """How many ids ``ids_of`` has refused since this was last asked, by reason. What is missing or no text is not counted."""
        refused, self._refused = self._refused, {}
        return refused

    def _stated(self, wire: WireEvent) -> tuple[str, ...]:
        if wire.type == "alias":
            if both := self._aliased(wire):
                return self._routed(both)
            self._counted("user", _previous(wire))
        found = [self._counted("user", wire.userId), self._counted("anon", wire.anonymousId)]
        if type(wire.ids) is dict:
            found += [self._counted(key, value) for key, value in islice(wire.ids.items(), self._read_max)]
            if len(wire.ids) > self._read_max:
                self._count("too_many", len(wire.ids) - self._read_max)
        return self._routed(found)

    def _routed(self, found: list[str | None]) -> tuple[str, ...]:
        ids = list(dict.fromkeys(typed for typed in found if typed is not None))
        if len(ids) > 1 and self.joins(ids[0]) == "never":
            ids.sort(key=lambda typed: self.joins(typed) == "never")
        return tuple(ids)

    def _aliased(self, wire: WireEvent) -> list[str | None]:
        """The ids of both sides; none if a side names nobody, or they are the same."""
        anonymous, previous = wire.anonymousId, _previous(wire)
        one = wire.userId if self._read("user", wire.userId)[0] else anonymous
        if one == previous:
            return []
        sides = [[self._read(key, side)[0] for key in (("anon",) if side == anonymous else ("user", "anon"))] for side in (one, previous)]
        return [*sides[0], *sides[1]] if any(sides[0]) and any(sides[1]) else []

    def _counted(self, key: str, value: Any) -> str | None:
        typed, refusal = self._read(key, value)
        if refusal is not None:
            self._count(refusal)
        return typed

    def _count(self, refusal: Refusal, ids: int = 1) -> None:
        self._refused[refusal] = self._refused.get(refusal, 0) + ids

    def _read(self, key: str, value: Any) -> tuple[str | None, Refusal | None]:
        """The typed id; or why there is none, if it is not just missing."""
        if not key or not value or type(value) is not str:
            return None, None
        if len(value) > _READ_MAX or len(key) > _NAMESPACE_MAX:
            return None, "too_long"
        kind = self._namespaces.of_key(key, value)
        if kind is None:
            return None, "ambiguous"
        word = value.strip().lower()
        if word in self._blocked or not word.strip(_ZEROS):
            return None, "blocked"
        if kind.normalise is not None:
            value = kind.normalise(value)
            if value is None or value in kind.blocked:
                return None, "unreadable" if value is None else "blocked"
        if len(value) > _SHORT and len(value.encode()) > VALUE_MAX_BYTES:
            return None, "too_long"
        if kind.namespace.hashed:
            value = "h" + hmac.digest(self._secret, f"{key}:{value}".encode(), "sha256").hex()[:32]
        return f"{key}:{value}", None


def _previous(wire: WireEvent) -> Any:
    """``previousId`` of the event itself, else of its properties, where Segment's other extra fields stand."""
    if wire.previousId or type(wire.properties) is not dict:
        return wire.previousId
    return wire.properties.get("previousId")

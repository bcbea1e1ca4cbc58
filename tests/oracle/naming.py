"""Which ids an event states, and what the rules of identity say of an id. Normalised namespaces are left to the tests of normalisers."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schemas.definitions.identity_model import IdentityRules, Namespace

LONGEST_VALUE_BYTES = 256
LONGEST_READ = 1_024
LONGEST_NAMESPACE = 128
_GROUPS = ("always", "unlisted", "first_login", "never")


@dataclass(frozen=True)
class Kind:
    """What an id's namespace says. ``place``: where it stands in the order of priority, least first."""

    name: str
    place: tuple[int, int]
    listed: bool
    strong: bool = False
    joins: str = "always"
    limit: int = 50
    hashed: bool = False


@dataclass(frozen=True)
class Names:
    """The rules of identity."""

    rules: IdentityRules
    secret: bytes | None = None

    def kind(self, typed_id: str) -> Kind:
        """The namespace of a typed id: ``stem:app`` if the rules list it or ``stem:*``, else what stands before the first colon."""
        listed = {namespace.id: namespace for namespace in self.rules.namespaces}
        stem, _, rest = typed_id.partition(":")
        app, _, value = rest.partition(":")
        if app and value:
            for entry in (f"{stem}:{app}", f"{stem}:*"):
                if entry in listed:
                    return self._listed(f"{stem}:{app}", listed[entry])
        if stem in listed:
            return self._listed(stem, listed[stem])
        return Kind(stem, (_GROUPS.index("unlisted"), 0), listed=False)

    def _listed(self, name: str, entry: Namespace) -> Kind:
        assert entry.normalise == "none"
        place = (_GROUPS.index(entry.joins), self.rules.namespaces.index(entry))
        return Kind(name, place, True, entry.strong, entry.joins, entry.limit, entry.hashed)

    def is_strong(self, typed_id: str) -> bool:
        """One value per person."""
        return self.kind(typed_id).strong

    def rank(self, typed_id: str) -> tuple[tuple[int, int], str]:
        """The lesser names the person."""
        return self.kind(typed_id).place, typed_id

    def stated(self, body: dict[str, Any]) -> list[str]:
        """The typed ids of an event, the routing id first."""
        both = self.aliased(body)
        if both:
            return self._in_order(both)
        found = [self.typed("user", body.get("userId")), self.typed("anon", body.get("anonymousId"))]
        ids = body.get("ids")
        if isinstance(ids, dict):
            found += [self.typed(name, value) for name, value in list(ids.items())[: min(self.rules.ids_max, 8)]]
        return self._in_order(found)

    def _in_order(self, found: list[str | None]) -> list[str]:
        ids = [one for one in dict.fromkeys(found) if one is not None]
        if ids and self.kind(ids[0]).joins == "never":
            ids.sort(key=lambda one: self.kind(one).joins == "never")
        return ids

    def aliased(self, body: dict[str, Any]) -> list[str | None]:
        """What both sides of an alias state; empty if it is none, or a side names nobody."""
        if body.get("type") != "alias":
            return []
        anonymous, properties = body.get("anonymousId"), body.get("properties")
        previous = body.get("previousId")
        if not previous and isinstance(properties, dict):
            previous = properties.get("previousId")
        one = body.get("userId") if self.typed("user", body.get("userId")) else anonymous
        if one == previous:
            return []
        sides = [[self.typed(name, side) for name in (("anon",) if side == anonymous else ("user", "anon"))] for side in (one, previous)]
        return [*sides[0], *sides[1]] if all(any(side) for side in sides) else []

    def typed(self, name: str, value: Any) -> str | None:
        """The typed id of a value; None: it names nobody."""
        if not name or not isinstance(value, str) or not value or len(value) > LONGEST_READ or len(name) > LONGEST_NAMESPACE:
            return None
        kind = self.kind(f"{name}:{value}")
        if kind.name != name and (kind.listed or not kind.name):
            return None
        word = value.strip().lower()
        if not word.strip("0-:") or word in {blocked.strip().lower() for blocked in self.rules.blocked}:
            return None
        if len(value.encode()) > LONGEST_VALUE_BYTES:
            return None
        if kind.hashed:
            value = "h" + hmac.new(self.secret or b"", f"{name}:{value}".encode(), hashlib.sha256).hexdigest()[:32]
        return f"{name}:{value}"

"""stub"""

from __future__ import annotations

from schemas.definitions.identity_model import IdentityRules, Namespace
from schemas.event import WireEvent


class IdentityPolicy:
    """stub"""

    def __init__(self, rules: IdentityRules, secret: bytes | None = None) -> None:
        self.rules = rules
        self._by_id = {one.id: (at, one) for at, one in enumerate(rules.namespaces)}

    def ids_of(self, wire: WireEvent) -> tuple[str, ...]:
        found: dict[str, None] = {}
        explicit = wire.type == "alias"
        for prefix, value in (("user", wire.userId), ("anon", wire.anonymousId)):
            if value and type(value) is str and value.lower() not in self.rules.blocked:
                found[f"{prefix}:{value}"] = None
        if isinstance(wire.ids, dict):
            for namespace, value in wire.ids.items():
                if namespace and value and type(value) is str and value.lower() not in self.rules.blocked:
                    found[f"{namespace}:{value}"] = None
        _ = explicit
        return tuple(found)

    def _entry(self, typed_id: str) -> tuple[int, Namespace]:
        parts = typed_id.split(":")
        for name in (parts[0], f"{parts[0]}:*"):
            if name in self._by_id:
                return self._by_id[name]
        return len(self._by_id), Namespace(parts[0])

    def namespace(self, typed_id: str) -> Namespace:
        return self._entry(typed_id)[1]

    def slot(self, typed_id: str) -> str:
        parts = typed_id.split(":")
        return parts[0] if parts[0] in self._by_id else ":".join(parts[:2])

    def is_strong(self, typed_id: str) -> bool:
        return self.namespace(typed_id).strong

    def joins(self, typed_id: str) -> str:
        return self.namespace(typed_id).joins

    def rank(self, typed_id: str) -> tuple[int, str]:
        return self._entry(typed_id)[0], typed_id

    def is_explicit(self, wire: WireEvent) -> bool:
        return wire.type == "alias"

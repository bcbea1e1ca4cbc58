"""The namespaces of ids as they are looked up: by a typed id, or by the key under which an event states one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from schemas.definitions.identity_model import IdentityRules, Joins, Namespace
from schemas.normalisers import Normalise, normaliser

_REMEMBERED_MAX: Final = 1_024
_JOINS: Final[tuple[Joins, ...]] = ("always", "first_login", "never")


@dataclass(frozen=True, slots=True)
class Kind:
    """A namespace under its own name (``wx_openid:wx123``), its place in the order of priority, and what reads its values.

    ``blocked``: values that name nobody, as the normaliser writes them. ``listed``: the rules have it, or a pattern that covers it.
    """

    namespace: Namespace
    position: int
    listed: bool
    normalise: Normalise | None
    blocked: frozenset[str]


class Namespaces:
    """Finds the kind of an id. What clients made up is remembered too, up to a bound."""

    def __init__(self, rules: IdentityRules, blocked: frozenset[str]) -> None:
        self._listed: dict[str, Kind] = {}
        self._stems = {namespace.id.partition(":")[0] for namespace in rules.namespaces if ":" in namespace.id}
        ordered = sorted(rules.namespaces, key=lambda namespace: _JOINS.index(namespace.joins))
        # What is not listed comes between those that always join and the others.
        self._unlisted_position = sum(namespace.joins == "always" for namespace in ordered)
        for at, namespace in enumerate(ordered):
            position = at if at < self._unlisted_position else at + 1
            normalise = normaliser(namespace)
            same = frozenset[str]() if normalise is None else frozenset(filter(None, map(normalise, blocked)))
            self._listed[namespace.id] = Kind(namespace, position, listed=True, normalise=normalise, blocked=same)
        self._by_name: dict[str, Kind] = {}
        self._by_key: dict[str, Kind | None] = {}

    def of(self, typed_id: str) -> Kind:
        """The longest that is listed (``wx_openid:wx123``, ``wx_openid:*``, ``wx_openid``), else what stands before the first colon."""
        head, _, rest = typed_id.partition(":")
        if head in self._stems:
            app, _, value = rest.partition(":")
            name = f"{head}:{app}"
            if app and value and (listed := self._listed.get(name) or self._listed.get(f"{head}:*")):
                return self._by_name.get(name) or self._remembered(name, listed)
        return self._by_name.get(head) or self._remembered(head, self._listed.get(head))

    def of_key(self, key: str, value: str) -> Kind | None:
        """The kind of ``<key>:<value>``; None if that would be read back as an id of another namespace."""
        if key in self._stems:  # it depends on the colons of the value
            return self._unambiguous(key, value)
        try:
            return self._by_key[key]
        except KeyError:
            kind = self._unambiguous(key, value)
            if len(self._by_key) >= _REMEMBERED_MAX:
                self._by_key.clear()
            self._by_key[key] = kind
            return kind

    def _unambiguous(self, key: str, value: str) -> Kind | None:
        kind = self.of(f"{key}:{value}")
        name = kind.namespace.id
        return kind if name == key or (name and not kind.listed) else None

    def _remembered(self, name: str, listed: Kind | None) -> Kind:
        if listed is None:
            kind = Kind(Namespace(name), self._unlisted_position, listed=False, normalise=None, blocked=frozenset())
        else:
            kind = replace(listed, namespace=replace(listed.namespace, id=name))
        if len(self._by_name) >= _REMEMBERED_MAX:
            self._by_name.clear()
        self._by_name[name] = kind
        return kind

"""Reads the rules of identity."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, cast

from schemas.definitions.fault import near_match
from schemas.definitions.identity import Ids, by_id
from schemas.definitions.identity_model import DEFAULT_BLOCKED, DEFAULT_NAMESPACES, IdentityRules, Joins, Namespace, Normaliser
from schemas.definitions.language import IDENTITY, JOINS, MOST_IDS, NAMESPACE, NAMESPACE_PATTERN, NORMALISERS
from schemas.definitions.values import read_whole
from schemas.definitions.view import View, fields

if TYPE_CHECKING:
    from collections.abc import Sequence

_ID: Final = re.compile(NAMESPACE_PATTERN)
_DEFAULTS: Final = {namespace.id: namespace for namespace in DEFAULT_NAMESPACES}


def read_identity(views: Sequence[View]) -> IdentityRules:
    """The rules of the one file that has them; the defaults if none has."""
    for view in views[1:]:
        view.fault("identity in one file only", f"identity again (first at {views[0].file}:{views[0].node.line})")
    if not views:
        return IdentityRules()
    found = fields(views[0], IDENTITY)
    said = found.read("namespaces", _namespaces, ())
    named = {namespace.id for namespace in said}
    return IdentityRules(
        namespaces=(*said, *(namespace for namespace in DEFAULT_NAMESPACES if namespace.id not in named)),
        blocked=tuple(dict.fromkeys((*DEFAULT_BLOCKED, *found.read("blocked", _blocked, ())))),
        ids_max=found.read("ids_max", lambda view: read_whole(view, 1, MOST_IDS), IdentityRules().ids_max),
    )


def _blocked(view: View) -> list[str]:
    return [item.text("a text, in quotes if it looks like a number") for item in view.items("a list of values")]


def _namespaces(view: View) -> list[Namespace]:
    ids = Ids("namespace")
    found: list[Namespace] = []
    for item in view.items("a list of namespaces"):
        named = by_id(item)
        namespace = _namespace(named)
        ids.take(namespace.id, named)
        found.append(namespace)
    return found


def _namespace(view: View) -> Namespace:
    """One namespace. What it leaves out is as in the default of its id: ``{id: anon, limit: 500}`` still joins at the first login."""
    found = fields(view, NAMESPACE)
    name = found.read("id", _id, "")
    stem, colon, _ = name.partition(":")
    default = _DEFAULTS.get(name) or _DEFAULTS.get(f"{stem}{colon}*") or Namespace(name)
    namespace = Namespace(
        id=name,
        strong=found.read("strong", View.flag, default.strong),
        joins=cast("Joins", found.read("joins", lambda joins: joins.one_of(JOINS), default.joins)),
        limit=found.read("limit", lambda limit: read_whole(limit, 1, MOST_IDS), default.limit),
        normalise=cast("Normaliser", found.read("normalise", lambda way: way.one_of(NORMALISERS), default.normalise)),
        region=found.read("region", _region, default.region),
        hashed=found.read("hashed", View.flag, default.hashed),
    )
    _check(view, namespace)
    return namespace


def _check(view: View, namespace: Namespace) -> None:
    if namespace.strong and namespace.joins in {"first_login", "never"}:
        view.fault("joins: always, or strong: false: a strong id names one person", f"a strong namespace that joins {namespace.joins}")
    if namespace.region and namespace.normalise != "phone":
        view.fault("normalise: phone beside it, or no region", "a region")


def _id(view: View) -> str:
    text = view.text("the id of a namespace")
    if text and not _ID.fullmatch(text):
        view.fault("a letter and at most 63 letters, digits, _ . or -; behind a colon perhaps the id of an app, or * for all apps")
        return ""
    return text


def _region(view: View) -> str:
    from phonenumbers import SUPPORTED_REGIONS  # noqa: PLC0415 - takes its time to load, and few files name a region

    text = view.text("a country's two capital letters, such as CN")
    if text and text not in SUPPORTED_REGIONS:
        view.fault("a country's two capital letters, such as CN", near=near_match(text, SUPPORTED_REGIONS))
    return text

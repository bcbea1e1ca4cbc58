"""Reads purposes, and what needs consent to them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from schemas.definitions.consent_model import ConsentNode, Purpose
from schemas.definitions.fault import near_match
from schemas.definitions.language import PURPOSE_PATTERN, UNLESS_SAID
from schemas.definitions.node_shapes import CONSENT_NODE
from schemas.definitions.nodes import Listing
from schemas.definitions.view import fields

if TYPE_CHECKING:
    from schemas.definitions.known import Known
    from schemas.definitions.view import Fields, View

_PURPOSE: Final = re.compile(PURPOSE_PATTERN)
_DECLARED: Final = "a purpose that stands in settings.consent"


def read_purposes(view: View) -> tuple[Purpose, ...]:
    """``settings.consent``: a map of purpose and ``opt_in`` or ``opt_out``."""
    found = []
    for entry, child in view.entries("a map of purpose and opt_in or opt_out"):
        if not _PURPOSE.fullmatch(entry.key):
            child.fault("a purpose: a letter, then at most 63 letters, digits, _ or -", repr(entry.key), line=entry.line)
        found.append(Purpose(entry.key, child.one_of(UNLESS_SAID) == "opt_out"))
    return tuple(found)


def read_needs(view: View, known: Known) -> tuple[ConsentNode, ...]:
    """``needs``: one purpose, or a list of them."""
    items = view.items() if isinstance(view.node, Listing) else [view]
    if not items:
        view.fault("at least one purpose")
    return tuple(dict.fromkeys(_purpose(item, known) for item in items))


def read_needs_of(found: Fields, known: Known) -> tuple[ConsentNode, ...]:
    """What ``needs`` among the keys of a map names; nothing without it."""
    return found.read("needs", lambda view: read_needs(view, known), ())


def read_consent(view: View, known: Known) -> ConsentNode:
    """The node ``consent``."""
    return fields(view, CONSENT_NODE).read("consent", lambda purpose: _purpose(purpose, known), ConsentNode(""))


def _purpose(view: View, known: Known) -> ConsentNode:
    text = view.text(_DECLARED)
    if text and known.complete and text not in known.purposes:
        view.fault(_DECLARED, near=near_match(text, known.purposes))
    return ConsentNode(text, known.purposes.get(text, False))

"""Reads nodes about a person's traits: tests, dates and anniversaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schemas.definitions.condition import read_trait_tests
from schemas.definitions.model import AnniversaryNode, DateNode, TraitNode
from schemas.definitions.node_shapes import ANNIVERSARY, ANNIVERSARY_NODE, DIRECTIONS_OF_DATES, LONGEST_ANNIVERSARY_MS, TRAIT_NODE
from schemas.definitions.values import read_duration, read_path, read_trait_path
from schemas.definitions.view import fields
from schemas.definitions.zones import read_zone

if TYPE_CHECKING:
    from schemas.definitions.view import Fields, View

_TESTS: Final = frozenset(TRAIT_NODE.keys) - {"trait", "zone", *DIRECTIONS_OF_DATES}


def read_trait(view: View) -> TraitNode | DateNode:
    """``trait`` with tests beside it, or with a time in which the date comes or came."""
    found = fields(view, TRAIT_NODE)
    if any(found.get(direction) is not None for direction in DIRECTIONS_OF_DATES):
        return _date(found)
    if (zone := found.get("zone")) is not None:
        zone.fault("'within_next' or 'within_last' beside it", "'zone'")
    tests = [(entry, child) for entry, child in view.entries() if entry.key in _TESTS]
    return TraitNode(read_trait_tests(found.read("trait", read_path, ""), tests))


def _date(found: Fields) -> DateNode:
    coming = found.get("within_next") is not None
    first = "within_next" if coming else "within_last"
    for name in TRAIT_NODE.keys:
        other = found.get(name)
        if other is not None and (name in _TESTS or (coming and name == "within_last")):
            other.fault(f"'{first}' alone: a date is tested by one thing", f"'{name}'")
    return DateNode(
        trait=found.read("trait", read_trait_path, ""),
        direction="next" if coming else "last",
        within_ms=found.read(first, read_duration, 1),
        zone=found.read("zone", read_zone, "UTC"),
    )


def read_anniversary(view: View) -> AnniversaryNode:
    """``anniversary``."""
    return fields(view, ANNIVERSARY_NODE).read("anniversary", _anniversary, AnniversaryNode("", 0))


def _anniversary(view: View) -> AnniversaryNode:
    found = fields(view, ANNIVERSARY)
    return AnniversaryNode(
        trait=found.read("trait", read_trait_path, ""),
        within_ms=found.read("within", lambda within: read_duration(within, LONGEST_ANNIVERSARY_MS, 0), 0),
        zone=found.read("zone", read_zone, "UTC"),
    )

"""Reads checks of what comes in."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast

from schemas.definitions.fault import near_match
from schemas.definitions.nodes import Listing
from schemas.definitions.quality_model import Check, Otherwise
from schemas.definitions.quality_shapes import BOUNDS, CANONICAL, CHECK, OTHERWISE, RANGE, REGION_PATTERN, VALUE_TYPES, VERIFIED
from schemas.definitions.values import read_id, read_path
from schemas.definitions.view import Fields, View, fields
from schemas.folding import folded

if TYPE_CHECKING:
    from collections.abc import Collection

_ROOTS: Final = ("properties", "traits", "context")
_ASKING: Final = ("canonical", "type", "verify", "range", "enum")
_REGION: Final = re.compile(REGION_PATTERN)
Form = tuple[dict[str, str], str | None, dict[str, float]]


def check_reader(sources: Collection[str] | None) -> Callable[[View], Check]:
    """A reader of one check that may name these sources; None: any."""

    def source(view: View) -> str:
        text = view.text("the id of a source")
        if text and sources is not None and text not in sources:
            view.fault("the id of a source", near=near_match(text, sources))
        return text

    def read(view: View) -> Check:
        found = fields(view, CHECK)
        _agree(view, found)
        canonical, unit, units = found.read("canonical", _canonical, cast("Form", ({}, None, {})))
        return Check(
            id=found.read("id", read_id, ""),
            path=found.read("path", _path, ""),
            sources=found.read("sources", lambda items: _each(items, source), ()),
            events=found.read("events", lambda items: _each(items, lambda item: item.text("the name of an event")), ()),
            canonical=canonical,
            unit=unit,
            units=units,
            type=found.read("type", lambda item: item.one_of(VALUE_TYPES), None),
            verify=found.read("verify", lambda item: item.one_of(VERIFIED), None),
            region=found.read("region", read_region, None),
            rewrite=found.read("rewrite", View.flag, False),
            range=found.read("range", _range, {}),
            enum=found.read("enum", _enum, ()),
            otherwise=cast("Otherwise", found.read("otherwise", lambda item: item.one_of(OTHERWISE), "keep")),
        )

    return read


def _agree(view: View, found: Fields) -> None:
    if all(found.get(key) is None for key in _ASKING):
        view.fault(f"at least one of {', '.join(_ASKING)}", "a check that asks nothing")
    for key, needed in (("rewrite", "verify"), ("region", "verify")):
        said = found.get(key)
        if said is not None and found.get(needed) is None:
            said.fault(f"'{key}' only beside '{needed}'")


def _each(view: View, reader: Callable[[View], str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reader(item) for item in view.items()))


def _path(view: View) -> str:
    text = read_path(view)
    root, dot, _ = text.partition(".")
    if text and (root not in _ROOTS or not dot):
        view.fault("a path that begins with properties., traits. or context.", near=f"properties.{text}")
    return text


def _canonical(view: View) -> Form:
    found = fields(view, CANONICAL)
    words = found.read("map", _words, {})
    unit, units = found.read("unit", View.text, None), found.read("from", _factors, {})
    if (found.get("map") is None) is (unit is None) or (units and unit is None):
        view.fault("either 'map', or 'unit' with 'from'")
    return words, unit, units


def _words(view: View) -> dict[str, str]:
    """The map by folded key."""
    found: dict[str, str] = {}
    for entry, child in view.entries("a map of text and text"):
        word = child.text("the text that is written")
        if found.setdefault(folded(entry.key), word) != word:
            child.fault("one text for what differs only in capitals, width and blanks", f"another one for {folded(entry.key)!r}")
    if not found:
        view.fault("at least one text")
    return found


def _factors(view: View) -> dict[str, float]:
    found: dict[str, float] = {}
    for entry, child in view.entries("a map of unit and number"):
        factor = child.double()
        if factor <= 0 and not child.unreadable:
            child.fault("a number above 0")
        found[folded(entry.key)] = factor
    return found


def _range(view: View) -> dict[str, float]:
    found = fields(view, RANGE)
    bounds = {name: found.read(name, View.double, 0.0) for name in BOUNDS if found.get(name) is not None}
    if not bounds:
        view.fault(f"at least one of {', '.join(BOUNDS)}")
    return bounds


def _enum(view: View) -> tuple[str | int | float | bool, ...]:
    found = tuple(_plain(item) for item in view.items())
    if not found and isinstance(view.node, Listing):
        view.fault("at least one value")
    return found


def _plain(view: View) -> str | int | float | bool:
    value = view.scalar()
    if isinstance(value, str | int | float):
        return value
    if not view.unreadable:
        view.fault("a text, a number, true or false")
    return ""


def read_region(view: View) -> str:
    """A country that the library of phone numbers knows."""
    from phonenumbers import SUPPORTED_REGIONS  # noqa: PLC0415 - 30 ms that most sets of definitions need not pay

    text = view.text("a country of two capital letters, such as CN")
    if text and (not _REGION.fullmatch(text) or text not in SUPPORTED_REGIONS):
        view.fault("a country of two capital letters, such as CN", near=near_match(text, SUPPORTED_REGIONS))
    return text

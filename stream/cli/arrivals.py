"""What a source sends, summed up event by event: names, properties with their types and examples, rates. Bounded, whatever comes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from collectors.enriching.scrubbing import ALWAYS, REDACTED, Scrubber
from schemas.event import Event

SOURCES_MAX: Final = 100
NAMES_MAX: Final = 300
PATHS_MAX: Final = 200
_EXAMPLES: Final = 3
_EXAMPLE_CHARACTERS: Final = 40
_DEPTH: Final = 4
_ELEMENTS: Final = 20
_PERSONAL: Final = ("pass", "token", "secret", "session", "phone", "mobile", "mail", "card", "iban", "address", "openid", "unionid")
_EMAIL: Final = re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}")
_LONG_NUMBER: Final = re.compile(r"[0-9][0-9 -]{5,}[0-9]")
_TYPES: Final = {str: "text", bool: "boolean", int: "number", float: "number", list: "list", dict: "map", type(None): "null"}


@dataclass(slots=True)
class Property:
    """One path of one event: in how many events, of which types, and up to three examples fit to be shown."""

    events: int = 0
    types: Counter[str] = field(default_factory=Counter)
    examples: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class Seen:
    """How many, and the first and last time in ms. ``left_out``: what was past a bound."""

    events: int = 0
    first_ms: int = 0
    last_ms: int = 0
    left_out: int = 0

    def at(self, time_ms: int) -> None:
        """One more."""
        self.first_ms = min(self.first_ms, time_ms) if self.events else time_ms
        self.last_ms = max(self.last_ms, time_ms)
        self.events += 1


@dataclass(slots=True)
class Name(Seen):
    """All events of one name of a source."""

    properties: dict[str, Property] = field(default_factory=dict)


@dataclass(slots=True)
class Arrived(Seen):
    """All that came from one source. ``labelled``: events that checks or schemas found something wrong with."""

    protocols: Counter[str] = field(default_factory=Counter)
    names: dict[str, Name] = field(default_factory=dict)
    labelled: int = 0


class Arrivals:
    """Takes events in any order. ``only``: one source."""

    def __init__(self, only: str | None = None) -> None:
        self.sources: dict[str, Arrived] = {}
        self.left_out = 0
        self._only = only
        self._shown = Examples()

    def take(self, event: Event, time_ms: int) -> None:
        """One event, appended at this time."""
        wire = event.wire
        source = wire.source if isinstance(wire.source, str) else ""
        if self._only is not None and source != self._only:
            return
        if source not in self.sources and len(self.sources) >= SOURCES_MAX:
            self.left_out += 1
            return
        arrived = self.sources.setdefault(source, Arrived())
        arrived.at(time_ms)
        arrived.protocols[str(wire.protocol) if isinstance(wire.protocol, str) else "-"] += 1
        arrived.labelled += isinstance(wire.context, dict) and not wire.context.keys().isdisjoint(("quality", "violations"))
        if event.name not in arrived.names and len(arrived.names) >= NAMES_MAX:
            arrived.left_out += 1
            return
        name = arrived.names.setdefault(event.name, Name())
        name.at(time_ms)
        for path, value in self._found(wire.properties, wire.traits):
            self._tell(name, path, value)

    def _found(self, properties: Any, traits: Any) -> Iterator[tuple[str, list[Any]]]:
        found: dict[str, list[Any]] = {}
        for root, tree in (("properties", properties), ("traits", traits)):
            if isinstance(tree, dict):
                for path, value in _paths(root, tree, 0):
                    found.setdefault(path, []).append(value)
        yield from found.items()

    def _tell(self, name: Name, path: str, values: list[Any]) -> None:
        if path not in name.properties and len(name.properties) >= PATHS_MAX:
            name.left_out += 1
            return
        found = name.properties.setdefault(path, Property())
        found.events += 1
        for value in values:
            found.types[_TYPES[type(value)]] += 1
            if len(found.examples) < _EXAMPLES and not isinstance(value, (dict, list)) and value is not None:
                example = self._shown.of(path, value)
                if not any(type(each) is type(example) and each == example for each in found.examples):
                    found.examples.append(example)


class Examples:
    """Makes values fit to be shown: no traits in words, nothing that names or authorises somebody, nothing long."""

    def __init__(self) -> None:
        self._scrubber = Scrubber()

    def of(self, path: str, value: Any) -> Any:
        """The value, changed where it must be."""
        key = path.rpartition(".")[2].lower()
        if key in ALWAYS or any(word in key for word in _PERSONAL):
            return REDACTED
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            return value
        if not isinstance(value, str):
            return REDACTED if abs(value) >= 10**10 and path.startswith("traits.") else value
        if path.startswith("traits."):
            return REDACTED
        text = _EMAIL.sub(REDACTED, self._scrubber.scrubbed(value[:2_000]))
        text = _LONG_NUMBER.sub(lambda run: re.sub("[0-9]", "#", run[0]), text)
        return text if len(text) <= _EXAMPLE_CHARACTERS else f"{text[: _EXAMPLE_CHARACTERS - 1]}…"


def _paths(root: str, tree: dict[str, Any], depth: int) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        path = f"{root}.{key[:64]}"
        yield path, value
        if depth >= _DEPTH:
            continue
        if isinstance(value, dict):
            yield from _paths(path, value, depth + 1)
        elif isinstance(value, list):
            for element in value[:_ELEMENTS]:
                if isinstance(element, dict):
                    yield from _paths(f"{path}[]", element, depth + 1)

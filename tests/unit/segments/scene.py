"""Definitions written as YAML, and one person's story under them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from schemas.definitions.bundle import next_bundle
from schemas.definitions.model import Bundle
from schemas.definitions.parse import parse_files
from schemas.event import read_event
from schemas.transition import Transition
from segments.compile import CompiledSegment, compile_bundle
from segments.engine import Engine
from tagging.codec import pack
from tagging.person import Person
from tagging.state import new_person

T = 1_764_000_000_000
SECOND = 1_000
MINUTE = 60_000
HOUR = 3_600_000
DAY = 86_400_000

Row = tuple[str, str, int, str]


def bundle_of(text: str, previous: Bundle | None = None, *, silent: bool = False) -> Bundle:
    return next_bundle(previous or Bundle(), parse_files({"a.yaml": text}), silent=silent)


def compiled(text: str) -> dict[str, CompiledSegment]:
    return {segment.id: segment for segment in compile_bundle(bundle_of(text)).segments}


@dataclass
class Story:
    """One person under one set of definitions. Times are milliseconds after T, where the first record may stand."""

    engine: Engine
    person: Person = field(default_factory=lambda: Person(new_person("user:u1", 0, T, 1), is_new=True))
    out: list[Transition] = field(default_factory=list)

    def event(self, at: int, name: str = "viewed", event_at: int | None = None, **fields: Any) -> bool:
        """One record appended at ``at``; False if it is a repeat."""
        body = {"type": "track", "event": name, "userId": "u1"} | fields
        event_ms = T + (at if event_at is None else event_at)
        return self.engine.apply(self.person, read_event(json.dumps(body).encode()), event_ms, T + at, self.out)

    def advance(self, until: int) -> None:
        """Everything due before ``until`` fires."""
        self.engine.advance(self.person, T + until - self.person.state.base, self.out)

    def rows(self) -> list[Row]:
        """Each transition as (segment, "in" or "out", milliseconds after T, cause)."""
        return [(one.segment, "in" if one.sequence & 1 else "out", one.timestamp - T, one.cause) for one in self.out]

    def due(self) -> int | None:
        state = self.person.state
        return None if state.due is None else state.base + state.due - T

    def packed(self) -> bytes:
        return pack(self.person.state)


def story(text: str) -> Story:
    return Story(Engine(bundle_of(text)))

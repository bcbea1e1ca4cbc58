"""A one-partition log written down event by event."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.definitions.model import AllOf, Bundle, Comparison, Condition, EngineSettings, EventMatch, EventNode, Node, Rule, Segment, Tag
from tests.oracle.classify import Raw
from tests.oracle.partition import Outcome, run_partition

T = 1_764_000_000_000
"""2025-11-24T16:00:00.000Z."""
ALWAYS = AllOf(())


@dataclass
class Log:
    """Records of one partition; times are milliseconds after T. ``bundles[0]`` becomes active at T as version 1."""

    bundles: list[Bundle] = field(default_factory=list)
    records: list[Raw] = field(default_factory=list)

    def raw(self, at: int, value: bytes | None, header: str = "") -> Log:
        headers = [("ebbtide-internal", header.encode())] if header else []
        self.records.append(Raw(len(self.records), T + at, None, value, headers))
        return self

    def event(self, at: int, name: str = "viewed", **fields: Any) -> Log:
        body = {"type": "track", "event": name, "userId": "u1", "timestamp": T + at} | fields
        return self.raw(at, json.dumps({key: value for key, value in body.items() if value is not ...}).encode())

    def said(self, at: int, kind: str, tags: Any, **fields: Any) -> Log:
        return self.event(at, type=kind, tags=tags, event=..., **fields)

    def clock(self, at: int) -> Log:
        return self.raw(at, b'{"type":"$clock"}', "clock")

    def activate(self, at: int, version: int) -> Log:
        return self.raw(at, json.dumps({"type": "$definitions", "version": version, "phase": "activate"}).encode(), "definitions")

    def prepare(self, at: int, version: int) -> Log:
        return self.raw(at, json.dumps({"type": "$definitions", "version": version, "phase": "prepare"}).encode(), "definitions")

    def listed(self, at: int, version: int, add: list[str] | None = None, remove: list[str] | None = None, name: str = "vip") -> Log:
        body = {"type": "$list", "id": name, "version": version, "add": add or [], "remove": remove or []}
        return self.raw(at, json.dumps(body).encode(), "list")

    def run(self) -> Outcome:
        return run_partition(self.records, partition=0, partitions=1, bundles={bundle.version: bundle for bundle in self.bundles})


def log(*segments: Segment, tags: tuple[Tag, ...] = (), settings: EngineSettings | None = None) -> Log:
    """A log that begins with these definitions as version 1."""
    return Log([bundle(1, *segments, tags=tags, settings=settings)]).activate(0, 1)


def bundle(
    version: int, *segments: Segment, tags: tuple[Tag, ...] = (), settings: EngineSettings | None = None, silent: bool = False
) -> Bundle:
    return Bundle(version, settings or EngineSettings(), tags, segments, silent=silent)


def segment(when: Node, name: str = "s", include: tuple[str, ...] = (), **options: Any) -> Segment:
    return Segment(name, name, when, include, **options)


def events(name: str = "viewed", at_least: int = 1, within: int | None = None, where: Condition = ALWAYS) -> EventNode:
    return EventNode(EventMatch((name,), where), (Comparison("gte", at_least),), within)


def rule(name: str = "viewed", weight: Any = 1.0, where: Condition = ALWAYS) -> Rule:
    return Rule(f"on_{name}", EventMatch((name,), where), weight)


def seen(outcome: Outcome) -> list[tuple[str, str, int, str]]:
    """Each transition as (segment, "in" or "out", milliseconds after T, cause)."""
    from tests.oracle.times import read_time

    rows = []
    for one in outcome.transitions:
        at = read_time(one["timestamp"])
        assert at is not None
        rows.append((one["data"]["segment"], "in" if one["type"] == "segment.entered" else "out", at - T, one["data"]["cause"]))
    return rows


def after_t(text: str) -> int:
    """Milliseconds after T of a time in ISO 8601 with an offset."""
    return (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1) - T

"""Checks of an event on its way in: an event goes in and comes out changed, with what was found wrong. No I/O, no state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from schemas.definitions.path import Each, parse_path
from schemas.definitions.quality_model import Check, Otherwise, QualityRules
from schemas.event import NAME_OF_TYPE
from schemas.quality_steps import Wrong, steps_of

LABEL: Final = "quality"


class Finding(NamedTuple):
    """A value that a check found wrong. ``text``: ``traits.phone: not a phone``; it never holds the value itself."""

    check: str
    outcome: Otherwise
    text: str


class CompiledCheck:
    """One check, ready to be asked of events."""

    __slots__ = ("_path", "_steps", "_walk", "id", "otherwise")

    def __init__(self, check: Check) -> None:
        self.id = check.id
        self.otherwise = check.otherwise
        self._path = check.path
        self._walk = parse_path(check.path)
        self._steps = steps_of(check)

    def ask(self, event: dict[str, Any]) -> Finding | None:
        """Bring the values at the path to their one form; tell the first that is wrong. Wrong values stay, or go with ``drop``."""
        wrong: Wrong | None = None
        # From the last to the first, so that what is dropped from a list moves nothing that is still to be asked.
        for holder, key in reversed(list(_places(event, self._walk))):
            value = holder[key]
            if value is None:
                continue
            found = self._run(value)
            if isinstance(found, Wrong):
                wrong = found
                if self.otherwise == "drop":
                    del holder[key]
            elif found is not value:
                holder[key] = found
        return None if wrong is None else Finding(self.id, self.otherwise, f"{self._path}: {wrong.text}")

    def _run(self, value: Any) -> Any:
        for step in self._steps:
            value = step(value)
            if isinstance(value, Wrong):
                break
        return value


def _places(value: Any, walk: tuple[str | Each, ...]) -> Iterator[tuple[Any, Any]]:
    """(map, key) or (list, index) of each value that a path leads to, in order."""
    step, rest = walk[0], walk[1:]
    keys: list[Any] = []
    if isinstance(step, str):
        keys = [step] if type(value) is dict and step in value else []
    elif type(value) is list:
        keys = list(range(len(value)))
    for key in keys:
        if rest:
            yield from _places(value[key], rest)
        else:
            yield value, key


class Quality:
    """All checks of one set of definitions, found by source and event name with two looks into dictionaries."""

    __slots__ = ("_by_source", "_elsewhere", "is_empty")

    def __init__(self, rules: QualityRules) -> None:
        compiled = [(check, CompiledCheck(check)) for check in rules.checks]
        sources = {source for check in rules.checks for source in check.sources}
        self._by_source = {source: _OfSource([pair for pair in compiled if _concerns(pair[0].sources, source)]) for source in sources}
        self._elsewhere = _OfSource([pair for pair in compiled if not pair[0].sources])
        self.is_empty = not compiled

    def inspect(self, event: dict[str, Any]) -> list[Finding]:
        """Ask all checks that concern the event, and tell what was found in ``context.quality``, which no client may write.

        Ends at the first finding that refuses the event: it is the last of the list.
        """
        kind = event["type"]
        checks = self._by_source.get(event["source"], self._elsewhere).of(event["event"] if kind == "track" else NAME_OF_TYPE[kind])
        if not checks:
            return []
        findings: list[Finding] = []
        event["context"].pop(LABEL, None)
        for check in checks:
            found = check.ask(event)
            if found is not None:
                findings.append(found)
                if found.outcome == "refuse":
                    break
        if findings:
            event["context"][LABEL] = [finding.text for finding in findings]
        return findings


class _OfSource:
    """The checks of one source by event name."""

    __slots__ = ("_any", "_named")

    def __init__(self, pairs: list[tuple[Check, CompiledCheck]]) -> None:
        names = {name for check, _ in pairs for name in check.events}
        self._named = {name: tuple(each for check, each in pairs if _concerns(check.events, name)) for name in names}
        self._any = tuple(each for check, each in pairs if not check.events)

    def of(self, name: str) -> tuple[CompiledCheck, ...]:
        return self._named.get(name, self._any)


def _concerns(listed: tuple[str, ...], name: str) -> bool:
    return not listed or name in listed

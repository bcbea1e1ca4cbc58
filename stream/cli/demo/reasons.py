"""Why somebody left although nothing happened: the leaves of the condition that differ one millisecond before and at the time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from schemas.definitions.duration import format_duration
from schemas.errors import EbbtideError
from segments.compile import Program
from segments.explain import Explanation, explain, flipped

if TYPE_CHECKING:
    from stream.cli.demo.story import Row
    from stream.explain.people import PeopleReader

_WAITING_MAX: Final = 500
_log = logging.getLogger(__name__)


class Reasons:
    """Finds the words for rows that time caused; runs beside the rest and may fall behind, never hold up.

    ``on_known`` hears each row once no better reason will come.
    """

    def __init__(self, people: PeopleReader, program: Program, on_known: Callable[[Row], None]) -> None:
        self._people = people
        self._program = program
        self._on_known = on_known
        self._waiting: asyncio.Queue[Row] = asyncio.Queue(_WAITING_MAX)

    def ask(self, row: Row) -> None:
        """Queue a row; it keeps its plain reason if too many wait."""
        if row.cause == "time" and not self._waiting.full():
            self._waiting.put_nowait(row)
        else:
            self._on_known(row)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            row = await self._waiting.get()
            try:
                row.reason = await self._find(row) or row.reason
            except EbbtideError as error:
                _log.info("no reason could be looked up: %s", error)
            self._on_known(row)

    async def _find(self, row: Row) -> str | None:
        person = await self._people.as_stored(row.person)
        if person is None or person.state.definitions != self._program.bundle.version:
            return None
        before = explain(self._program, row.segment, person, row.at_ms - 1)
        after = explain(self._program, row.segment, person, row.at_ms)
        return "; ".join(map(by_time, flipped(before, after))) or None


def by_time(leaf: Explanation) -> str:
    """What the passing of time did to a leaf."""
    within_ms = leaf.facts.get("within_ms")
    if leaf.kind == "tag":
        score = leaf.facts.get("score")
        return f"faded: {leaf.text.replace(' ≥ ', ' fell below ')}" if isinstance(score, float) else leaf.text
    if within_ms is None:
        return leaf.text
    count, window = leaf.facts["count"], format_duration(within_ms)
    return f"quiet for {window}" if count == 0 else f"only {count} left of the last {window}"

"""Events a day of each source, counted on beyond a restart."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

import orjson

from collectors.spool.log import write_whole

if TYPE_CHECKING:
    from pathlib import Path

_DAY_MS: Final = 86_400_000
_KEEP_SECONDS: Final = 5.0
_log: Final = logging.getLogger(__name__)


class Quotas:
    """How many events of each source came today, in UTC."""

    __slots__ = ("_changed", "_counts", "_day")

    def __init__(self) -> None:
        self._day = 0
        self._counts: dict[str, int] = {}
        self._changed = False

    def wait_seconds(self, source: str, per_day: int, now_ms: int) -> float:
        """How long until this source has events left again; 0 if it has some now."""
        self._turn(now_ms)
        if self._counts.get(source, 0) < per_day:
            return 0.0
        return (_DAY_MS - now_ms % _DAY_MS) / 1000

    def spend(self, source: str, events: int, now_ms: int) -> None:
        """So many events came."""
        self._turn(now_ms)
        self._counts[source] = self._counts.get(source, 0) + events
        self._changed = True

    def _turn(self, now_ms: int) -> None:
        day = now_ms // _DAY_MS
        if day != self._day:
            self._day, self._counts = day, {}

    def read(self, kept: bytes) -> None:
        """Go on from what was kept; what cannot be read counts as nothing."""
        try:
            said = orjson.loads(kept)
            day, counts = said["day"], said["events"]
            self._day, self._counts = int(day), {str(source): int(events) for source, events in counts.items()}
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
            _log.warning("the day's counts cannot be read and begin at 0: %r", error)

    def written(self) -> bytes | None:
        """What to keep; None if nothing has changed since."""
        if not self._changed:
            return None
        self._changed = False
        return orjson.dumps({"day": self._day, "events": self._counts})


class KeptQuotas:
    """Keeps the counts in a file, every five seconds and at the end; so much is forgotten by a kill at most."""

    def __init__(self, quotas: Quotas, file: Path) -> None:
        self._quotas = quotas
        self._file = file

    def read(self) -> None:
        """Take up what the file says, if there is one."""
        try:
            if self._file.exists():
                self._quotas.read(self._file.read_bytes())
        except OSError as error:
            _log.warning("the day's counts cannot be read and begin at 0: %s", error)

    async def run(self) -> None:
        """Write what has changed, until cancelled."""
        try:
            while True:
                await asyncio.sleep(_KEEP_SECONDS)
                if (text := self._quotas.written()) is not None:
                    await asyncio.to_thread(self._write, text)
        finally:
            if (text := self._quotas.written()) is not None:
                self._write(text)

    def _write(self, text: bytes) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._file, text)
        except OSError as error:
            _log.warning("the day's counts cannot be kept in %s: %s", self._file, error)

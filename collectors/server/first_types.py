"""The types that properties had first: known in memory, kept on the definitions topic, where the first record of a property decides."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from schemas.errors import Unavailable
from schemas.topics import TYPES_KEY
from stream.kafka.port import Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.topics import Topics
    from stream.kafka.port import Publisher

TYPES_MAX: Final = 5_000
_NOTHING: Final[dict[str, str]] = {}
_GATHER_SECONDS: Final = 0.05
_PAUSE_SECONDS: Final = 1.0
_LAST_WRITE_SECONDS: Final = 2.0
_log: Final = logging.getLogger(__name__)

Types = dict[str, dict[str, str]]
"""Name of an event → path of a property → type."""


class FirstTypes:
    """A ``TypeMemory``. Until the topic says what a property was first, it is what this collector saw first and has proposed.

    At most ``TYPES_MAX`` types a source; ``left_out`` hears of a source and how many more there were.
    """

    def __init__(self, left_out: Callable[[str, int], None]) -> None:
        self._known: dict[tuple[str, str, str], dict[str, str]] = {}
        self._numbers: Counter[str] = Counter()
        self._proposed: set[tuple[str, str, str]] = set()
        self._fresh: dict[str, Types] = {}
        self._left_out = left_out
        self.has_news = asyncio.Event()

    def of(self, source: str, name: str, root: str) -> dict[str, str]:
        """See ``TypeMemory``."""
        return self._known.get((source, name, root), _NOTHING)

    def learn(self, source: str, name: str, root: str, types: dict[str, str]) -> None:
        """See ``TypeMemory``. What is past the bound is not learnt, and so never judged."""
        room = max(0, TYPES_MAX - self._numbers[source])
        taken = dict(islice(types.items(), room))
        if len(taken) < len(types):
            self._left_out(source, len(types) - len(taken))
        if not taken:
            return
        self._numbers[source] += len(taken)
        self._known.setdefault((source, name, root), {}).update(taken)
        by_path = {f"{root}.{key}": kind for key, kind in taken.items()}
        self._proposed.update((source, name, path) for path in by_path)
        self._fresh.setdefault(source, {}).setdefault(name, {}).update(by_path)
        self.has_news.set()

    def take(self, key: bytes, value: bytes) -> None:
        """A record of the topic, in its order. One that cannot be read changes nothing."""
        try:
            names = _read(value)
            source = key.removeprefix(TYPES_KEY).decode()
        except ValueError as error:
            _log.error("a record of types is ignored: %s", error)
            return
        for name, types in names.items():
            for path, kind in types.items():
                self._settle(source, name, path, kind)

    def _settle(self, source: str, name: str, path: str, kind: str) -> None:
        root, _, key = path.partition(".")
        known = self._known.setdefault((source, name, root), {})
        if key not in known:
            self._numbers[source] += 1
        elif (source, name, path) not in self._proposed:
            return
        self._proposed.discard((source, name, path))
        known[key] = kind

    def taken_out(self) -> dict[str, Types]:
        """What is to be proposed."""
        fresh, self._fresh = self._fresh, {}
        self.has_news.clear()
        return fresh


class TypeWriter:
    """Proposes what was learnt: one record a source, twenty times a second at most."""

    def __init__(self, types: FirstTypes, publisher: Publisher, topics: Topics) -> None:
        self._types = types
        self._publisher = publisher
        self._topic = topics.definitions
        self._waiting: list[Message] = []

    async def run(self) -> None:
        """Until cancelled. While the broker is away what was learnt waits here; there is no more of it than may be known."""
        while True:
            await self._types.has_news.wait()
            await asyncio.sleep(_GATHER_SECONDS)
            self._gather()
            while not await self._write():  # noqa: ASYNC110 - the broker sets no event
                await asyncio.sleep(_PAUSE_SECONDS)

    async def close(self, running: asyncio.Task[None]) -> None:
        """End ``running``, and write what it had not written yet, if that is soon done. What stands there twice changes nothing."""
        running.cancel()
        await asyncio.wait({running})
        self._gather()
        if self._waiting:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._write(), _LAST_WRITE_SECONDS)

    def _gather(self) -> None:
        self._waiting += [Message(TYPES_KEY + source.encode(), _written(names)) for source, names in self._types.taken_out().items()]

    async def _write(self) -> bool:
        try:
            await self._publisher.publish(self._topic, 0, self._waiting)
        except Unavailable as error:
            _log.warning("first types are not written yet: %s", error)
            return False
        self._waiting = []
        return True


def _written(names: Types) -> bytes:
    return json.dumps({"format": 1, "types": names}, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _read(value: bytes) -> Types:
    plain: Any = json.loads(value)
    if not isinstance(plain, dict) or plain.get("format") != 1 or not isinstance(plain.get("types"), dict):
        raise ValueError("it has another format")
    names: dict[str, Any] = plain["types"]
    for types in names.values():
        if not isinstance(types, dict) or not all(isinstance(kind, str) and "." in path for path, kind in types.items()):
            raise ValueError("it has another shape")
    return names

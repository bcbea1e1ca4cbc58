"""The ids of a file, sorted out by buckets on disk: a list may be larger than memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from stream.lists.register import bucket_of

_CACHE_KILOBYTES = 32_000


class Spool:
    """A context: fill it with ``add``, ``close`` it for writing, then read. A file without a name holds it, which the system
    deletes when the process ends, however it ends.
    """

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        for setting in ("journal_mode=OFF", "synchronous=OFF", f"cache_size=-{_CACHE_KILOBYTES}"):
            self._db.execute(f"PRAGMA {setting}")
        self._db.execute("CREATE TABLE ids (bucket INTEGER, id TEXT)")
        self._db.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._db.close()

    def add(self, ids: Iterable[str]) -> None:
        """Take ids in; one may come several times."""
        self._db.executemany("INSERT INTO ids VALUES (?, ?)", ((bucket_of(each), each) for each in ids))

    def close(self) -> None:
        """Nothing more will be added."""
        self._db.execute("COMMIT")
        self._db.execute("CREATE INDEX by_bucket ON ids (bucket, id)")

    def numbers(self) -> list[int]:
        """The buckets in which somebody is, ascending."""
        return [number for (number,) in self._db.execute("SELECT DISTINCT bucket FROM ids ORDER BY bucket")]

    def ids(self, number: int) -> frozenset[str]:
        """The ids of one bucket."""
        return frozenset(each for (each,) in self._db.execute("SELECT DISTINCT id FROM ids WHERE bucket = ?", (number,)))

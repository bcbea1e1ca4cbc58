"""Whose write key that is, and from which origins a source may be called."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collectors.enriching.enrichment import Enrich, Enriching
    from collectors.inspection import Inspect
    from schemas.definitions.model import Source

_KEYS_REMEMBERED: Final = 4_096
_KEY_CHARACTERS_MAX: Final = 256


class SourceTable:
    """The sources of one version of the definitions, and what becomes of their events. Immutable: a new version is a new table."""

    __slots__ = ("_by_key", "_origins", "enrichers", "inspect", "sources", "version")

    def __init__(
        self,
        sources: Iterable[Source] = (),
        version: int = 0,
        inspect: Inspect | None = None,
        enriching: Enriching | None = None,
    ) -> None:
        self.sources = listed = tuple(sources)
        self.version = version
        self.inspect = inspect
        self.enrichers: Mapping[str, Enrich] = {} if enriching is None else enriching.of_sources(listed)
        self._by_key = {digest.lower(): source for source in listed for digest in source.write_keys}
        self._origins = frozenset(origin for source in listed for origin in source.origins)

    def by_digest(self, digest: str) -> Source | None:
        """The source with a write key of this SHA-256, in lower-case hex."""
        return self._by_key.get(digest)

    def some_allows(self, origin: str) -> bool:
        """Whether any source may be called from there: all that can be asked of a preflight, which carries no key."""
        return origin in self._origins or "*" in self._origins


def allows(source: Source, origin: str) -> bool:
    """Whether this source may be called from there."""
    return origin in source.origins or "*" in source.origins


class SourceDirectory(Protocol):
    """Tells the sources that hold now. ``table`` is replaced, never changed, when new definitions come."""

    @property
    def table(self) -> SourceTable:
        """The newest sources; an empty table before the first definitions."""
        ...


class StaticSources:
    """Sources that are given once, or set by hand."""

    def __init__(self, *sources: Source) -> None:
        self.table = SourceTable(sources, version=1)


class WriteKeys:
    """Finds the source of a plain write key, and remembers keys it found so that a request costs one dictionary read.

    Only the SHA-256 of a key is kept in definitions, and it is looked up in a dictionary. That is not constant in time, and need
    not be: what a stranger could time is how far the hash of a guess agrees with a stored hash, and without inverting SHA-256
    nobody can choose guesses by their hash. Wrong keys are not remembered, so guessing cannot push out the right ones.
    """

    def __init__(self, directory: SourceDirectory) -> None:
        self._directory = directory
        self._table = directory.table
        self._found: dict[str, Source] = {}

    def find(self, key: str) -> Source | None:
        """The source, or None. A key withdrawn by new definitions is unknown from then on."""
        table = self._directory.table
        if table is not self._table:
            self._table = table
            self._found = {}
        source = self._found.get(key)
        if source is None and len(key) <= _KEY_CHARACTERS_MAX:
            source = table.by_digest(hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest())
            if source is not None:
                if len(self._found) >= _KEYS_REMEMBERED:
                    del self._found[next(iter(self._found))]
                self._found[key] = source
        return source

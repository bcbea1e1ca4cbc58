"""The keys that links and pixels of a source are signed with."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from collectors.links.signing import KEY_BYTES_MIN
from collectors.secrets import secret_words
from schemas import rejection
from schemas.errors import Misconfigured, Rejected

if TYPE_CHECKING:
    from collectors.sources import SourceDirectory
    from schemas.definitions.model import Source

_REREAD_SECONDS: Final = 60.0
_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Signed:
    """A source whose links are signed; the first key signs, all of them are taken."""

    source: Source
    keys: tuple[bytes, ...] = field(repr=False)


class LinkKeys:
    """Finds the keys of a source by its id, among the newest sources."""

    def __init__(self, directory: SourceDirectory, secrets: Mapping[str, str], now: Callable[[], float] = time.monotonic) -> None:
        self._directory = directory
        self._secrets = secrets
        self._now = now
        self._table = directory.table
        self._found: dict[str, Signed | None] = {}
        self._read_at = now()

    def find(self, source_id: str) -> Signed:
        """Raises ``Rejected``: unknown-link, account-not-ready."""
        if self._table is not self._directory.table or self._now() > self._read_at + _REREAD_SECONDS:
            self._table, self._found, self._read_at = self._directory.table, {}, self._now()
        if source_id not in self._found:
            source = next((each for each in self._table.sources if each.id == source_id and each.link_secret_env), None)
            if source is None:  # not remembered: strangers choose what they ask for
                raise Rejected(rejection.UNKNOWN_LINK)
            self._found[source_id] = self._read(source)
        found = self._found[source_id]
        if found is None:
            raise Rejected(rejection.ACCOUNT_NOT_READY, f"source {source_id}")
        return found

    def _read(self, source: Source) -> Signed | None:
        try:
            return signed_source(source, self._secrets)
        except Misconfigured as error:
            _log.error("source %s takes no links and pixels: %s", source.id, error)
            return None


def signed_source(source: Source, secrets: Mapping[str, str]) -> Signed:
    """A source with its keys; Misconfigured (never with a key's text) if one is missing or too short."""
    return Signed(source, signing_keys(source.link_secret_env, secrets))


def signing_keys(name: str, secrets: Mapping[str, str]) -> tuple[bytes, ...]:
    """The keys of a variable, the one that signs first; Misconfigured (never with a key's text) if one is missing or too short."""
    words = [word.encode() for word in secret_words(name, secrets)]
    if short := [word for word in words if len(word) < KEY_BYTES_MIN]:
        raise Misconfigured(f"{name} holds a secret of {len(short[0])} bytes, expected at least {KEY_BYTES_MIN}")
    return tuple(words)

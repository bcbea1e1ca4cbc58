"""The keys that sign who is handed over, by the variable that a source names."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Final

from collectors.links.keys import signing_keys
from schemas.errors import Misconfigured

_REREAD_SECONDS: Final = 60.0
_log: Final = logging.getLogger(__name__)


class HandOverKeys:
    """Reads the keys of a variable, and once a minute again: a secret in a file may take another's place."""

    def __init__(self, secrets: Mapping[str, str], now: Callable[[], float] = time.monotonic) -> None:
        self._secrets = secrets
        self._now = now
        self._read: dict[str, tuple[float, tuple[bytes, ...]]] = {}

    def of(self, name: str) -> tuple[bytes, ...]:
        """The keys, the one that signs first; none where the source names no variable, or it holds no secret, which the log tells."""
        if not name:
            return ()
        found = self._read.get(name)
        if found is None or self._now() > found[0] + _REREAD_SECONDS:
            found = self._read[name] = (self._now(), self._keys(name))
        return found[1]

    def _keys(self, name: str) -> tuple[bytes, ...]:
        try:
            return signing_keys(name, self._secrets)
        except Misconfigured as error:
            _log.error("no visitors are handed over: %s", error)
            return ()

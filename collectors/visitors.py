"""Who comes without any id: known again for the rest of the day, and to nobody afterwards."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final, Protocol

_DAY_MS: Final = 86_400_000
_ID_BYTES: Final = 16


class Salts(Protocol):
    """Gives each day its own secret."""

    def of(self, day: int) -> bytes:
        """The salt of a day, counted in whole days since 1970 UTC; 16 to 64 bytes."""
        ...


class Visitors:
    """Names those who bring no id by what their requests have in common.

    The name is a hash of site, address and user agent under the salt of the day (UTC). So one visitor has one name a day and
    another the next, two sites cannot compare their visitors, and once the salt is gone nobody can try addresses against a name.
    Two people behind one address with like browsers are one visitor: names of this kind are never tied to a user's id.
    """

    def __init__(self, salts: Salts) -> None:
        self._salts = salts

    def name_of(self, site: str, address: str, user_agent: str, now_ms: int) -> str:
        """32 hexadecimal digits."""
        seen = f"{site}\0{address}\0{user_agent}".encode(errors="surrogatepass")
        return blake2b(seen, key=self._salts.of(now_ms // _DAY_MS), digest_size=_ID_BYTES).hexdigest()

"""The accounts that may call back: which source each belongs to, and the secrets that its callbacks are checked with.

Secrets are read as ``collectors.secrets`` says, and again a minute later.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from collectors.secrets import secret_words
from collectors.wechat.secrecy import MessageCipher
from schemas import rejection
from schemas.errors import Misconfigured, Rejected

if TYPE_CHECKING:
    from collectors.sources import SourceDirectory
    from schemas.definitions.model import Source

Family = Literal["wechat", "wecom"]
_REREAD_SECONDS: Final = 60.0
_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Account:
    """One account with what opens its callbacks; the newest secrets first, as they were given."""

    id: str
    family: Family
    source: Source
    tokens: tuple[bytes, ...] = field(repr=False)
    ciphers: tuple[MessageCipher, ...] = field(repr=False)

    @property
    def takes_plain(self) -> bool:
        """Whether callbacks count that are not encrypted: anybody who has seen one address of those can put words into them."""
        return not self.ciphers or self.source.plain


class Accounts:
    """Finds accounts by id among the newest sources. An id may stand in several sources, each with a token of its own."""

    def __init__(self, directory: SourceDirectory, secrets: Mapping[str, str], now: Callable[[], float] = time.monotonic) -> None:
        self._directory = directory
        self._secrets = secrets
        self._now = now
        self._table = directory.table
        self._found: dict[tuple[Family, str], tuple[Account, ...]] = {}
        self._read_at = now()

    def find(self, family: Family, account_id: str) -> tuple[Account, ...]:
        """The accounts of this id, at least one. Raises ``Rejected``: unknown-account, account-not-ready."""
        if self._table is not self._directory.table or self._now() > self._read_at + _REREAD_SECONDS:
            self._table, self._found, self._read_at = self._directory.table, {}, self._now()
        found = self._found.get((family, account_id))
        if found is None:
            found = self._read(family, account_id)
            self._found[family, account_id] = found  # as many as there are sources: unknown ids are not remembered
        if not found:
            raise Rejected(rejection.ACCOUNT_NOT_READY, f"account {account_id}")
        return found

    def _read(self, family: Family, account_id: str) -> tuple[Account, ...]:
        sources = [source for source in self._table.sources if source.token_env and _id_of(source, family) == account_id]
        if not sources:
            raise Rejected(rejection.UNKNOWN_ACCOUNT, f"account {account_id}")
        ready = []
        for source in sources:
            try:
                ready.append(account_of(source, family, self._secrets))
            except Misconfigured as error:
                _log.error("account %s of source %s takes no callbacks: %s", account_id, source.id, error)
        return tuple(ready)


def _id_of(source: Source, family: Family) -> str:
    return source.app_id if family == "wechat" else source.corp_id


def account_of(source: Source, family: Family, secrets: Mapping[str, str]) -> Account:
    """The account of a source; Misconfigured (never with the secret's text) if a secret is missing or none."""
    tokens = tuple(word.encode() for word in secret_words(source.token_env, secrets))
    ciphers = []
    for word in secret_words(source.aes_key_env, secrets) if source.aes_key_env else ():
        try:
            ciphers.append(MessageCipher(word))
        except ValueError as error:
            raise Misconfigured(f"{source.aes_key_env}: {error}, this one has {len(word)} characters") from None
    return Account(_id_of(source, family), family, source, tokens, tuple(ciphers))

"""Salts of the day for ``collectors.visitors``."""

from __future__ import annotations

import hmac
import logging
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

_SALT_BYTES: Final = 32
_log: Final = logging.getLogger(__name__)


class FolderSalts:
    """A random salt a day in a folder that collectors of one machine share. Those of earlier days are deleted, so no backup or
    restart brings them back; where the folder cannot be written, each process has a salt of its own and says so.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._day = -1
        self._salt = b""

    def of(self, day: int) -> bytes:
        """The salt of a day; touches the disk once a day."""
        if day > self._day:
            self._day, self._salt = day, self._shared(day)
        return self._salt

    def _shared(self, day: int) -> bytes:
        mine = secrets.token_bytes(_SALT_BYTES)
        path = self._folder / str(day)
        draft = self._folder / f"{day}.{secrets.token_hex(4)}"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.touch(mode=0o600)
            draft.write_bytes(mine)
            # A link appears whole or not at all, and never in place of one that another process made.
            with suppress(FileExistsError):
                path.hardlink_to(draft)
            draft.unlink()
            self._forget_before(day)
            return path.read_bytes()
        except OSError as error:
            _log.warning("visitors without an id are told apart by this process alone today: %s", error)
            return mine

    def _forget_before(self, day: int) -> None:
        for path in self._folder.iterdir():
            if path.name.isdecimal() and int(path.name) < day:
                path.unlink(missing_ok=True)


class SecretSalts:
    """A salt a day out of one secret, the same on every machine that has it. Whoever has the secret can make old salts again."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of(self, day: int) -> bytes:
        """The salt of a day."""
        return hmac.digest(self._secret, b"visitors of day %d" % day, "sha256")

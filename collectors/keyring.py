"""All that a collector proves senders by, apart from write keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from collectors.links.keys import LinkKeys
from collectors.wechat.accounts import Accounts

if TYPE_CHECKING:
    from collectors.sources import SourceDirectory


class Keyring:
    """``accounts`` that call back, and the keys that ``links`` are signed with. ``secrets`` are environment variables by name."""

    __slots__ = ("accounts", "links")

    def __init__(self, directory: SourceDirectory, secrets: Mapping[str, str]) -> None:
        self.accounts = Accounts(directory, secrets)
        self.links = LinkKeys(directory, secrets)

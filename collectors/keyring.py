"""All that a collector proves senders by, apart from write keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from collectors.first_party.keys import HandOverKeys
from collectors.links.keys import LinkKeys
from collectors.wechat.accounts import Accounts

if TYPE_CHECKING:
    from collectors.sources import SourceDirectory


class Keyring:
    """``accounts`` that call back, the keys of ``links`` and of ``hand_overs``. ``secrets`` are environment variables by name."""

    __slots__ = ("accounts", "hand_overs", "links")

    def __init__(self, directory: SourceDirectory, secrets: Mapping[str, str]) -> None:
        self.accounts = Accounts(directory, secrets)
        self.links = LinkKeys(directory, secrets)
        self.hand_overs = HandOverKeys(secrets)

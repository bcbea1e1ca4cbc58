"""One person while a batch works on it: the state, and its traits read once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from schemas import rejection
from schemas.errors import Rejected
from schemas.json_text import to_json
from tagging.identities import Identities, pack_identities, unpack_identities
from tagging.state import PersonState

TRAITS_BYTES_MAX: Final = 32_768
_decoder: Final = msgspec.json.Decoder(dict[str, tuple[Any, int]])

Held = dict[str, tuple[Any, int]]
"""Traits: key → (value, event time in absolute ms); null for deleted ones."""


class Person(msgspec.Struct):
    """A person's state with the traits decoded on first use.

    ``is_new`` until the first record is applied: then all segments are evaluated, whatever the record touches.
    ``outlooks``: while segments are evaluated, what has been answered already of those that others refer to; else None.
    """

    state: PersonState
    is_new: bool = False
    outlooks: dict[tuple[int, int, int], tuple[bool, int]] | None = None
    _held: Held | None = None
    _values: dict[str, Any] | None = None
    _identities: Identities | None = None

    def hold(self, state: PersonState) -> None:
        """From here on the person has this state."""
        self.state = state
        self._held = self._values = self._identities = None

    def held_traits(self) -> Held:
        """Key → (value, event time in absolute ms), deleted ones (null) included."""
        if self._held is None:
            self._held = _decoder.decode(self.state.traits) if self.state.traits else {}
        return self._held

    def traits(self) -> Mapping[str, Any]:
        """Key → value, without the deleted ones."""
        if self._values is None:
            self._values = {key: value for key, (value, _) in self.held_traits().items() if value is not None}
        return self._values

    def said(self, key: str, merged: Held | None = None) -> Any:
        """The value of one trait, None if there is none; ``merged``: the traits that are asked instead, if any."""
        found = (self.held_traits() if merged is None else merged).get(key)
        return None if found is None else found[0]

    def merged_traits(self, traits: Mapping[str, Any], at_ms: int) -> Held | None:
        """What the traits would be after an event's; None where nothing changes. Ties go to the later applied.

        Raises:
            Rejected: ``state-too-large``; nothing has been changed then.
        """
        held = self.held_traits()
        newer = {key: (value, at_ms) for key, value in traits.items() if key not in held or held[key][1] <= at_ms}
        if not newer:
            return None
        merged = {**held, **newer}
        if len(to_json(merged)) > TRAITS_BYTES_MAX:
            raise Rejected(rejection.STATE_TOO_LARGE, f"traits would be over {TRAITS_BYTES_MAX} bytes")
        return merged

    def set_traits(self, merged: Held) -> None:
        """Keep what ``merged_traits`` gave."""
        self._held = merged
        self._values = None
        self.state.traits = to_json(merged)

    def identities(self) -> Identities:
        """Who the person is known to be; ``keep_identities`` after changing it."""
        if self._identities is None:
            self._identities = unpack_identities(self.state.identities, self.state.id)
        return self._identities

    def keep_identities(self) -> None:
        """Keep what has been changed in ``identities``."""
        self.state.identities = pack_identities(self.identities(), self.state.id)

    def ids(self) -> list[str]:
        """All ids of the person, the canonical one first."""
        return list(dict.fromkeys((self.state.id, *self.identities().ids())))

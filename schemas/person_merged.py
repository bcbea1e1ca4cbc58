"""What the transitions topic says when two persons turned out to be one."""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from schemas.json_text import to_json
from schemas.transition import iso_time


class PersonMerged(msgspec.Struct, frozen=True):
    """``person`` has become a part of ``into``. ``timestamp``: the absorbed person's lane's clock, ms since 1970 UTC."""

    person: str
    into: str
    incarnation: int
    timestamp: int

    @property
    def id(self) -> str:
        """The stable id: a hash of both persons, incarnation and timestamp."""
        text = "\0".join((self.person, self.into, str(self.incarnation), "person.merged", str(self.timestamp)))
        return "tr_" + blake2b(text.encode(), digest_size=16).hexdigest()

    def to_json(self) -> bytes:
        """The record's value and the webhook's body, byte for byte the same."""
        data = {"id": self.id, "from": self.person, "into": self.into, "incarnation": self.incarnation}
        return to_json({"type": "person.merged", "timestamp": iso_time(self.timestamp), "data": data})

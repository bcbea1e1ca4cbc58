"""A transition: a person entered or left a segment. Its id, and its JSON on the topic and in the webhook."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Literal

import msgspec

from schemas.json_text import to_json

Cause = Literal["event", "time", "definition", "merge", "split", "list", "erasure"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Transition(msgspec.Struct, frozen=True):
    """One entry into a segment or one leave. Times are milliseconds since 1970 UTC.

    ``sequence`` counts this person's transitions of this segment from 1: odd enters, even leaves.
    ``leaves_at`` is when it would be left if nothing happened; entries only; None means never.
    ``consent``: the purposes, of those that the definitions name, to which the person has given consent then.
    """

    person: str
    user_id: str | None
    anonymous_id: str | None
    segment: str
    incarnation: int
    sequence: int
    timestamp: int
    cause: Cause
    definitions: int
    event_id: str | None = None
    leaves_at: int | None = None
    traits: dict[str, Any] | None = None
    silent: bool = False
    consent: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """``segment.entered`` or ``segment.left``, by the parity of the sequence."""
        return "segment.entered" if self.sequence & 1 else "segment.left"

    @property
    def id(self) -> str:
        """The stable id: a hash of person, incarnation, segment, sequence, type and timestamp."""
        text = "\0".join((self.person, str(self.incarnation), self.segment, str(self.sequence), self.kind, str(self.timestamp)))
        return "tr_" + blake2b(text.encode(), digest_size=16).hexdigest()

    def to_json(self) -> bytes:
        """The record's value and the webhook's body, byte for byte the same."""
        data: dict[str, Any] = {"id": self.id, "person": self.person}
        if self.user_id is not None:
            data["userId"] = self.user_id
        if self.anonymous_id is not None:
            data["anonymousId"] = self.anonymous_id
        data["segment"] = self.segment
        data["incarnation"] = self.incarnation
        data["sequence"] = self.sequence
        data["cause"] = self.cause
        if self.event_id is not None:
            data["eventId"] = self.event_id
        data["definitions"] = self.definitions
        if self.leaves_at is not None:
            data["leavesAt"] = iso_time(self.leaves_at)
        if self.traits:
            data["traits"] = self.traits
        if self.silent:
            data["silent"] = True
        if self.consent:
            data["consent"] = list(self.consent)
        return to_json({"type": self.kind, "timestamp": iso_time(self.timestamp), "data": data})


def iso_time(milliseconds: int) -> str:
    """ISO 8601 in UTC with milliseconds, as all of Ebbtide's output has it."""
    return (_EPOCH + timedelta(milliseconds=milliseconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")

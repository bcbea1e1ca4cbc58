"""What a replay yields against what stands on the transitions topic, without holding either in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

from schemas.person_merged import PersonMerged
from schemas.transition import Transition

EXAMPLES_MAX = 20
_MILLISECONDS = 1000


@dataclass
class Difference:
    """Counts, and the first few of each kind, as the JSON of the records.

    ``same``: published as replayed. ``missing``: replayed and not published. ``unexpected``: published and not replayed.
    ``differing``: (replayed, published) of one person, segment, incarnation and sequence with other content. ``repeated``: records
    that stand again under one id, which a crash may cause. ``pending``: replayed, and by the lane's own books still to be published.
    ``later``: published by what the lane did after the position that the replay ends at.
    """

    same: int = 0
    missing: int = 0
    unexpected: int = 0
    differing: int = 0
    repeated: int = 0
    pending: int = 0
    later: int = 0
    missing_examples: list[dict[str, Any]] = field(default_factory=list)
    unexpected_examples: list[dict[str, Any]] = field(default_factory=list)
    differing_examples: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether the live stream published exactly what the log says, as far as it has come."""
        return not (self.missing or self.unexpected or self.differing)

    def add(self, other: Difference) -> None:
        """Take another partition's difference in."""
        for name in ("same", "missing", "unexpected", "differing", "repeated", "pending", "later"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("missing_examples", "unexpected_examples", "differing_examples"):
            mine = getattr(self, name)
            mine.extend(getattr(other, name)[: EXAMPLES_MAX - len(mine)])


class Comparer:
    """Some 200 bytes a transition: a digest of its place (person, segment, incarnation, sequence) and one of its content."""

    def __init__(self) -> None:
        self.difference = Difference()
        self.unmatched: set[bytes] = set()
        self._contents: dict[bytes, bytes] = {}
        self._differing: dict[bytes, dict[str, Any]] = {}
        self._later: list[dict[str, Any]] = []

    def add_replayed(self, transition: Transition | PersonMerged, value: bytes) -> None:
        """Note a transition that the replay yields."""
        if isinstance(transition, PersonMerged):
            place = _place(transition.person, "", transition.incarnation, 0)
        else:
            place = _place(transition.person, transition.segment, transition.incarnation, transition.sequence)
        self._contents[place] = _content(value)
        self.unmatched.add(place)

    def leave_out(self, record: dict[str, Any]) -> None:
        """Forget a transition that the replay yielded."""
        place = _place_of(record["data"])
        self._contents.pop(place, None)
        self.unmatched.discard(place)

    def add_published(self, record: dict[str, Any], value: bytes, settled_ms: int) -> None:
        """Judge a record of the topic. Not replayed and at or after ``settled_ms``: the lane was ahead by then."""
        place = _place_of(record["data"])
        content = self._contents.get(place)
        difference = self.difference
        if content is None:
            self._add_unexpected(record, settled_ms)
        elif place not in self.unmatched:
            difference.repeated += 1
            if content != _content(value):
                self._differing.setdefault(place, record)
        else:
            self.unmatched.discard(place)
            if content == _content(value):
                difference.same += 1
            else:
                self._differing[place] = record

    def _add_unexpected(self, record: dict[str, Any], settled_ms: int) -> None:
        difference = self.difference
        is_later = milliseconds(record) >= settled_ms
        examples = self._later if is_later else difference.unexpected_examples
        if len(examples) < EXAMPLES_MAX:
            examples.append(record)
        if is_later:
            difference.later += 1
        else:
            difference.unexpected += 1

    def later_is_unexpected(self) -> None:
        """The lane has not moved on, so nothing can be later."""
        difference = self.difference
        difference.unexpected += difference.later
        difference.later = 0
        difference.unexpected_examples.extend(self._later[: EXAMPLES_MAX - len(difference.unexpected_examples)])

    def finish(self, replayed: Iterable[bytes], waiting: Waiting) -> Difference:
        """Look the open cases up in what the replay wrote. ``waiting``: what the lane still has to publish."""
        difference = self.difference
        if not (self.unmatched or self._differing):
            return difference
        for record in map(json.loads, replayed):
            place = _place_of(record["data"])
            if place in self._differing:
                self._add_differing(record, self._differing[place])
            elif place not in self.unmatched:
                continue
            elif waiting.holds(record):
                difference.pending += 1
            else:
                difference.missing += 1
                if len(difference.missing_examples) < EXAMPLES_MAX:
                    difference.missing_examples.append(record)
        return difference

    def _add_differing(self, replayed: dict[str, Any], published: dict[str, Any]) -> None:
        """Bytes may differ where JSON does not: another version of Ebbtide wrote them."""
        difference = self.difference
        if replayed == published:
            difference.same += 1
            return
        difference.differing += 1
        if len(difference.differing_examples) < EXAMPLES_MAX:
            difference.differing_examples.append((replayed, published))


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a lane has yet to publish: ids in its outbox, the earliest time in its index of dues, whether it still brings people
    to newer definitions.
    """

    ids: frozenset[str] = frozenset()
    earliest_due_ms: int | None = None
    sweeping: bool = False

    def holds(self, record: dict[str, Any]) -> bool:
        """Whether the lane may still publish this transition."""
        cause = record["data"].get("cause", "merge")
        due = self.earliest_due_ms is not None and cause in ("time", "erasure") and self.earliest_due_ms <= milliseconds(record)
        return record["data"]["id"] in self.ids or due or (self.sweeping and cause in ("time", "definition"))


def milliseconds(record: dict[str, Any]) -> int:
    """A transition's timestamp, milliseconds since 1970 UTC."""
    moment = datetime.fromisoformat(record["timestamp"])
    return int(moment.replace(microsecond=0).timestamp()) * _MILLISECONDS + moment.microsecond // _MILLISECONDS


def _place_of(data: dict[str, Any]) -> bytes:
    """Of a transition's data, or of a ``person.merged``'s."""
    if "from" in data:
        return _place(data["from"], "", data["incarnation"], 0)
    return _place(data["person"], data["segment"], data["incarnation"], data["sequence"])


def _place(person: str, segment: str, incarnation: int, sequence: int) -> bytes:
    return blake2b(f"{person}\0{segment}\0{incarnation}\0{sequence}".encode(), digest_size=12).digest()


def _content(value: bytes) -> bytes:
    return blake2b(value, digest_size=8).digest()

"""What stands on the transitions topic against what must stand there."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

Record = dict[str, Any]
Place = tuple[str, str, int, int]


@dataclass(frozen=True)
class Difference:
    """All that is wrong with a transitions topic; ``repeated`` (records that stand again under one id) is allowed.

    ``differing``: expected and published at one place (person, segment, incarnation, sequence). ``two_ids``: places with
    more than one id. ``out_of_order``: records whose sequence is not greater than that of one before, repeats aside.
    """

    missing: list[Record] = field(default_factory=list)
    unexpected: list[Record] = field(default_factory=list)
    differing: list[tuple[Record, Record]] = field(default_factory=list)
    two_ids: list[tuple[Place, list[str]]] = field(default_factory=list)
    out_of_order: list[Record] = field(default_factory=list)
    repeated: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether the topic holds exactly what it must."""
        return not (self.missing or self.unexpected or self.differing or self.two_ids or self.out_of_order)

    def describe(self, most: int = 5) -> str:
        """The counts, and the first few of each kind, for the message of a failed test."""
        lines = []
        for name in ("missing", "unexpected", "differing", "two_ids", "out_of_order"):
            found = getattr(self, name)
            lines.append(f"{name}: {len(found)}")
            lines.extend(f"    {canonical(one)}" for one in found[:most])
        return "\n".join([*lines, f"repeated under one id (allowed): {self.repeated}"])


def compare(expected: list[Record], published: list[Record]) -> Difference:
    """Compare the transitions that must be with everything that was published, in the order of the topic per partition."""
    difference = Difference(repeated=_repeated(published))
    wanted = {_place(record): record for record in expected}
    at_place: dict[Place, list[Record]] = defaultdict(list)
    for record in published:
        at_place[_place(record)].append(record)
    difference.missing.extend(record for place, record in wanted.items() if place not in at_place)
    for place, records in at_place.items():
        ids = sorted({str(record["data"]["id"]) for record in records})
        if len(ids) > 1:
            difference.two_ids.append((place, ids))
        if place not in wanted:
            difference.unexpected.append(records[0])
            continue
        different = [record for record in records if canonical(record) != canonical(wanted[place])]
        difference.differing.extend((wanted[place], record) for record in different[:1])
    difference.out_of_order.extend(_out_of_order(published))
    return difference


def canonical(record: Any) -> str:
    """A JSON value as one text, in which 1, 1.0 and true differ and the order of keys does not matter."""
    return json.dumps(_writable(record), sort_keys=True, ensure_ascii=False)


def _writable(value: Any) -> Any:
    """The value with integers longer than Python writes (4300 digits) as hexadecimal text."""
    if isinstance(value, dict):
        return {key: _writable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_writable(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 10_000:
        return f"integer {value:x}"
    return value


def _place(record: Record) -> Place:
    data = record["data"]
    return (str(data["person"]), str(data.get("segment")), int(data.get("incarnation", 0)), int(data.get("sequence", 0)))


def _repeated(published: list[Record]) -> int:
    return len(published) - len({record["data"].get("id") for record in published})


def _out_of_order(published: list[Record]) -> list[Record]:
    latest: dict[tuple[str, str], tuple[int, int]] = {}
    seen: set[str] = set()
    wrong = []
    for record in published:
        person, segment, incarnation, sequence = _place(record)
        if record["data"]["id"] in seen:
            continue
        seen.add(record["data"]["id"])
        if (incarnation, sequence) <= latest.get((person, segment), (0, 0)):
            wrong.append(record)
        latest[person, segment] = max((incarnation, sequence), latest.get((person, segment), (0, 0)))
    return wrong

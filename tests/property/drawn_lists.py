"""Records of uploaded lists, drawn at random: of known people and strangers, of older and newer versions, and such as cannot be read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tests.oracle.classify import Raw
from tests.property.dice import Dice
from tests.property.drawn_language import LISTS

_STRANGERS = ("user:u90", "user:u91", "user:u92", "user:u93", "anon:a1", "wx:1:o2", "wx:o1")
_UNREADABLE: tuple[dict[str, Any], ...] = (
    {"id": "VIP"}, {"id": ""}, {"id": None}, {"id": "vip\n"}, {"version": 0}, {"version": -1}, {"version": 2**53}, {"version": 2**70},
    {"version": "1"}, {"version": True}, {"version": 1.5}, {"version": None}, {"add": None}, {"add": "user:u1"}, {"add": ["u1"]},
    {"add": ["user:"]}, {"remove": [":u1"]}, {"remove": [":"]}, {"remove": [7]}, {"add": [""]}, {"type": "$lists"}, {"type": None},
)  # fmt: skip


def list_record(dice: Dice, now: int, people: Sequence[str]) -> Raw:
    """A ``$list`` record; nearly always one that can be read."""
    known = [f"user:{person}" for person in people]
    body: dict[str, Any] = {"type": "$list", "id": dice.pick((*LISTS, "unread")), "version": dice.pick((1, 2, 2, 3, 3, 4, 2**53 - 1))}
    for key in dice.pick((("add",), ("add",), ("remove",), ("add", "remove"), ())):
        body[key] = [dice.pick(known) if dice.below(4) else dice.pick(_STRANGERS) for _ in range(dice.pick((1, 1, 1, 2, 3)))]
    if not dice.below(12):
        body |= dice.pick(_UNREADABLE)
    return Raw(0, now, dice.pick((None, known[0].encode())), json.dumps(body).encode(), [("ebbtide-internal", b"list")])

"""The mark by which a lane tells what a collector may have written twice: in a header of every record that a collector writes.

A collector takes a new name each time it starts, and numbers its records. What it spools, and writes to the log later, keeps the mark
under which it may be in the log already. Per partition a collector writes in order, so a lane that keeps the greatest number it has
seen of each name applies each record once, however late the second copy comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

HEADER: Final = "ebbtide-spool"
NAME_BYTES: Final = 8
NAMES_KEPT: Final = 64
"""How many names a lane remembers: those it has heard of last."""

_MARK_BYTES: Final = NAME_BYTES + 8

Marks = dict[bytes, int]
"""Name → greatest number, the name heard of last at the end."""


def pack_mark(name: bytes, number: int) -> bytes:
    """The header's value: the name, and the number in eight bytes, the highest first."""
    return name + number.to_bytes(8, "big")


def is_repeat(headers: Sequence[tuple[str, bytes]], marks: Marks) -> bool:
    """Whether a record has been taken before; if not, its mark is noted. A record without a readable mark never has."""
    for header, value in headers:
        if header == HEADER and len(value) == _MARK_BYTES:
            break
    else:
        return False
    name, number = value[:NAME_BYTES], int.from_bytes(value[NAME_BYTES:], "big")
    before = marks.pop(name, -1)
    marks[name] = max(before, number)
    if before < 0 and len(marks) > NAMES_KEPT:
        del marks[next(iter(marks))]
    return number <= before

"""What a replay must not say again: all that is of incarnations which the log erases."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from schemas.internal import HEADER
from stream.kafka.port import Record

_KINDS: Final = (b"erase", b"erased")


def erases(record: Record) -> bool:
    """Whether a record may erase somebody."""
    return any(name == HEADER and kind in _KINDS for name, kind in record.headers)


def is_erased(record: dict[str, Any], erased: Mapping[str, int]) -> bool:
    """Whether a transition, or a merge, is of somebody who was erased later. ``erased``: id → the lane's clock at its erasure."""
    data = record["data"]
    person = data["from"] if "from" in data else data["person"]
    return person in erased and data["incarnation"] <= erased[person]


def leave_out(file: Path, erased: Mapping[str, int], gone: Callable[[dict[str, Any]], None]) -> int:
    """Write the file of a replay anew without the erased; how many lines went. ``gone`` hears of each."""
    if not erased:
        return 0
    kept, left_out = file.with_suffix(".kept"), 0
    with file.open("rb") as lines, kept.open("wb") as out:
        for line in lines:
            record = json.loads(line)
            if is_erased(record, erased):
                gone(record)
                left_out += 1
            else:
                out.write(line)
    kept.replace(file)
    return left_out

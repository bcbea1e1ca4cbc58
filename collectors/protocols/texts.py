"""Numbers and sizes that stand in texts, as they do where all of an event is a query."""

from __future__ import annotations

import math
import re
from typing import Final

_SIZE: Final = re.compile(r"([0-9]{1,6})x([0-9]{1,6})\Z")


def number(text: str) -> float | int | str:
    """The number that a text says, else the text."""
    try:
        value = float(text)
    except ValueError:
        return text
    if not math.isfinite(value):
        return text
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def size(text: str) -> dict[str, int] | None:
    """``1280x720`` as width and height."""
    found = _SIZE.match(text)
    return {"width": int(found[1]), "height": int(found[2])} if found else None

"""Durations as people write them: one whole number and one unit, ``500ms 30s 5m 2h 7d 4w``. A day is 24 hours."""

from __future__ import annotations

import re
from typing import Final

UNITS_MS: Final[dict[str, int]] = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
DURATION_PATTERN: Final = r"^(0|[1-9][0-9]{0,14})(ms|s|m|h|d|w)$"
_DURATION: Final = re.compile(DURATION_PATTERN)


def parse_duration(text: str) -> int | None:
    """Whole milliseconds, or None if ``text`` is no duration."""
    match = _DURATION.fullmatch(text)
    return None if match is None else int(match[1]) * UNITS_MS[match[2]]


def format_duration(milliseconds: int) -> str:
    """The shortest text with the greatest unit that is exact; weeks are written as days."""
    for unit in ("d", "h", "m", "s"):
        if milliseconds and milliseconds % UNITS_MS[unit] == 0:
            return f"{milliseconds // UNITS_MS[unit]}{unit}"
    return f"{milliseconds}ms"

"""What a plain word of YAML 1.2 means: only ``true`` and ``false`` are booleans, and dates and times of day stay text."""

from __future__ import annotations

import math
import re
from typing import Final

from schemas.definitions.nodes import Unreadable

_WHOLE: Final = re.compile(r"[-+]?[0-9]+")
_LEADING_ZERO: Final = re.compile(r"[-+]?0[0-9]+")
_BASED: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FRACTION: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_MOST_DIGITS: Final = 1_000
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None, "~": None, "": None}

Plain = str | int | float | bool | Unreadable | None


def plain_value(text: str) -> Plain:
    """The value of an unquoted scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if _LEADING_ZERO.fullmatch(text):
        return Unreadable(f"{shorten(text)} with leading zeros", "quotes around a text, or a number without leading zeros")
    if _NOT_FINITE.fullmatch(text):
        return Unreadable(text, "a finite number")
    if _BASED.fullmatch(text):
        return int(text, 0) if len(text) <= _MOST_DIGITS else _too_long()
    return number_value(text) if _FRACTION.fullmatch(text) else readable(text)


def number_value(text: str) -> Plain:
    """The number that ``text`` writes: whole numbers are exact, others are IEEE doubles."""
    if _WHOLE.fullmatch(text):
        return int(text) if len(text) <= _MOST_DIGITS else _too_long()
    value = float(text)
    return value if math.isfinite(value) else Unreadable(shorten(text), "a number that fits an IEEE double")


def readable(text: str) -> str | Unreadable:
    """``text`` itself, if it can be written as UTF-8: an escape can make half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return Unreadable("half of a surrogate pair", "text that can be written as UTF-8")
    return text


def shorten(text: str) -> str:
    """At most 60 characters of ``text``, for a message."""
    return text if len(text) <= 60 else text[:59] + "…"


def _too_long() -> Unreadable:
    return Unreadable(f"a number of more than {_MOST_DIGITS} digits", "fewer digits")
